/** The dashboard as a whole: whose session it is decides between the setup link, the sign-in page and the pages themselves. */
import { useEffect, useState } from 'react';
import { QueryClient } from '@tanstack/react-query';
import { CssBaseline } from '@mui/material';
import { BrowserRouter } from 'react-router-dom';
import { AdminContext, localStorageStore } from 'react-admin';
import { authProvider } from '../data/auth-provider.ts';
import { dataProvider } from '../data/data-provider.ts';
import { forgetSchema, useSchemaPolling } from '../data/schema-store.ts';
import { checkSession, useSession } from '../data/session.ts';
import { FullPageMessage } from '../ui/FullPageMessage.tsx';
import { i18nProvider } from './i18n.ts';
import { Pages } from './Pages.tsx';
import { Setup, setupToken } from './Setup.tsx';
import { SignIn, SignInAgain } from './SignIn.tsx';
import { darkTheme, lightTheme } from './theme.ts';

// Asking again by itself would hide what a page says about a failure; each page has its own "Try again".
const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } });
const store = localStorageStore('1', 'underpin');

export const App = () => (
  <BrowserRouter basename="/admin">
    <AdminContext
      dataProvider={dataProvider}
      authProvider={authProvider}
      i18nProvider={i18nProvider}
      store={store}
      queryClient={queryClient}
      lightTheme={lightTheme}
      darkTheme={darkTheme}
    >
      <CssBaseline />
      <Door />
    </AdminContext>
  </BrowserRouter>
);

const Door = () => {
  const session = useSession();
  const [token, setToken] = useState(setupToken);
  useEffect(() => {
    const follow = () => setToken(setupToken());
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    if (token === null) void checkSession();
  }, [token]);
  useEffect(() => {
    if (session.status !== 'out') return;
    forgetSchema();
    queryClient.clear();
  }, [session.status]);
  useSchemaPolling(session.status === 'in');

  if (token !== null) return <Setup token={token} onDone={() => setToken(null)} />;
  if (session.status === 'checking') return <FullPageMessage busy text="app.loading" />;
  if (session.status === 'unreachable') return <FullPageMessage text="app.unreachable" detail={session.message} onRetry={checkSession} />;
  if (session.status === 'out') return <SignIn />;
  return (
    <>
      <Pages />
      {session.status === 'expired' ? <SignInAgain email={session.record.email ?? ''} /> : null}
    </>
  );
};
