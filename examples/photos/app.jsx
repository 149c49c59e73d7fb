/** Photos: one's own, and those that others share. */
import { createClient } from '@underpin/sdk';
import { UnderpinProvider, useAuth, useLive } from '@underpin/sdk/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Photo } from './photo.jsx';
import { Uploads } from './uploads.jsx';

const up = createClient({ url: import.meta.env.VITE_UNDERPIN_URL ?? 'http://localhost:8700', storage: 'local' });

const query = { sort: ['-created'], limit: 24 };

function Photos() {
  const { user, auth } = useAuth();
  const { rows, status, error, loadMore } = useLive('photos', query);
  return (
    <>
      <header>
        <h1>Photos</h1>
        {user ? (
          <button className="quiet" onClick={() => auth.signOut()}>
            Sign out {user.email.endsWith('@guest.invalid') ? 'guest' : user.email}
          </button>
        ) : null}
      </header>
      {user ? <Uploads /> : <SignIn />}
      {error ? <p role="alert">{error.message}</p> : null}
      {rows.length === 0 && status === 'live' ? <p>No photos yet.</p> : null}
      <ul className="grid">
        {rows.map((photo) => (
          <Photo key={photo.id} photo={photo} isOwn={photo.owner === user?.id} />
        ))}
      </ul>
      {rows.length >= query.limit ? <button onClick={() => loadMore()}>Show more</button> : null}
    </>
  );
}

function SignIn() {
  const { auth } = useAuth();
  const [failed, setFailed] = useState('');
  const attempt = (work) =>
    work.then(
      () => setFailed(''),
      (error) => setFailed(error.message),
    );
  const submit = (event) => {
    event.preventDefault();
    const { email, password } = Object.fromEntries(new FormData(event.currentTarget));
    const isNew = event.nativeEvent.submitter.value === 'new';
    attempt(isNew ? auth.signUp({ email, password }) : auth.signIn({ email, password }));
  };
  return (
    <form onSubmit={submit}>
      <input name="email" type="email" aria-label="E-mail" placeholder="E-mail" autoComplete="username" required />
      <input name="password" type="password" aria-label="Password" placeholder="Password" autoComplete="current-password" required />
      <button>Sign in</button>
      <button value="new" className="quiet">
        New account
      </button>
      <button type="button" className="quiet" onClick={() => attempt(auth.signInAsGuest())}>
        Continue as a guest
      </button>
      {failed ? <p role="alert">{failed}</p> : null}
    </form>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <UnderpinProvider client={up}>
      <Photos />
    </UnderpinProvider>
  </StrictMode>,
);
