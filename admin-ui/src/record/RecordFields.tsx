/** The inputs of a record, in the order of the schema. */
import { Box } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { ownFields } from '../data/collection.ts';
import { FieldInput } from '../fields/FieldInput.tsx';
import { isComputed } from '../fields/registry.ts';

export const RecordFields = ({ collection, create, readOnly }: { collection: CollectionInfo; create: boolean; readOnly: boolean }) => (
  <Box sx={{ display: 'grid', gap: 2.5 }}>
    {ownFields(collection)
      .filter((field) => !(create && isComputed(field)))
      .map((field) => (
        <FieldInput key={field.id ?? field.name} field={field} create={create} readOnly={readOnly} />
      ))}
  </Box>
);
