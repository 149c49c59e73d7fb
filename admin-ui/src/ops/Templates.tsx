/** The texts of mails: ours until they are written anew, with what comes of them beside. */
import { useState } from 'react';
import { Alert, Box, Button, Chip, MenuItem, TextField, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { CopyBlock } from '../ui/CopyBlock.tsx';
import { Trouble } from '../ui/Trouble.tsx';

interface Text {
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}
interface Template extends Text {
  readonly name: string;
  readonly about: string;
  readonly values: Readonly<Record<string, string>>;
  readonly isOurs: boolean;
}

const KEY = ['templates'];

export const Templates = () => {
  const t = useTranslate();
  const [name, setName] = useState('');
  const { data, error, refetch } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => request<{ data: readonly Template[] }>('GET', '/ops/templates', { signal }),
  });
  if (error) return <Trouble error={error} onRetry={refetch} />;
  const all = data?.data ?? [];
  const chosen = all.find((template) => template.name === name) ?? all[0];
  if (chosen === undefined) return null;
  return (
    <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <TextField select size="small" label={t('mail.template')} value={chosen.name} onChange={(event) => setName(event.target.value)}>
        {all.map((template) => (
          <MenuItem key={template.name} value={template.name}>
            {template.name}
          </MenuItem>
        ))}
      </TextField>
      <Editor key={`${chosen.name} ${chosen.isOurs}`} template={chosen} />
    </Box>
  );
};

const Editor = ({ template }: { template: Template }) => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const [draft, setDraft] = useState<Text>({
    subject: template.subject,
    text: template.text,
    ...(template.html === undefined ? {} : { html: template.html }),
  });
  const path = `/ops/templates/${template.name}`;
  const body = { subject: draft.subject, text: draft.text, ...(draft.html === undefined || draft.html === '' ? {} : { html: draft.html }) };
  const preview = useMutation({ mutationFn: () => request<Text>('POST', `${path}/preview`, { body }) });
  const change = useMutation({
    mutationFn: (what: 'save' | 'restore') => (what === 'save' ? request('PUT', path, { body }) : request('DELETE', path)),
    onSuccess: async (_answer, what) => {
      notify(what === 'save' ? 'mail.saved' : 'mail.restored', { type: 'info' });
      await client.invalidateQueries({ queryKey: KEY });
    },
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  const field = (part: keyof Text, rows: number) => (
    <TextField
      label={t(`mail.${part}`)}
      value={draft[part] ?? ''}
      multiline={rows > 1}
      minRows={rows}
      maxRows={16}
      onChange={(event) => setDraft({ ...draft, [part]: event.target.value })}
    />
  );
  return (
    <>
      <Typography sx={{ color: 'text.secondary' }}>
        {template.about} <Chip size="small" label={t(template.isOurs ? 'mail.ours' : 'mail.yours')} />
      </Typography>
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>
        {t('mail.values', {
          values: Object.keys(template.values)
            .map((value) => `{{${value}}}`)
            .join(' '),
        })}
      </Typography>
      {field('subject', 1)}
      {field('text', 6)}
      {field('html', 3)}
      <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap' }}>
        <Button variant="contained" disabled={change.isPending} onClick={() => change.mutate('save')}>
          {t('mail.save')}
        </Button>
        <Button variant="outlined" disabled={preview.isPending} onClick={() => preview.mutate()}>
          {t('mail.preview')}
        </Button>
        {template.isOurs ? null : (
          <Button color="error" disabled={change.isPending} onClick={() => change.mutate('restore')}>
            {t('mail.restore')}
          </Button>
        )}
      </Box>
      {preview.error ? <Alert severity="error">{messageOf(preview.error)}</Alert> : null}
      {preview.data ? <CopyBlock title={preview.data.subject} text={preview.data.text} /> : null}
    </>
  );
};
