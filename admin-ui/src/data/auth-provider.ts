/**
 * What react-admin wants to know about the session. Being signed out is not decided here but in `App.tsx` by the session
 * store, so every check passes: a refused request opens the sign-in dialog over the page instead of leaving it.
 */
import type { AuthProvider } from 'react-admin';
import { sessionStore, signOut } from './session.ts';

export const authProvider: AuthProvider = {
  login: async () => undefined,
  checkAuth: async () => undefined,
  checkError: async () => undefined,
  getPermissions: async () => undefined,
  logout: async () => {
    await signOut();
    return false;
  },
  getIdentity: async () => {
    const session = sessionStore.get();
    const record = 'record' in session ? session.record : null;
    return { id: record?.id ?? '', fullName: record?.email ?? '' };
  },
};
