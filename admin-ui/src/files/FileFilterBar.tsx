/** Which files are shown, in which order, and how. */
import GridIcon from '@mui/icons-material/GridViewOutlined';
import LinesIcon from '@mui/icons-material/ViewListOutlined';
import { Box, MenuItem, TextField, ToggleButton, ToggleButtonGroup } from '@mui/material';
import type { FilesSummary } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { FILE_KINDS } from '../data/files.ts';
import { SORTS, STATES, type FileFilters } from './query.ts';

export type Look = 'grid' | 'lines';
type Option = readonly [value: string, text: string];

interface FileFilterBarProps {
  readonly filters: FileFilters;
  /** Fields that have files. */
  readonly places: FilesSummary['fields'];
  readonly look: Look;
  readonly onSet: (key: keyof FileFilters, value: string) => void;
  readonly onLook: (look: Look) => void;
}

export const FileFilterBar = ({ filters, places, look, onSet, onLook }: FileFilterBarProps) => {
  const t = useTranslate();
  const collections = [...new Set(places.map(({ collection }) => collection))].sort();
  const placeOptions = collections.flatMap((collection): readonly Option[] => {
    const own = places.filter((one) => one.collection === collection).map(({ field }) => `${collection}.${field}`);
    const fields = own.map((name): Option => [name, name]);
    return own.length > 1 ? [[collection, t('files.allOf', { collection })], ...fields] : fields;
  });
  // What the address names is shown, also where no file is left in it.
  const isKnown = filters.place === '' || placeOptions.some(([value]) => value === filters.place);
  const select = (key: 'place' | 'kind' | 'state' | 'sort', options: readonly Option[]) => (
    <TextField
      select
      label={t(`files.${key}`)}
      value={filters[key]}
      onChange={(event) => onSet(key, event.target.value)}
      slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
    >
      {options.map(([value, text]) => (
        <MenuItem key={value} value={value}>
          {text}
        </MenuItem>
      ))}
    </TextField>
  );
  return (
    <Box
      role="search"
      sx={{
        display: 'grid',
        columnGap: 1,
        rowGap: 1.5,
        mb: 2,
        gridTemplateColumns: { xs: '1fr 1fr', md: 'minmax(160px, 2fr) repeat(4, minmax(0, 1fr)) auto' },
      }}
    >
      <TextField
        type="search"
        label={t('files.name')}
        value={filters.name}
        onChange={(event) => onSet('name', event.target.value)}
        sx={{ gridColumn: { xs: '1 / -1', md: 'auto' } }}
      />
      {select('place', [['', t('files.anyPlace')], ...placeOptions, ...(isKnown ? [] : [[filters.place, filters.place] as const])])}
      {select('kind', [['', t('files.anyKind')], ...FILE_KINDS.map((kind): Option => [kind, t(`kind.${kind}`)])])}
      {select('state', [['', t('files.anyState')], ...STATES.map((state): Option => [state, t(`state.${state}`)])])}
      {select(
        'sort',
        Object.keys(SORTS).map((sort): Option => [sort, t(`order.${sort}`)]),
      )}
      <ToggleButtonGroup
        exclusive
        value={look}
        aria-label={t('files.look')}
        onChange={(_event, next: Look | null) => next !== null && onLook(next)}
        sx={{ height: 40, gridColumn: { xs: '1 / -1', md: 'auto' } }}
      >
        <ToggleButton value="grid" aria-label={t('files.grid')} title={t('files.grid')}>
          <GridIcon fontSize="small" />
        </ToggleButton>
        <ToggleButton value="lines" aria-label={t('files.lines')} title={t('files.lines')}>
          <LinesIcon fontSize="small" />
        </ToggleButton>
      </ToggleButtonGroup>
    </Box>
  );
};
