/**
 * Who takes the bytes of an upload: one request at a time, of all processes. Who comes next asks the one before to stop, and waits; one
 * in another process is at work for as long as he says so in the row, and his word is good for ten seconds. What he writes after
 * that is refused, since each note of his asks whether it is still he.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Lock, Locker, RequestRelease } from '@tus/server';
import type { Base } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';

interface Held {
  readonly stop: RequestRelease;
  readonly over: Promise<void>;
}

export class Leases implements Locker {
  readonly #base: Base;
  readonly #held = new Map<string, Held>();

  constructor(base: Base) {
    this.#base = base;
  }

  newLock(id: string): Lease {
    return new Lease(this.#base, this.#held, id);
  }

  /** Asks all to stop, and waits until what came of theirs is kept. */
  async close(): Promise<void> {
    for (const { stop, over } of [...this.#held.values()]) {
      await stop();
      await over;
    }
  }
}

export class Lease implements Lock {
  /** By which the row knows him. */
  readonly writer = randomUUID();
  readonly #base: Base;
  readonly #held: Map<string, Held>;
  readonly #id: string;
  #sign: NodeJS.Timeout | undefined;
  #release: () => void = () => undefined;

  constructor(base: Base, held: Map<string, Held>, id: string) {
    this.#base = base;
    this.#held = held;
    this.#id = id;
  }

  async lock(signal: AbortSignal, stop: RequestRelease): Promise<void> {
    const ends = performance.now() + 2 * limits.files.lease;
    for (let before = this.#held.get(this.#id); before !== undefined; before = this.#held.get(this.#id)) {
      await before.stop();
      const given = new AbortController();
      await Promise.race([before.over, wait(ends - performance.now(), undefined, { signal: AbortSignal.any([signal, given.signal]) })]);
      given.abort();
      if (performance.now() >= ends) throw fail('locked');
    }
    this.#held.set(this.#id, { stop, over: new Promise((over) => (this.#release = over)) });
    try {
      while (!(await this.#take())) {
        if (performance.now() >= ends) throw fail('locked');
        await wait(200, undefined, { signal });
      }
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#sign = setInterval(() => void this.#take().catch(() => undefined), limits.files.lease / 4);
  }

  async unlock(): Promise<void> {
    clearInterval(this.#sign);
    await this.#base.database.app
      .run({
        name: 'upload-leave',
        text: 'UPDATE underpin.uploads SET writer = NULL, until = NULL WHERE file = $1 AND writer = $2',
        values: [this.#id, this.writer],
      })
      .finally(() => this.#end());
  }

  #end(): void {
    this.#held.delete(this.#id);
    this.#release();
  }

  /** False while it is somebody else's. What is not there yet is nobody's. */
  async #take(): Promise<boolean> {
    const now = this.#base.clock();
    const { rows } = await this.#base.database.app.run({
      name: 'upload-take',
      text: `WITH mine AS (UPDATE underpin.uploads SET writer = $2, until = $4 WHERE file = $1 AND (writer IS NULL OR writer = $2 OR until < $3) RETURNING 1)
             SELECT EXISTS (SELECT FROM mine) OR NOT EXISTS (SELECT FROM underpin.uploads WHERE file = $1) AS mine`,
      values: [this.#id, this.writer, new Date(now), new Date(now + limits.files.lease)],
    });
    return rows[0]?.['mine'] === true;
  }
}
