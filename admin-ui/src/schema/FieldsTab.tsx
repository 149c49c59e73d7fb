/** The fields of a collection: their order on the left, the settings of the chosen one on the right. */
import { useState } from 'react';
import { Box, Typography } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { useFieldTypes } from '../data/schema-store.ts';
import { moved } from '../ui/moved.ts';
import { useOwners } from '../rules/use-owners.ts';
import { AddFieldButton } from './AddFieldButton.tsx';
import { newField, newKey, type DraftField } from './draft.ts';
import { FieldPanel } from './FieldPanel.tsx';
import { FieldRow } from './FieldRow.tsx';
import { FieldTable } from './FieldTable.tsx';
import { HistorySetting } from './HistorySetting.tsx';
import type { CollectionDraft } from './use-collection-draft.ts';

export const FieldsTab = ({ collection, state }: { collection: CollectionInfo | null; state: CollectionDraft }) => {
  const t = useTranslate();
  const types = useFieldTypes();
  const { draft, errors, change } = state;
  const owners = useOwners(collection, draft);
  const [chosen, setChosen] = useState<string | null>(draft.fields[0]?.key ?? null);
  const setFields = (fields: readonly DraftField[], touched = '/fields') => change({ ...draft, fields }, touched);
  const index = draft.fields.findIndex((field) => field.key === chosen);
  // A new field gets another key when it is saved, and one that is removed leaves its place to the next: the place stays chosen.
  const [place, setPlace] = useState(0);
  if (index !== -1 && index !== place) setPlace(index);
  const at = index === -1 ? Math.max(0, Math.min(place, draft.fields.length - 1)) : index;
  const current = draft.fields[at];

  const add = (type: string) => {
    const key = newKey();
    setFields([...draft.fields, { key, def: newField(type) }]);
    setChosen(key);
  };
  return (
    <>
      <Box
        sx={{
          display: 'grid',
          gap: 2,
          gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: 'minmax(260px, 1fr) minmax(0, 2fr)' },
          alignItems: 'start',
        }}
      >
        <Box>
          <Box component="ul" aria-label={t('tabs.fields')} sx={{ listStyle: 'none', m: 0, mb: 1.5, p: 0, display: 'grid', gap: 0.5 }}>
            {draft.fields.map((field, position) => (
              <FieldRow
                key={field.key}
                def={field.def}
                selected={field.key === current?.key}
                faulty={errors.some((error) => error.pointer === `/fields/${position}` || error.pointer.startsWith(`/fields/${position}/`))}
                first={position === 0}
                last={position === draft.fields.length - 1}
                onSelect={() => setChosen(field.key)}
                onMove={(by) => setFields(moved(draft.fields, position, position + by))}
                onRemove={() => setFields(draft.fields.filter((one) => one.key !== field.key))}
              />
            ))}
          </Box>
          {draft.fields.length === 0 ? <Typography sx={{ mb: 1.5 }}>{t('schema.noFields')}</Typography> : null}
          <AddFieldButton types={types} onAdd={add} />
        </Box>
        {current ? (
          <FieldPanel
            key={current.key}
            def={current.def}
            saved={collection?.fields.find((field) => field.id !== undefined && field.id === current.def.id)}
            types={types}
            owners={owners}
            errors={errors}
            pointer={`/fields/${at}`}
            onChange={(def, touched) =>
              setFields(
                draft.fields.map((field) => (field.key === current.key ? { ...field, def } : field)),
                `/fields/${at}/${touched}`,
              )
            }
          />
        ) : null}
      </Box>
      <HistorySetting state={state} />
      {collection ? <FieldTable title={t('schema.systemFields')} fields={collection.systemFields} /> : null}
    </>
  );
};
