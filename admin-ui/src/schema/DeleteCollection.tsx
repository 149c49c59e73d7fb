/** Deleting a collection takes its records with it: the name is typed first, then the server's plan is confirmed. */
import { useState } from 'react';
import { Alert, Box, Button, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, TextField } from '@mui/material';
import type { CollectionInfo, Plan } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { useNavigate } from 'react-router-dom';
import { ApiFailure, messageOf, request } from '../data/client.ts';
import { refreshSchema } from '../data/schema-store.ts';
import { PlanDialog } from './PlanDialog.tsx';

export const DeleteCollection = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  const notify = useNotify();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);

  const remove = async (confirm?: string) => {
    setBusy(true);
    setFailure(null);
    try {
      await request('DELETE', `/collections/${collection.name}`, { body: confirm === undefined ? {} : { confirm } });
      notify(t('schema.deleted', { collection: collection.name }), { type: 'success' });
      navigate('/');
      await refreshSchema();
    } catch (error) {
      setBusy(false);
      if (error instanceof ApiFailure && error.code === 'confirmation_required' && error.plan) {
        setOpen(false);
        setPlan(error.plan);
        return;
      }
      setPlan(null);
      setOpen(true);
      setFailure(messageOf(error));
    }
  };
  return (
    <Box sx={{ mt: 4, pt: 2, borderTop: 1, borderColor: 'divider' }}>
      <Button
        color="error"
        onClick={() => {
          setTyped('');
          setOpen(true);
        }}
      >
        {t('schema.delete')}
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} maxWidth="xs" fullWidth aria-labelledby="delete-title">
        <DialogTitle id="delete-title">{t('schema.deleteTitle', { collection: collection.name })}</DialogTitle>
        <DialogContent>
          <DialogContentText sx={{ mb: 2 }}>{t('schema.deleteNote')}</DialogContentText>
          {failure !== null ? (
            <Alert severity="error" sx={{ mb: 2 }}>
              {failure}
            </Alert>
          ) : null}
          <TextField
            autoFocus
            label={t('schema.deleteType', { collection: collection.name })}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            slotProps={{ htmlInput: { spellCheck: false, autoCapitalize: 'none' } }}
          />
        </DialogContent>
        <DialogActions>
          <Button onClick={() => setOpen(false)}>{t('app.cancel')}</Button>
          <Button color="error" variant="contained" disabled={busy || typed !== collection.name} onClick={() => void remove()}>
            {t('schema.deleteConfirm')}
          </Button>
        </DialogActions>
      </Dialog>
      {plan ? <PlanDialog plan={plan} busy={busy} onCancel={() => setPlan(null)} onConfirm={() => void remove(plan.hash)} /> : null}
    </Box>
  );
};
