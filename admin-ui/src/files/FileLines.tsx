/** Files as lines of a table. */
import { Box, Link as TextLink, Paper, Table, TableBody, TableCell, TableHead, TableRow } from '@mui/material';
import { useTranslate } from 'react-admin';
import { showSize } from '../data/bytes.ts';
import { showDate } from '../fields/dates.ts';
import { FilePicture } from '../fields/file/FilePicture.tsx';
import { picturedOf, type FileRow } from './query.ts';
import { StateChip } from './StateChip.tsx';
import { useThumbs } from './use-thumbs.ts';

const SIDE = 32;
const SLIM = { display: { xs: 'none', md: 'table-cell' } } as const;

export const FileLines = ({ rows, onOpen }: { readonly rows: readonly FileRow[]; readonly onOpen: (row: FileRow) => void }) => {
  const t = useTranslate();
  const thumbs = useThumbs();
  return (
    <Paper variant="outlined" sx={{ overflowX: 'auto' }}>
      <Table size="small" aria-label={t('files.title')} sx={{ tableLayout: { xs: 'fixed', md: 'auto' } }}>
        <TableHead>
          <TableRow>
            <TableCell>{t('files.name')}</TableCell>
            <TableCell sx={SLIM}>{t('files.place')}</TableCell>
            <TableCell align="right" sx={{ width: { xs: 92, md: 'auto' } }}>
              {t('files.size')}
            </TableCell>
            <TableCell sx={SLIM}>{t('files.state')}</TableCell>
            <TableCell sx={SLIM}>{t('files.created')}</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={row.id} hover onClick={() => onOpen(row)} sx={{ cursor: 'pointer' }}>
              <TableCell>
                <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, minWidth: 0 }}>
                  <FilePicture
                    file={picturedOf(row)}
                    thumbs={thumbs(row.collection_name, row.field_name)}
                    width={SIDE}
                    height={SIDE}
                    pixels={SIDE}
                  />
                  <Box sx={{ minWidth: 0 }}>
                    <TextLink
                      component="button"
                      type="button"
                      underline="hover"
                      sx={{ color: 'text.primary', textAlign: 'left', overflowWrap: 'anywhere' }}
                      onClick={(event) => {
                        event.stopPropagation();
                        onOpen(row);
                      }}
                    >
                      {row.name}
                    </TextLink>
                    {row.state === 'attached' ? null : (
                      <Box sx={{ display: { md: 'none' }, mt: 0.5 }}>
                        <StateChip state={row.state} />
                      </Box>
                    )}
                  </Box>
                </Box>
              </TableCell>
              <TableCell sx={SLIM}>{row.field_name === null ? '' : `${row.collection_name}.${row.field_name}`}</TableCell>
              <TableCell align="right" sx={{ whiteSpace: 'nowrap' }}>
                {showSize(row.size)}
              </TableCell>
              <TableCell sx={SLIM}>
                <StateChip state={row.state} />
              </TableCell>
              <TableCell sx={{ ...SLIM, whiteSpace: 'nowrap' }}>{showDate(row.created)}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Paper>
  );
};
