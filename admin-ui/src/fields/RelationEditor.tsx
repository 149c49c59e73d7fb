/** A relation to one record, chosen by typing a part of its name. */
import { useState } from 'react';
import { Autocomplete, TextField, Typography } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import type { CollectionInfo, FieldDef, Page } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { request } from '../data/client.ts';
import { displayFields, displayOf } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';
import { useSettled } from '../ui/use-settled.ts';
import type { EditorProps } from './kind.ts';
import { frame, JsonEditor } from './TextEditors.tsx';

interface Row extends Readonly<Record<string, unknown>> {
  readonly id: string;
}
const CHOICES = 20;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TEXTS = new Set(['text', 'email', 'url', 'richtext']);

/** By a part of any of the texts that name a record, whatever the case, or by its whole id. */
const search = (target: CollectionInfo, typed: string, signal: AbortSignal): Promise<Page<Row>> => {
  const fields: readonly FieldDef[] = [...target.fields, ...target.systemFields];
  const names = displayFields(target).filter((name) => fields.some((field) => field.name === name && TEXTS.has(field.type)));
  const conditions = ID.test(typed) ? ['id == $q'] : names.map((name) => `${name}.lowerAscii().contains($q)`);
  const query = typed !== '' && conditions.length > 0 ? { filter: conditions.join(' || '), 'p.q': typed.toLowerCase() } : {};
  return request('GET', `/records/${target.name}`, { query: { ...query, sort: names[0] ?? '-created', limit: CHOICES }, signal });
};

export const RelationEditor = (props: EditorProps) => {
  const target = useCollection(props.field.to);
  if (props.field.many === true || target === undefined) return <JsonEditor {...props} />;
  return <ToOne {...props} target={target} />;
};

const ToOne = ({ target, ...props }: EditorProps & { target: CollectionInfo }) => {
  const t = useTranslate();
  const [typed, setTyped] = useState('');
  const settled = useSettled(typed);
  const [open, setOpen] = useState(false);
  const id = typeof props.value === 'string' ? props.value : null;
  const chosen = useQuery({
    queryKey: [target.name, 'getOne', 'chosen', id],
    queryFn: ({ signal }) => request<Row>('GET', `/records/${target.name}/${id}`, { signal }),
    enabled: id !== null,
    staleTime: 30_000,
  });
  const found = useQuery({
    queryKey: [target.name, 'getList', 'choices', settled],
    queryFn: ({ signal }) => search(target, settled, signal),
    enabled: open,
    placeholderData: (previous) => previous,
  });
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
      renderOption={({ key, ...item }, row) => (
        <li key={key} {...item}>
          <span>
            {displayOf(target, row)}
            <Typography component="span" variant="body2" sx={{ color: 'text.secondary', display: 'block' }}>
              {row.id}
            </Typography>
          </span>
        </li>
      )}
      renderInput={(params) => <TextField {...params} label={inner.label} error={inner.error} helperText={inner.helperText} />}
    />
  );
};
