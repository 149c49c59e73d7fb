/** Who is signed in. */
import { useMemo, useSyncExternalStore } from 'react';
import type { Auth } from '../auth.ts';
import type { Session } from '../sessions.ts';
import type { RowOf } from '../types.ts';
import { useUnderpin } from './provider.ts';
import type { Registered } from './provider.ts';

type UserOf<C> = C extends keyof Registered ? RowOf<Registered, C> : Readonly<Record<string, unknown>>;
export interface AuthResult<C> {
  readonly user: UserOf<C> | null;
  readonly session: Session<UserOf<C>> | null;
  /** Signing in and out, and all else that an account does for itself. */
  readonly auth: Auth<Registered, C>;
}

/** Of `users`, or of another collection of accounts. On a server that draws the page nobody is known. */
export function useAuth<C extends string = 'users'>(collection?: C): AuthResult<C> {
  const client = useUnderpin();
  // cast: without a name it is `users`, as the type says
  const auth = useMemo(
    () => client.auth.collection((collection ?? 'users') as never) as unknown as Auth<Registered, C>,
    [client, collection],
  );
  const session = useSyncExternalStore(
    (listener) => auth.onChange(listener),
    () => auth.session,
    () => null,
  );
  return { session, user: session?.record ?? null, auth };
}
