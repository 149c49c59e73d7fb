/** The expectations that were put together: run all of them, see which hold, take them away as a file, read one. */
import { useRef } from 'react';
import CheckIcon from '@mui/icons-material/CheckCircleOutlined';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import CrossIcon from '@mui/icons-material/HighlightOffOutlined';
import OpenIcon from '@mui/icons-material/RadioButtonUncheckedOutlined';
import { Alert, Box, Button, IconButton, Typography } from '@mui/material';
import { useNotify, useTranslate } from 'react-admin';
import type { RuleTestResult } from '@underpin/sdk/wire';
import { FILE_NAME, fromFile, toFile } from './expectation-file.ts';
import type { ExpectationState } from './use-expectations.ts';

export const Expectations = ({ state }: { state: ExpectationState }) => {
  const t = useTranslate();
  const { all, results } = state;
  const held = [...results.values()].filter(({ ok }) => ok).length;
  return (
    <Box component="section" aria-label={t('expect.title')} sx={{ display: 'grid', gap: 1, borderTop: 1, borderColor: 'divider', pt: 2 }}>
      <Typography variant="h3">{t('expect.title')}</Typography>
      <Typography sx={{ color: 'text.secondary' }}>{t('expect.note')}</Typography>
      {all.length > 0 ? (
        <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
          {all.map(({ name }) => (
            <Row key={name} name={name} result={results.get(name)} onRemove={() => state.remove(name)} />
          ))}
        </Box>
      ) : null}
      {results.size > 0 ? (
        <Alert severity={held === results.size ? 'success' : 'error'}>{t('expect.held', { held, all: results.size })}</Alert>
      ) : null}
      {state.error ? <Alert severity="error">{state.error.message}</Alert> : null}
      <Actions state={state} />
    </Box>
  );
};

const Row = ({ name, result, onRemove }: { name: string; result: RuleTestResult | undefined; onRemove: () => void }) => {
  const t = useTranslate();
  const [Icon, color, says] = result
    ? result.ok
      ? ([CheckIcon, 'success', 'expect.ok'] as const)
      : ([CrossIcon, 'error', 'expect.broken'] as const)
    : ([OpenIcon, 'disabled', 'expect.open'] as const);
  const detail = result && !result.ok ? [result.status, result.code, result.detail].filter((part) => part !== undefined).join(' · ') : '';
  return (
    <Box component="li" sx={{ display: 'flex', gap: 1, alignItems: 'center' }}>
      <Icon fontSize="small" color={color} titleAccess={t(says)} />
      <Box sx={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
        {name}
        {detail === '' ? null : (
          <Typography variant="body2" color="error">
            {detail}
          </Typography>
        )}
      </Box>
      <IconButton aria-label={t('expect.remove', { name })} onClick={onRemove}>
        <DeleteIcon fontSize="small" />
      </IconButton>
    </Box>
  );
};

const Actions = ({ state: { all, busy, run, replace } }: { state: ExpectationState }) => {
  const t = useTranslate();
  const notify = useNotify();
  const input = useRef<HTMLInputElement>(null);
  const copy = () =>
    navigator.clipboard.writeText(toFile(all)).then(
      () => notify('copy.done', { type: 'info' }),
      () => notify('copy.refused', { type: 'warning' }),
    );
  const download = () => {
    const url = URL.createObjectURL(new Blob([toFile(all)], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = FILE_NAME;
    link.click();
    URL.revokeObjectURL(url);
  };
  const open = async (file: File | undefined) => {
    const read = file ? fromFile(await file.text()) : null;
    if (read) replace(read);
    else if (file) notify('expect.unreadable', { type: 'warning' });
  };
  return (
    <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap' }}>
      {all.length > 0 ? (
        <>
          <Button variant="contained" disabled={busy} onClick={run}>
            {t('expect.run')}
          </Button>
          <Button onClick={() => void copy()}>{t('expect.copy')}</Button>
          <Button onClick={download}>{t('expect.download')}</Button>
        </>
      ) : null}
      <Button onClick={() => input.current?.click()}>{t('expect.load')}</Button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label={t('expect.load')}
        onChange={(event) => void open(event.target.files?.[0])}
      />
    </Box>
  );
};
