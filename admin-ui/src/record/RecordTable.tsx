/** The table of a list: one column a field, the first eight shown, the others a click away. */
import { useMemo } from 'react';
import { Box, Link as TextLink } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { BulkDeleteWithConfirmButton, DataTable, type RaRecord } from 'react-admin';
import { Link } from 'react-router-dom';
import { columnsOf, displayField, displayOf, FIRST_COLUMNS, isSystem, labelOf } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';
import { kindOf } from '../fields/registry.ts';
import { flash } from '../ui/flash.ts';

const UNSORTED = new Set(['json', 'richtext', 'file', 'geo', 'roles']);
/** react-admin slides the bar over what stands above the table, which here is the filter; it gets a place of its own. */
const BULK_BAR = {
  '&& .RaBulkActionsToolbar-toolbar': { position: 'relative', transform: 'none' },
  '&& .RaBulkActionsToolbar-collapsed': { display: 'none' },
} as const;
const ONE_LINE = { maxWidth: 320, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;

interface RecordTableProps {
  readonly collection: CollectionInfo;
  readonly flashing: ReadonlySet<string>;
}
export const RecordTable = ({ collection, flashing }: RecordTableProps) => {
  const collections = useCollections();
  const named = displayField(collection);
  const columns = useMemo(() => {
    const fields = columnsOf(collection);
    return named === 'id' ? [{ name: 'id', type: 'id' }, ...fields] : fields;
  }, [collection, named]);
  const hidden = useMemo(
    () =>
      columns
        .slice(FIRST_COLUMNS)
        .map((field) => field.name)
        .filter((name) => name !== 'created'),
    [columns],
  );
  return (
    <DataTable
      rowClick="edit"
      hiddenColumns={hidden}
      rowSx={(record: RaRecord) => (flashing.has(String(record.id)) ? flash : {})}
      bulkActionButtons={isSystem(collection) ? false : <BulkDeleteWithConfirmButton mutationMode="pessimistic" />}
      sx={{ '& .RaDataTable-tableWrapper': { overflowX: 'auto' }, ...BULK_BAR }}
    >
      {columns.map((field) => {
        const { Cell, align } = kindOf(field);
        const target = collections.find((one) => one.name === field.to);
        return (
          <DataTable.Col
            key={field.name}
            source={field.name}
            align={align ?? 'left'}
            label={labelOf(field)}
            disableSort={UNSORTED.has(field.type) || field.many === true}
            render={(record: RaRecord) => (
              <Box sx={align ? { ...ONE_LINE, fontVariantNumeric: 'tabular-nums' } : ONE_LINE}>
                {field.name === named ? (
                  <OpenLink collection={collection} record={record} />
                ) : (
                  <Cell value={record[field.name]} field={field} record={record} target={target} />
                )}
              </Box>
            )}
          />
        );
      })}
    </DataTable>
  );
};

/** A row opens on a click anywhere; this is the way for the keyboard, and for opening it in another tab. */
const OpenLink = ({ collection, record }: { collection: CollectionInfo; record: RaRecord }) => (
  <TextLink
    component={Link}
    to={`/${collection.name}/${encodeURIComponent(String(record.id))}`}
    underline="hover"
    onClick={(event) => event.stopPropagation()}
    sx={{ color: 'text.primary', fontWeight: 500 }}
  >
    {displayOf(collection, record)}
  </TextLink>
);
