/** A list that stays true while it is shown. */
import type { ApiError } from '../error.ts';
import type { Live, LiveStatus } from '../live/live.ts';
import type { LiveQueryOf } from '../records.ts';
import type { Expand, Fields, RecordOf } from '../types.ts';
import { useSource } from './kept.ts';
import type { Source } from './kept.ts';
import { useUnderpin } from './provider.ts';
import type { Registered } from './provider.ts';

export interface LiveResult<T> {
  /** In their order; rows that did not change are the same objects. */
  readonly rows: readonly T[];
  readonly status: LiveStatus;
  /** Why there is nothing, where the server refused it. */
  readonly error: ApiError | null;
  readonly loadMore: (count?: number) => Promise<void>;
  /** Resolves when what this client has written so far is in `rows`. */
  readonly caughtUp: () => Promise<void>;
}

/** `null` as the query: nothing is followed. `initial`: shown until the rows come, on a server too. */
export function useLive<
  C extends keyof Registered & string,
  const F extends Fields<Registered, C> = undefined,
  const E extends Expand<Registered, C> | undefined = undefined,
>(
  collection: C,
  query: LiveQueryOf<Registered, C, F, E> | null = {},
  options: { readonly initial?: readonly RecordOf<Registered, C, F, E>[] } = {},
): LiveResult<RecordOf<Registered, C, F, E>> {
  const client = useUnderpin();
  const open = (): Live<RecordOf<Registered, C, F, E>> | null => query && client.collection(collection).live(query);
  const whenSignedIn = (listener: () => void) => client.auth.onChange((_session, event) => event === 'signedIn' && listener());
  return useSource(() => following(open, options.initial ?? [], whenSignedIn), [client, collection, JSON.stringify(query)]);
}

function following<T>(
  open: () => Live<T> | null,
  initial: readonly T[],
  whenSignedIn: (listener: () => void) => () => void,
): Source<LiveResult<T>> {
  let live: Live<T> | null = null;
  const acts = { loadMore: async (count?: number) => live?.loadMore(count), caughtUp: async () => live?.caughtUp() };
  let state: LiveResult<T> = { rows: initial, status: 'connecting', error: null, ...acts };
  return {
    state,
    open: (tell) => {
      const begin = (): (() => void) => {
        const one = open();
        live = one;
        let hasCome = false;
        const stop = one?.subscribe((shown, status) => {
          hasCome ||= status === 'live' || status === 'closed';
          const rows = hasCome ? shown : state.rows;
          if (rows !== state.rows || status !== state.status) tell((state = { ...state, rows, status, error: one.error }));
        });
        return () => {
          stop?.();
          one?.close();
        };
      };
      let end = begin();
      // Who was refused may be let in now.
      const forget = whenSignedIn(() => {
        if (live?.status !== 'closed') return;
        end();
        end = begin();
      });
      return () => {
        forget();
        end();
      };
    },
  };
}
