/**
 * A write that somebody submits.
 *
 * Worry: he clicks twice, or again after an answer was lost, and it is done twice. Decision: what is submitted has one idempotency
 * key until it is known what became of it; while it is under way, the same again is the same. Why it is enough: the server does
 * once what comes with one key, and what it refused it has not done.
 */
import { useRef, useState } from 'react';
import type { ApiError } from '../error.ts';
import { attempt } from '../error.ts';

export type Outcome<T> = readonly [error: ApiError, value: undefined] | readonly [error: null, value: T];
export interface Mutation<I, T> {
  /** It does not throw what the server says: `const [error, row] = await run(draft)`. */
  readonly run: (input: I) => Promise<Outcome<T>>;
  readonly pending: boolean;
  readonly error: ApiError | null;
  /** What the last one gave. */
  readonly data: T | undefined;
  /** Forgets error and data. */
  readonly reset: () => void;
}

interface Submitted<T> {
  readonly text: string;
  readonly key: string;
  outcome: Promise<Outcome<T>> | undefined;
}
interface State<T> {
  readonly pending: boolean;
  readonly error: ApiError | null;
  readonly data: T | undefined;
}

/** `write` hands its second argument on to the call: `useMutation((draft, once) => up.collection('posts').create(draft, once))`. */
export function useMutation<I, T>(write: (input: I, once: { readonly idempotencyKey: string }) => PromiseLike<T>): Mutation<I, T> {
  const idle: State<T> = { pending: false, error: null, data: undefined };
  const [state, setState] = useState(idle);
  const last = useRef<Submitted<T> | null>(null);
  const blobs = useRef(new WeakMap<Blob, string>());
  const run = (input: I): Promise<Outcome<T>> => {
    const text = JSON.stringify(input, (_key, value: unknown) => (value instanceof Blob ? nameOf(blobs.current, value) : value)) ?? '';
    const same = last.current?.text === text ? last.current : null;
    if (same?.outcome) return same.outcome;
    const mine: Submitted<T> = { text, key: same?.key ?? crypto.randomUUID(), outcome: undefined };
    last.current = mine;
    setState((before) => ({ ...before, pending: true, error: null }));
    mine.outcome = attempt(write(input, { idempotencyKey: mine.key })).then(
      (outcome) => {
        const [error, data] = outcome;
        if (last.current === mine) {
          mine.outcome = undefined;
          // Where nobody knows whether it was done, it is asked for under the same key again.
          if (!error?.retryable) last.current = null;
          setState({ pending: false, error, data });
        }
        return outcome;
      },
      (error: unknown) => {
        if (last.current === mine) last.current = null;
        setState(idle);
        throw error;
      },
    );
    return mine.outcome;
  };
  return { ...state, run, reset: () => setState((before) => ({ ...before, error: null, data: undefined })) };
}

/** Of a file, JSON says nothing: another one is another input. */
function nameOf(blobs: WeakMap<Blob, string>, blob: Blob): string {
  const name = blobs.get(blob) ?? crypto.randomUUID();
  blobs.set(blob, name);
  return name;
}
