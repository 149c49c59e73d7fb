/**
 * A start waits for its Postgres: after the machine has begun anew everything begins at once, and Postgres may be the last of it.
 * What it answers for good, as that the password is wrong, is not waited for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { limits } from '../kit/limits.ts';
import { isAway } from './pg-errors.ts';

/** Whoever waited was told to stop. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Comes back when Postgres lets us in. Says once that it waits. */
export async function awaitServer(
  url: string,
  print: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
  patience: number = limits.database.start,
): Promise<void> {
  const ends = performance.now() + patience;
  for (let isFirst = true; ; isFirst = false) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    const place = `Postgres at ${client.host}:${client.port}`;
    try {
      await beforeSignal(client.connect(), signal, place);
      return;
    } catch (error) {
      if (!isAway(error)) throw error;
      if (performance.now() >= ends)
        throw new Error(`${place} did not answer in ${patience / 1000} s: ${reasonOf(error)}`, { cause: error });
      if (isFirst) print(`Waiting for ${place}: ${reasonOf(error)}`);
      await beforeSignal(pause(limits.database.again), signal, place);
    } finally {
      // What does not answer does not say goodbye either.
      void client.end().catch(() => undefined);
    }
  }
}

function beforeSignal<T>(work: Promise<T>, signal: AbortSignal, place: string): Promise<T> {
  const stopped = (): Stopped => new Stopped(`Stopped while waiting for ${place}`);
  if (signal.aborted) throw stopped();
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(stopped());
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** A name with two addresses fails with one error for each, and says nothing itself. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
