/**
 * What a component shows that comes from elsewhere.
 *
 * Worry: React mounts twice in StrictMode, begins what it never shows, and draws on servers where nothing may be opened. Decision:
 * a source is opened by the first who is shown, and closed a moment after the last; to draw opens nothing, and what is drawn
 * first is the same on server and client. Why it is enough: who unmounts and mounts again in one go finds it as it was.
 */
import { useMemo, useSyncExternalStore } from 'react';

export interface Source<S> {
  readonly state: S;
  /** Begins to tell of new states; gives back what ends it. */
  readonly open: (tell: (state: S) => void) => () => void;
}

interface Store<S> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly now: () => S;
  readonly first: () => S;
}

function createStore<S>(source: Source<S>): Store<S> {
  const listeners = new Set<() => void>();
  let { state } = source;
  let close: (() => void) | undefined;
  const tell = (next: S): void => {
    state = next;
    for (const listener of listeners) listener();
  };
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      close ??= source.open(tell);
      return () => {
        listeners.delete(listener);
        setTimeout(() => {
          if (listeners.size > 0) return;
          close?.();
          close = undefined;
        }, 0);
      };
    },
    now: () => state,
    first: () => source.state,
  };
}

/** The state of a source, which is made anew when one of `by` is another. */
export function useSource<S>(make: () => Source<S>, by: readonly unknown[]): S {
  const store = useMemo(() => createStore(make()), by);
  return useSyncExternalStore(store.subscribe, store.now, store.first);
}
