/** A relation to one record, chosen by typing a part of its name. */
import { useState } from 'react';
import { Autocomplete, TextField } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { displayOf } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';
import { useSettled } from '../ui/use-settled.ts';
import type { EditorProps } from './kind.ts';
import { RelationOption } from './RelationOption.tsx';
import { useChoices, useChosen, type Row } from './relation-search.ts';
import { frame, JsonEditor } from './TextEditors.tsx';
import { ToManyEditor } from './ToManyEditor.tsx';

export const RelationEditor = (props: EditorProps) => {
  const target = useCollection(props.field.to);
  if (target === undefined) return <JsonEditor {...props} />;
  return props.field.many === true ? <ToManyEditor {...props} target={target} /> : <ToOne {...props} target={target} />;
};

const ToOne = ({ target, ...props }: EditorProps & { target: CollectionInfo }) => {
  const t = useTranslate();
  const [typed, setTyped] = useState('');
  const [open, setOpen] = useState(false);
  const id = typeof props.value === 'string' ? props.value : null;
  const chosen = useChosen(target, id);
  const found = useChoices(target, useSettled(typed), open);
  const known = chosen.data?.id === id ? chosen.data : found.data?.data.find((row) => row.id === id);
  const value: Row | null = id === null ? null : (known ?? { id });
  const inner = frame(props);
  return (
    <Autocomplete<Row>
      value={value}
      open={open}
      onOpen={() => setOpen(true)}
      onClose={() => setOpen(false)}
      disabled={props.disabled === true}
      options={[...(found.data?.data ?? [])]}
      loading={found.isFetching}
      loadingText={t('app.loading')}
      noOptionsText={found.isError ? found.error.message : t('field.noMatch')}
      openText={t('field.open', { field: props.label })}
      clearText={t('field.clear', { field: props.label })}
      closeText={t('field.close', { field: props.label })}
      // The server has searched already.
      filterOptions={(rows) => rows}
      getOptionKey={(row) => row.id}
      getOptionLabel={(row) => displayOf(target, row)}
      isOptionEqualToValue={(a, b) => a.id === b.id}
      onInputChange={(_event, text, reason) => setTyped(reason === 'input' ? text.trim() : '')}
      onChange={(_event, row) => props.onChange(row?.id ?? null)}
      onBlur={props.onBlur}
      renderOption={({ key, ...item }, row) => <RelationOption key={key} item={item} target={target} row={row} />}
      renderInput={(params) => <TextField {...params} label={inner.label} error={inner.error} helperText={inner.helperText} />}
    />
  );
};
