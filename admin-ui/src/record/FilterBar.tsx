/** Filtering: one line in the rule language, and a small form that writes into it. */
import { useState } from 'react';
import FilterListIcon from '@mui/icons-material/FilterList';
import { Box, Button, TextField, Typography } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useListContext, useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { ApiFailure } from '../data/client.ts';
import { ConditionForm } from './ConditionForm.tsx';

const FAULTS = new Set(['invalid_filter', 'unknown_field']);
/** The server could not make sense of the filter: that is said under the filter, not in place of the list. */
export const isFilterFault = (error: unknown): error is ApiFailure =>
  error instanceof ApiFailure && error.status === 400 && FAULTS.has(error.code) && error.errors.every((one) => one.pointer === '/filter');

export const FilterBar = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  const { filterValues, setFilters, error } = useListContext();
  const applied = typeof filterValues?.['filter'] === 'string' ? filterValues['filter'] : '';
  const [text, setText] = useState(applied);
  const [last, setLast] = useState(applied);
  const [adding, setAdding] = useState(false);
  if (applied !== last) {
    setLast(applied);
    setText(applied);
  }
  const apply = (filter: string) => {
    setText(filter);
    setFilters(filter.trim() === '' ? {} : { filter: filter.trim() }, {}, false);
  };
  const fault = isFilterFault(error) ? error : null;
  return (
    <Box sx={{ mb: 2, display: 'grid', gap: 1.5 }}>
      <Box
        component="form"
        role="search"
        sx={{ display: 'flex', flexWrap: 'wrap', gap: 1, alignItems: 'flex-start' }}
        onSubmit={(event) => {
          event.preventDefault();
          apply(text);
        }}
      >
        <TextField
          label={t('filter.label')}
          placeholder={t('filter.example')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={fault !== null}
          helperText={fault ? <FaultText fault={fault} /> : undefined}
          sx={{ flex: '1 1 240px' }}
          slotProps={{
            htmlInput: { spellCheck: false, autoCapitalize: 'none', autoCorrect: 'off', style: { fontFamily: MONO, fontSize: 14 } },
          }}
        />
        <Button type="submit" variant="outlined" sx={{ height: 40 }}>
          {t('filter.apply')}
        </Button>
        {applied !== '' ? (
          <Button onClick={() => apply('')} sx={{ height: 40 }}>
            {t('filter.clear')}
          </Button>
        ) : null}
        <Button startIcon={<FilterListIcon />} aria-expanded={adding} onClick={() => setAdding(!adding)} sx={{ height: 40 }}>
          {t('filter.addCondition')}
        </Button>
      </Box>
      {adding ? (
        <ConditionForm
          collection={collection}
          onAdd={(condition) => {
            apply(text.trim() === '' ? condition : `${text.trim()} && ${condition}`);
            setAdding(false);
          }}
        />
      ) : null}
    </Box>
  );
};

const FaultText = ({ fault }: { fault: ApiFailure }) => {
  const messages =
    fault.errors.length > 0 ? fault.errors.map((error) => (error.hint ? `${error.message} ${error.hint}` : error.message)) : [fault.detail];
  return (
    <>
      {messages.map((message) => (
        <Typography key={message} component="span" variant="caption" sx={{ display: 'block' }}>
          {message}
        </Typography>
      ))}
    </>
  );
};
