/** Signing in: as a page, and as a dialog over the page on which a session ended. */
import { useState } from 'react';
import { Alert, Box, Button, Dialog, DialogContent, DialogTitle, TextField, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { messageOf } from '../data/client.ts';
import { signIn, signOut } from '../data/session.ts';
import { Card } from '../ui/Card.tsx';

const useSignIn = (initialEmail: string) => {
  const [email, setEmail] = useState(initialEmail);
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await signIn(email.trim(), password);
    } catch (cause) {
      setError(messageOf(cause));
      setBusy(false);
    }
  };
  return { email, setEmail, password, setPassword, busy, error, submit };
};

const Inputs = ({ form }: { form: ReturnType<typeof useSignIn> }) => {
  const t = useTranslate();
  return (
    <>
      {form.error !== null ? <Alert severity="error">{form.error}</Alert> : null}
      <TextField
        label={t('session.email')}
        type="email"
        autoComplete="username"
        autoFocus={form.email === ''}
        value={form.email}
        onChange={(event) => form.setEmail(event.target.value)}
      />
      <TextField
        label={t('session.password')}
        type="password"
        autoComplete="current-password"
        autoFocus={form.email !== ''}
        value={form.password}
        onChange={(event) => form.setPassword(event.target.value)}
      />
      <Button type="submit" variant="contained" size="large" disabled={form.busy || form.email === '' || form.password === ''}>
        {t('session.signIn')}
      </Button>
    </>
  );
};

export const SignIn = () => {
  const t = useTranslate();
  const form = useSignIn('');
  return (
    <Card title={t('session.title')} onSubmit={form.submit}>
      <Inputs form={form} />
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>
        {t('session.firstStart')}
      </Typography>
    </Card>
  );
};

export const SignInAgain = ({ email }: { email: string }) => {
  const t = useTranslate();
  const form = useSignIn(email);
  return (
    <Dialog open aria-labelledby="sign-in-again" maxWidth="xs" fullWidth>
      <DialogTitle id="sign-in-again">{t('session.expired')}</DialogTitle>
      <DialogContent>
        <Box
          component="form"
          noValidate
          sx={{ display: 'grid', gap: 2, pt: 1 }}
          onSubmit={(event) => {
            event.preventDefault();
            void form.submit();
          }}
        >
          <Typography sx={{ color: 'text.secondary' }}>{t('session.expiredNote')}</Typography>
          <Inputs form={form} />
          <Button onClick={() => void signOut()}>{t('session.leave')}</Button>
        </Box>
      </DialogContent>
    </Dialog>
  );
};
