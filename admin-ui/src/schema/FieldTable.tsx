/** Fields that are only to be read: those of the system. */
import { Paper, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import type { FieldDef } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';

export const FieldTable = ({ title, fields }: { title: string; fields: readonly FieldDef[] }) => {
  const t = useTranslate();
  return (
    <Paper variant="outlined" sx={{ mt: 3, overflowX: 'auto' }}>
      <Typography variant="h2" sx={{ p: 2, pb: 1 }}>
        {title}
      </Typography>
      <Table size="small" aria-label={title}>
        <TableHead>
          <TableRow>
            <TableCell>{t('schema.fieldName')}</TableCell>
            <TableCell>{t('schema.type')}</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {fields.map((field) => (
            <TableRow key={field.name}>
              <TableCell component="th" scope="row">
                {field.name}
              </TableCell>
              <TableCell>{t(`type.${field.type}`, { _: field.type })}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Paper>
  );
};
