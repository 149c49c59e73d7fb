/**
 * Who is signed in. `expired` differs from `out`: the pages stay mounted under a sign-in dialog, so that
 * a draft outlives the session that it was begun in.
 */
import { useSyncExternalStore } from 'react';
import type { SessionAnswer } from '@underpin/sdk/wire';
import { ApiFailure, messageOf, onSignedOut, request } from './client.ts';
import { createStore } from './store.ts';

export interface AdminRecord {
  readonly id: string;
  readonly email?: string;
  readonly role?: string;
}
export type Session =
  | { readonly status: 'checking' | 'out' }
  | { readonly status: 'unreachable'; readonly message: string }
  | { readonly status: 'in' | 'expired'; readonly record: AdminRecord };

const COOKIE_MODE = { 'X-Underpin-Session': 'cookie' };
const store = createStore<Session>({ status: 'checking' });

onSignedOut(() => {
  const session = store.get();
  if (session.status === 'in') store.set({ status: 'expired', record: session.record });
});

export const sessionStore = store;
export const useSession = (): Session => useSyncExternalStore(store.subscribe, store.get);

export const checkSession = async (): Promise<void> => {
  try {
    const { record } = await request<{ record: AdminRecord }>('GET', '/auth/_admins/me');
    store.set({ status: 'in', record });
  } catch (error) {
    const refused = error instanceof ApiFailure && error.status >= 400 && error.status < 500;
    store.set(refused ? { status: 'out' } : { status: 'unreachable', message: messageOf(error) });
  }
};

export const signIn = async (email: string, password: string): Promise<void> => {
  const answer = await request<SessionAnswer<AdminRecord>>('POST', '/auth/_admins/sign-in', {
    body: { email, password },
    headers: COOKIE_MODE,
  });
  store.set({ status: 'in', record: answer.record });
};

/** Makes the first admin with the one-time token of the setup link, and signs in. */
export const createOwner = async (token: string, email: string, password: string): Promise<void> => {
  const answer = await request<SessionAnswer<AdminRecord>>('POST', '/ops/setup', {
    body: { token, email, password },
    headers: COOKIE_MODE,
  });
  store.set({ status: 'in', record: answer.record });
};

/** Some things are for those who signed in a moment ago: the dialog of a session that ended opens over the page. */
export const askForProof = (): void => {
  const session = store.get();
  if (session.status === 'in') store.set({ status: 'expired', record: session.record });
};

export const signOut = async (): Promise<void> => {
  try {
    await request('POST', '/auth/_admins/sign-out');
  } catch (error) {
    // A session that the server no longer knows is signed out already; anything else must be seen, or the cookie would live on unnoticed.
    if (!(error instanceof ApiFailure && error.status === 401)) throw error;
  }
  store.set({ status: 'out' });
};

/** An admin who may look at everything and change nothing. */
export const useIsViewer = (): boolean => {
  const session = useSession();
  return 'record' in session && session.record.role === 'viewer';
};
