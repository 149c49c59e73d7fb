/** One field in the list of fields: choose it, move it, remove it. */
import ArrowDownward from '@mui/icons-material/ArrowDownward';
import ArrowUpward from '@mui/icons-material/ArrowUpward';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import { Box, ButtonBase, Chip, IconButton, Typography } from '@mui/material';
import type { FieldDef } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';

interface FieldRowProps {
  readonly def: FieldDef;
  readonly selected: boolean;
  readonly faulty: boolean;
  readonly first: boolean;
  readonly last: boolean;
  readonly onSelect: () => void;
  readonly onMove: (by: 1 | -1) => void;
  readonly onRemove: () => void;
}

export const FieldRow = ({ def, selected, faulty, first, last, onSelect, onMove, onRemove }: FieldRowProps) => {
  const t = useTranslate();
  const field = def.name || t('schema.unnamed');
  const border = faulty ? 'error.main' : selected ? 'primary.main' : 'divider';
  return (
    <Box
      component="li"
      sx={{ display: 'flex', alignItems: 'center', border: 1, borderColor: border, borderRadius: 2, bgcolor: 'background.paper' }}
    >
      <ButtonBase
        onClick={onSelect}
        aria-pressed={selected}
        aria-label={t('schema.editField', { field })}
        sx={{
          flex: 1,
          minWidth: 0,
          justifyContent: 'flex-start',
          gap: 1,
          px: 1.5,
          py: 0.5,
          minHeight: 44,
          borderRadius: 2,
          flexWrap: 'wrap',
        }}
      >
        <Typography component="span" noWrap sx={{ fontWeight: selected ? 600 : 400, fontStyle: def.name ? 'normal' : 'italic' }}>
          {field}
        </Typography>
        <Chip size="small" variant="outlined" label={t(`type.${def.type}`, { _: def.type })} />
        {def.required === true ? <Chip size="small" variant="outlined" color="primary" label={t('setting.required')} /> : null}
      </ButtonBase>
      <IconButton size="small" disabled={first} aria-label={t('schema.moveUp', { field })} onClick={() => onMove(-1)}>
        <ArrowUpward fontSize="small" />
      </IconButton>
      <IconButton size="small" disabled={last} aria-label={t('schema.moveDown', { field })} onClick={() => onMove(1)}>
        <ArrowDownward fontSize="small" />
      </IconButton>
      <IconButton size="small" aria-label={t('schema.removeField', { field })} onClick={onRemove}>
        <DeleteIcon fontSize="small" />
      </IconButton>
    </Box>
  );
};
