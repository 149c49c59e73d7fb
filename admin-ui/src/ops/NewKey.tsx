/** A key that is to be made: its name, what it may of which collection, until when. */
import { useState } from 'react';
import AddIcon from '@mui/icons-material/Add';
import { Box, Button, MenuItem, Paper, TextField } from '@mui/material';
import type { KeyScope } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { isSystem } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';

const ACTIONS = ['list', 'view', 'create', 'update', 'delete', 'history'];
const EMPTY: KeyScope = { on: '', actions: ['list', 'view'] };

interface NewKeyProps {
  readonly isBusy: boolean;
  readonly onCreate: (body: unknown) => void;
}

export const NewKey = ({ isBusy, onCreate }: NewKeyProps) => {
  const t = useTranslate();
  const [name, setName] = useState('');
  const [expires, setExpires] = useState('');
  const [scopes, setScopes] = useState<readonly KeyScope[]>([EMPTY]);
  const named = scopes.filter(({ on }) => on !== '');
  const submit = () =>
    onCreate({
      name,
      scopes: named.map(({ on, actions, filter }) => ({ on, actions, ...(filter === undefined || filter === '' ? {} : { filter }) })),
      ...(expires === '' ? {} : { expires: new Date(expires).toISOString() }),
    });
  return (
    <Paper
      component="form"
      variant="outlined"
      aria-label={t('keys.make')}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      sx={{ p: 2, display: 'grid', gap: 2 }}
    >
      <TextField size="small" label={t('keys.name')} value={name} onChange={(event) => setName(event.target.value)} />
      {scopes.map((scope, index) => (
        // A scope has nothing but its place to be known by.
        <ScopeRow key={index} scope={scope} onChange={(next) => setScopes(scopes.map((one, at) => (at === index ? next : one)))} />
      ))}
      <Button startIcon={<AddIcon />} sx={{ justifySelf: 'start' }} onClick={() => setScopes([...scopes, EMPTY])}>
        {t('keys.another')}
      </Button>
      <TextField
        size="small"
        type="datetime-local"
        label={t('keys.expires')}
        value={expires}
        onChange={(event) => setExpires(event.target.value)}
        slotProps={{ inputLabel: { shrink: true } }}
      />
      <Button type="submit" variant="contained" sx={{ justifySelf: 'start' }} disabled={isBusy || name === '' || named.length === 0}>
        {t('keys.create')}
      </Button>
    </Paper>
  );
};

const ScopeRow = ({ scope, onChange }: { scope: KeyScope; onChange: (scope: KeyScope) => void }) => {
  const t = useTranslate();
  const collections = useCollections().filter((collection) => !isSystem(collection));
  return (
    <Box sx={{ display: 'grid', gap: 1, gridTemplateColumns: { sm: '1fr 1fr' } }}>
      <TextField
        select
        size="small"
        label={t('keys.scope')}
        value={scope.on}
        onChange={(event) => onChange({ ...scope, on: event.target.value })}
      >
        {collections.map(({ name, kind }) => (
          <MenuItem key={name} value={`${kind === 'auth' ? 'accounts' : 'records'}:${name}`}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        select
        size="small"
        label={t('keys.actions')}
        value={scope.actions}
        slotProps={{ select: { multiple: true } }}
        onChange={({ target: { value } }) => onChange({ ...scope, actions: ACTIONS.filter((action) => value.includes(action)) })}
      >
        {ACTIONS.map((action) => (
          <MenuItem key={action} value={action}>
            {action}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        size="small"
        label={t('keys.filter')}
        value={scope.filter ?? ''}
        onChange={(event) => onChange({ ...scope, filter: event.target.value })}
        sx={{ gridColumn: '1 / -1' }}
      />
    </Box>
  );
};
