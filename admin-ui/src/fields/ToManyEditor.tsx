/** A relation to many records: chips in the order of the list, chosen by typing a part of their names. */
import { useState } from 'react';
import { Autocomplete, Chip, TextField } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { displayOf } from '../data/collection.ts';
import { useSettled } from '../ui/use-settled.ts';
import type { EditorProps } from './kind.ts';
import { useChoiceList } from './relation-choice.ts';
import { RelationOption } from './RelationOption.tsx';
import { useAllChosen, useChoices, type Row } from './relation-search.ts';
import { frame } from './TextEditors.tsx';

export const ToManyEditor = ({ target, ...props }: EditorProps & { target: CollectionInfo }) => {
  const [typed, setTyped] = useState('');
  const [open, setOpen] = useState(false);
  /** Rows that were picked: known at once, before anybody asks the server for them. */
  const [picked, setPicked] = useState<readonly Row[]>([]);
  const ids = Array.isArray(props.value) ? props.value.map(String) : [];
  const chosen = useAllChosen(target, ids);
  const found = useChoices(target, useSettled(typed), open);
  const known = new Map([...picked, ...(chosen.data?.data ?? [])].map((row) => [row.id, row]));
  const value = ids.map((id): Row => known.get(id) ?? { id });
  const inner = frame(props);
  const list = useChoiceList({ target, label: props.label, disabled: props.disabled, found, setOpen });
  return (
    <Autocomplete<Row, true>
      multiple
      disableCloseOnSelect
      filterSelectedOptions
      value={value}
      inputValue={typed}
      open={open}
      {...list}
      onInputChange={(_event, text, reason) => setTyped(reason === 'input' ? text : '')}
      onChange={(_event, rows) => {
        setPicked(rows);
        props.onChange(rows.map((row) => row.id));
      }}
      onBlur={props.onBlur}
      renderOption={({ key, ...item }, row) => <RelationOption key={key} item={item} target={target} row={row} />}
      renderValue={(rows, itemProps) =>
        rows.map((row, index) => {
          const { key, ...item } = itemProps({ index });
          return <Chip key={key} size="small" {...item} label={`${index + 1}. ${displayOf(target, row)}`} />;
        })
      }
      renderInput={(params) => <TextField {...params} label={inner.label} error={inner.error} helperText={inner.helperText} />}
    />
  );
};
