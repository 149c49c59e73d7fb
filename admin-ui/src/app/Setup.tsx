/**
 * The first admin is made with the one-time token of the setup link. The token stands in the address's fragment, which no
 * browser sends to a server, and leaves the address as soon as the form is done. Without a token there is no such page.
 */
import { useState } from 'react';
import { Alert, Box, Button, LinearProgress, TextField, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { ApiFailure, fieldOf, messageOf } from '../data/client.ts';
import { createOwner } from '../data/session.ts';
import { Card } from '../ui/Card.tsx';
import { passwordStrength } from './password-strength.ts';

export const setupToken = (): string | null => {
  if (!/\/setup\/?$/.test(window.location.pathname)) return null;
  return new URLSearchParams(window.location.hash.slice(1)).get('t') || null;
};

export const Setup = ({ token, onDone }: { token: string; onDone: () => void }) => {
  const t = useTranslate();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [mismatch, setMismatch] = useState(false);

  const errors = failure instanceof ApiFailure ? failure.errors : [];
  const at = (field: string) => errors.find((error) => fieldOf(error.pointer) === field)?.message;
  const expired = failure instanceof ApiFailure && failure.status === 404;

  const leave = () => {
    window.history.replaceState(null, '', `${import.meta.env.BASE_URL}`);
    window.dispatchEvent(new PopStateEvent('popstate'));
    onDone();
  };
  const submit = async () => {
    setMismatch(password !== again);
    if (password !== again) return;
    setBusy(true);
    setFailure(null);
    try {
      await createOwner(token, email.trim(), password);
      leave();
    } catch (cause) {
      setFailure(cause);
      setBusy(false);
    }
  };

  if (expired) {
    return (
      <Card title={t('setup.expired')} note={t('setup.expiredNote')}>
        <Button variant="contained" onClick={leave}>
          {t('setup.toSignIn')}
        </Button>
      </Card>
    );
  }
  return (
    <Card title={t('setup.title')} note={t('setup.note')} onSubmit={submit}>
      {failure !== null && !at('email') && !at('password') ? <Alert severity="error">{messageOf(failure)}</Alert> : null}
      <TextField
        label={t('session.email')}
        type="email"
        autoComplete="username"
        autoFocus
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={at('email') !== undefined}
        helperText={at('email')}
      />
      <TextField
        label={t('session.password')}
        type="password"
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={at('password') !== undefined}
        helperText={at('password')}
      />
      <Strength password={password} />
      <TextField
        label={t('setup.again')}
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={(event) => {
          setAgain(event.target.value);
          setMismatch(false);
        }}
        error={mismatch}
        helperText={mismatch ? t('setup.mismatch') : undefined}
      />
      <Button type="submit" variant="contained" size="large" disabled={busy || email === '' || password === '' || again === ''}>
        {t('setup.create')}
      </Button>
    </Card>
  );
};

const COLORS = ['error', 'error', 'warning', 'success', 'success'] as const;

const Strength = ({ password }: { password: string }) => {
  const t = useTranslate();
  const strength = passwordStrength(password);
  return (
    <Box aria-live="polite">
      <LinearProgress
        variant="determinate"
        aria-label={t('setup.strength')}
        value={password === '' ? 0 : 12 + strength * 22}
        color={COLORS[strength] ?? 'error'}
      />
      <Typography variant="body2" sx={{ color: 'text.secondary', mt: 0.5 }}>
        {t(password === '' ? 'setup.strengthHint' : `setup.strength${strength}`)}
      </Typography>
    </Box>
  );
};
