/** A relation to one record, chosen by typing a part of its name. */
import { useState } from 'react';
import { Autocomplete, TextField } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useCollection } from '../data/schema-store.ts';
import { useSettled } from '../ui/use-settled.ts';
import type { EditorProps } from './kind.ts';
import { useChoiceList } from './relation-choice.ts';
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
  const [typed, setTyped] = useState('');
  const [open, setOpen] = useState(false);
  const id = typeof props.value === 'string' ? props.value : null;
  const chosen = useChosen(target, id);
  const found = useChoices(target, useSettled(typed), open);
  const known = chosen.data?.id === id ? chosen.data : found.data?.data.find((row) => row.id === id);
  const value: Row | null = id === null ? null : (known ?? { id });
  const inner = frame(props);
  const list = useChoiceList({ target, label: props.label, disabled: props.disabled, found, setOpen });
  return (
    <Autocomplete<Row>
      value={value}
      open={open}
      {...list}
      onInputChange={(_event, text, reason) => setTyped(reason === 'input' ? text.trim() : '')}
      onChange={(_event, row) => props.onChange(row?.id ?? null)}
      onBlur={props.onBlur}
      renderOption={({ key, ...item }, row) => <RelationOption key={key} item={item} target={target} row={row} />}
      renderInput={(params) => <TextField {...params} label={inner.label} error={inner.error} helperText={inner.helperText} />}
    />
  );
};
