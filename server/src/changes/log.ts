/**
 * The log of changes as the parts of this process follow it.
 *
 * Worry: what a follower missed while this process was away, or slow, must be there when it comes back; and that must cost Postgres a
 * bounded part of its disk, and us a bounded part of our memory.
 * Decision: Postgres itself keeps what we may need again. A place is confirmed only when it was reached `retain` ago, so that a process
 * that starts anew reads all of that time once more; no more than `wal` bytes of Postgres's log are asked for, and of what was read no
 * more is held than the ring takes. Whoever asks for what is no longer held sees that its place lies before `tail`.
 * Why it is enough: `tail` never moves but over transactions that are forgotten at the same moment, and `head` only over what was told.
 */
import { randomUUID } from 'node:crypto';
import type { Database } from '../db/connect.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import { createCapture, type Heard, type LogState } from './capture.ts';
import type { Position, Txn } from './change.ts';
import { createKeeper, keptPrefix, type Effects } from './effects/keeper.ts';
import { Retention, Ring } from './ring.ts';
import { createWaiting } from './waiting.ts';

export interface Follower {
  txn(txn: Txn): void;
  /** The head moved over what is no transaction to tell of. */
  progress?(head: Position): void;
  /** After another `live`, a follower whose place is before `tail`, or of another epoch, has missed something. */
  state?(state: LogState): void;
}

export interface ChangeLog {
  /** Positions of another one mean nothing in this one; '' before the first connection. */
  readonly epoch: string;
  /** All transactions that ended at or before it are known. */
  readonly head: Position;
  /** A reader at or after it can be told everything that followed. */
  readonly tail: Position;
  readonly state: LogState;
  /** Why it is not live, in words for the operator. */
  readonly reason: string | undefined;
  /** What is remembered now. */
  readonly held: { readonly transactions: number; readonly changes: number; readonly bytes: number };
  /** In the order of commits, as it is at the call. */
  after(position: Position): Iterable<Txn>;
  /** Called for each transaction as it comes, in the order of commits, at once. Starts the log; gives back what ends it. */
  follow(follower: Follower): () => void;
  /** Resolves when every transaction that was committed before the call is in the log. Refuses with `unavailable` where it is not live. */
  barrier(): Promise<void>;
  /** Begins to read; once is enough. */
  start(): void;
  close(): Promise<void>;
}

export type ChangeBounds = { readonly [Name in keyof typeof limits.changes.ring]: number };

/** `reads`: false leaves it to other processes for ever. */
export function createChangeLog(
  database: Effects & Pick<Database, 'url'>,
  log: Log,
  bounds: ChangeBounds = limits.changes.ring,
  reads = true,
): ChangeLog {
  const ring = new Ring(bounds);
  const retention = new Retention(bounds);
  /** Another list where one comes or goes: whoever is being told goes on with his. */
  let followers: readonly Follower[] = [];
  let epoch = '';
  let state: LogState = reads ? 'off' : 'elsewhere';
  let reason: string | undefined = reads ? undefined : 'This process does jobs and does not read the log of changes.';

  const unavailable = (): Error => fail('unavailable', reason ?? 'The log of changes is not read at the moment.');
  const waiting = createWaiting();

  const tell = (what: (follower: Follower) => void): void => {
    for (const follower of followers) {
      try {
        what(follower);
      } catch (error) {
        log.error({ err: error }, 'a follower of the log of changes failed');
      }
    }
  };

  const heard: Heard = {
    state: (now, why) => {
      if (state === now && reason === why) return;
      [state, reason] = [now, why];
      if (now === 'elsewhere')
        log.warn('another process reads the log: this node serves CRUD; live queries are refused with `unavailable`');
      if (now === 'elsewhere' || now === 'unavailable') waiting.refuse(unavailable());
      tell((follower) => follower.state?.(now));
    },
    opened: (now, from) => {
      retention.atLeast(from);
      if (now === epoch && from <= ring.head) return;
      if (epoch !== '') log.warn({ epoch: now, before: epoch }, 'followers of the log of changes have missed something');
      if (now !== epoch) waiting.refuse(unavailable());
      epoch = now;
      ring.reset(from);
      retention.reset(from);
    },
    txn: (txn, bytes) => {
      const barriers = txn.messages.filter(({ prefix }) => prefix === barrierPrefix);
      const isEmpty = txn.changes.length === 0 && txn.bulk === undefined && txn.messages.every(({ prefix }) => isQuestion(prefix));
      if (isEmpty) ring.head = txn.position;
      else ring.push(txn, bytes);
      tell((follower) => (isEmpty ? follower.progress?.(txn.position) : follower.txn(txn)));
      for (const { content } of barriers) waiting.passed(content);
    },
    alive: (end) => {
      if (end <= ring.head) return;
      ring.head = end;
      tell((follower) => follower.progress?.(end));
    },
    head: () => ring.head,
    confirmed: () => {
      const until = retention.at(performance.now(), ring.head);
      ring.cut(until);
      return until;
    },
  };
  const capture = createCapture(database.url, log, heard, createKeeper(database, log));
  const start = (): void => {
    if (reads) capture.start();
  };

  /** One statement at a time; whoever comes while it is under way waits for the next. */
  let next: Promise<void> | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  const send = async (): Promise<void> => {
    await sending.catch(() => undefined);
    next = undefined;
    const id = randomUUID();
    const seen = waiting.barrier(id, limits.changes.barrier);
    sending = database.app.run({ name: 'barrier', text: `SELECT pg_logical_emit_message(true, '${barrierPrefix}', $1)`, values: [id] });
    sending.catch((error: unknown) => waiting.drop(id, fail('unavailable', 'The database did not answer.', error)));
    await seen;
  };

  return {
    get epoch() {
      return epoch;
    },
    get head() {
      return ring.head;
    },
    get tail() {
      return ring.tail;
    },
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    get held() {
      return { transactions: ring.size, changes: ring.changes, bytes: ring.bytes };
    },
    after: (position) => ring.after(position),
    follow: (follower) => {
      followers = [...followers, follower];
      start();
      return () => void (followers = followers.filter((other) => other !== follower));
    },
    barrier: () => {
      if (state !== 'live') return Promise.reject(unavailable());
      return (next ??= send());
    },
    start,
    close: async () => {
      [state, reason] = ['off', undefined];
      waiting.refuse(unavailable());
      await capture.close();
    },
  };
}

export const barrierPrefix = 'underpin.barrier';
/** It only asks how far somebody has come. */
const isQuestion = (prefix: string): boolean => prefix === barrierPrefix || prefix === keptPrefix;
