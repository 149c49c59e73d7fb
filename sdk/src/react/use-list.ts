/** Lists and records that are read once; what stays true is `useLive`. */
import type { ApiError } from '../error.ts';
import { attempt } from '../error.ts';
import type { Can, Expand, Fields, ListQuery, ListedOf, Selection } from '../types.ts';
import type { Page, PageInfo } from '../wire.ts';
import { useSource } from './kept.ts';
import type { Source } from './kept.ts';
import { useUnderpin } from './provider.ts';
import type { Registered } from './provider.ts';

interface Reading {
  /** Also while it is read again, when there is something to show. */
  readonly isLoading: boolean;
  readonly error: ApiError | null;
  readonly reload: () => void;
}
export interface ListResult<T> extends Reading {
  readonly rows: readonly T[];
  readonly page: PageInfo | null;
}
export interface RecordResult<T> extends Reading {
  /** null: it has not come, or is not there for this caller (`error`). */
  readonly record: T | null;
}

const none: readonly never[] = [];

/** `null` as the query: nothing is read. `initial`: what was read elsewhere, on a server that draws the page. */
export function useList<
  C extends keyof Registered & string,
  const F extends Fields<Registered, C> = undefined,
  const E extends Expand<Registered, C> | undefined = undefined,
  const H extends boolean | undefined = undefined,
  const A extends Can = undefined,
>(
  collection: C,
  query: ListQuery<Registered, C, F, E, H, A> | null = {},
  options: { readonly initial?: Page<ListedOf<Registered, C, F, E, H, A>> } = {},
): ListResult<ListedOf<Registered, C, F, E, H, A>> {
  const up = useUnderpin();
  const read = query && ((signal: AbortSignal) => up.collection(collection).list(query, { signal }));
  const { value, ...state } = useReading(read, ['list', collection, query], options.initial);
  return { ...state, rows: value?.data ?? none, page: value?.page ?? null };
}

/** `null` as the id: nothing is read. */
export function useRecord<
  C extends keyof Registered & string,
  const F extends Fields<Registered, C> = undefined,
  const E extends Expand<Registered, C> | undefined = undefined,
  const A extends Can = undefined,
>(
  collection: C,
  id: string | null,
  query: Selection<Registered, C, F, E> & { readonly can?: A } = {},
  options: { readonly initial?: ListedOf<Registered, C, F, E, undefined, A> } = {},
): RecordResult<ListedOf<Registered, C, F, E, undefined, A>> {
  const up = useUnderpin();
  const read = id === null ? null : (signal: AbortSignal) => up.collection(collection).get(id, query, { signal });
  const { value, ...state } = useReading(read, ['record', collection, id, query], options.initial);
  return { ...state, record: value ?? null };
}

type Read<T> = ((signal: AbortSignal) => PromiseLike<T>) | null;
interface State<T> extends Reading {
  readonly value: T | undefined;
}

function useReading<T>(read: Read<T>, by: readonly unknown[], initial: T | undefined): State<T> {
  const { auth } = useUnderpin();
  return useSource(() => reading(read, initial, auth.onChange), [auth, JSON.stringify(by)]);
}

type OnChange = (listener: (session: unknown, event: string) => void) => () => void;

function reading<T>(read: Read<T>, initial: T | undefined, onChange: OnChange): Source<State<T>> {
  let load = (): void => undefined;
  let state: State<T> = { value: initial, isLoading: read !== null && initial === undefined, error: null, reload: () => load() };
  return {
    state,
    open: (tell) => {
      let now = new AbortController();
      load = () => {
        if (!read) return;
        now.abort();
        const mine = (now = new AbortController());
        if (!state.isLoading) tell((state = { ...state, isLoading: true }));
        void attempt(read(mine.signal)).then(([error, value]) => {
          if (!mine.signal.aborted) tell((state = { ...state, isLoading: false, error, value: error ? undefined : value }));
        });
      };
      if (state.isLoading) load();
      // Somebody else sees other records.
      const forget = onChange((_session, event) => {
        if (event === 'refreshed') return;
        state = { ...state, value: undefined };
        load();
      });
      return () => {
        forget();
        now.abort();
      };
    },
  };
}
