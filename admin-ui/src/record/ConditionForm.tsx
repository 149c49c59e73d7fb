/** A condition put together by hand (field, operator, value), handed over as text of the rule language. */
import { useState } from 'react';
import { Box, Button, MenuItem, Paper, TextField } from '@mui/material';
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { allFields, labelOf } from '../data/collection.ts';
import type { Operator } from '../fields/kind.ts';
import { kindOf } from '../fields/registry.ts';

export const conditionText = (field: FieldDef, operator: Operator, value: unknown): string => {
  if (operator === 'empty') return `${field.name} == null`;
  if (operator === 'present') return `${field.name} != null`;
  const literal = kindOf(field).literal(value);
  if (operator === 'contains' || operator === 'startsWith') return `${field.name}.${operator}(${literal})`;
  return `${field.name} ${operator} ${literal}`;
};

export const ConditionForm = ({ collection, onAdd }: { collection: CollectionInfo; onAdd: (condition: string) => void }) => {
  const t = useTranslate();
  const fields = allFields(collection).filter((field) => field.many !== true && field.secret !== true);
  const [name, setName] = useState(fields[0]?.name ?? 'id');
  const field = fields.find((one) => one.name === name) ?? fields[0];
  const [chosen, setChosen] = useState<Operator | null>(null);
  const [value, setValue] = useState<unknown>(null);
  const [problem, setProblem] = useState<string | null>(null);
  if (!field) return null;
  const { Editor, operators } = kindOf(field);
  const operator = chosen !== null && operators.includes(chosen) ? chosen : (operators[0] ?? 'empty');
  const unary = operator === 'empty' || operator === 'present';
  return (
    <Paper
      variant="outlined"
      component="form"
      aria-label={t('filter.addCondition')}
      sx={{ p: 1.5 }}
      onSubmit={(event) => {
        event.preventDefault();
        onAdd(conditionText(field, operator, value));
      }}
    >
      <Box sx={{ display: 'grid', gap: 1, gridTemplateColumns: { xs: '1fr', md: '1fr 1fr 2fr auto' }, alignItems: 'start' }}>
        <TextField
          select
          label={t('filter.field')}
          value={field.name}
          onChange={(event) => {
            setName(event.target.value);
            setValue(null);
            setProblem(null);
          }}
        >
          {fields.map((one) => (
            <MenuItem key={one.name} value={one.name}>
              {labelOf(one)}
            </MenuItem>
          ))}
        </TextField>
        <TextField
          select
          label={t('filter.operator')}
          value={operator}
          onChange={(event) => setChosen(operators.find((one) => one === event.target.value) ?? null)}
        >
          {operators.map((one) => (
            <MenuItem key={one} value={one}>
              {t(`operator.${one}`, { _: one })}
            </MenuItem>
          ))}
        </TextField>
        {unary ? (
          <span />
        ) : (
          <Editor
            key={field.name}
            label={t('filter.value')}
            field={field}
            value={value}
            onChange={setValue}
            onProblem={setProblem}
            error={problem ?? undefined}
          />
        )}
        <Button
          type="submit"
          variant="contained"
          sx={{ height: 40 }}
          disabled={!unary && (problem !== null || (value === null && field.type !== 'bool'))}
        >
          {t('filter.add')}
        </Button>
      </Box>
    </Paper>
  );
};
