/** The list on a phone: what the record is called, two more of its fields, and when it was made. */
import { Box } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { SimpleList, type RaRecord } from 'react-admin';
import { columnsOf, displayField, displayOf, labelOf } from '../data/collection.ts';
import { filesOf } from '../data/files.ts';
import { useCollections } from '../data/schema-store.ts';
import { showDate } from '../fields/dates.ts';
import { kindOf } from '../fields/registry.ts';
import { flash } from '../ui/flash.ts';

const MORE_FIELDS = 2;

interface RecordCardsProps {
  readonly collection: CollectionInfo;
  readonly flashing: ReadonlySet<string>;
}
export const RecordCards = ({ collection, flashing }: RecordCardsProps) => (
  <SimpleList
    linkType="edit"
    rowSx={(record: RaRecord) => (flashing.has(String(record.id)) ? flash : {})}
    primaryText={(record: RaRecord) => displayOf(collection, record)}
    secondaryText={(record: RaRecord) => <More collection={collection} record={record} />}
    tertiaryText={(record: RaRecord) => showDate(record['created'])}
    sx={{ '& .MuiListItemText-root': { overflowWrap: 'anywhere' } }}
  />
);

const More = ({ collection, record }: { collection: CollectionInfo; record: RaRecord }) => {
  const collections = useCollections();
  const named = displayField(collection);
  // A link inside a card that is itself a link would be no valid page: relations are left to the record's own page.
  const fields = columnsOf(collection).filter(
    (field) =>
      field.name !== named &&
      field.name !== 'created' &&
      !['relation', 'url', 'json'].includes(field.type) &&
      record[field.name] !== null &&
      record[field.name] !== undefined &&
      record[field.name] !== '' &&
      !(field.type === 'file' && filesOf(record[field.name]).length === 0),
  );
  return (
    <>
      {fields.slice(0, MORE_FIELDS).map((field) => {
        const { Cell } = kindOf(field);
        return (
          <Box component="span" key={field.name} sx={{ display: 'block' }}>
            {labelOf(field)}:{' '}
            <Cell value={record[field.name]} field={field} record={record} target={collections.find((one) => one.name === field.to)} />
          </Box>
        );
      })}
    </>
  );
};
