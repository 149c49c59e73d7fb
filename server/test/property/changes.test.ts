/**
 * The log of changes against Postgres's own `test_decoding`: the same transactions, in the same order, with the same rows, while
 * writers do all there is to do and our connection is killed, the log is closed and opened anew, and Postgres crashes.
 * Fixed seeds, and one of the day, which is printed: `SEED=… npm test -- server/test/property/changes` repeats it.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import type { Txn } from '../../src/changes/change.ts';
import { createChangeLog, type ChangeLog } from '../../src/changes/log.ts';
import { positionOf } from '../../src/changes/position.ts';
import { limits } from '../../src/kit/limits.ts';
import { ownPostgres, quiet, type OwnPostgres } from '../support/own-postgres.ts';
import { endProcesses, until } from '../support/process.ts';
import { askOracle, makeOracle, toldBy, type Told } from './decoded.ts';
import { randomness } from './random.ts';
import { writeTransaction } from './writing.ts';

jest.setTimeout(180_000);
const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const ofTheDay = Number(process.env['SEED'] ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const seeds = process.env['SEED'] === undefined ? [1, ofTheDay] : [ofTheDay];
const tables = ['public.one', 'public.two'];
const writers = 5;
const transactions = long ? 6_000 : 500;
const rounds = long ? 200 : 20;

let postgres: OwnPostgres;
beforeAll(async () => {
  postgres = await ownPostgres();
  for (const name of tables) {
    await postgres.database.owner.run({
      text: `CREATE TABLE ${name} (id integer PRIMARY KEY, k integer, body text, big text, n numeric, at timestamptz, ok boolean)`,
    });
    await postgres.sql(`ALTER TABLE ${name} REPLICA IDENTITY FULL`);
    await postgres.sql(`ALTER PUBLICATION underpin ADD TABLE ${name}`);
  }
}, 60_000);
afterAll(async () => {
  for (const log of logs) await log.close();
  await postgres.close();
  await endProcesses();
}, 60_000);

const logs = new Set<ChangeLog>();

/** A log that is opened anew now and then, and what its followers heard altogether. */
class Heard {
  readonly #told = new Map<string, Told>();
  readonly bounds = { ...limits.changes.ring, retain: 2_000 };
  log: ChangeLog = this.#open();
  opened = 1;
  repeated = 0;

  #open(): ChangeLog {
    const log = createChangeLog(postgres.database, quiet, this.bounds);
    logs.add(log);
    let before = '';
    const txn = (txn: Txn): void => {
      // Within one log nothing comes twice, and nothing out of order.
      if (txn.position <= before) throw new Error(`${txn.position} came after ${before}`);
      before = txn.position;
      expect(txn.bulk).toBeUndefined();
      const told = toldBy(txn, tables);
      const known = this.#told.get(told.end);
      if (known === undefined) this.#told.set(told.end, told);
      else {
        this.repeated++;
        expect(told).toEqual(known);
      }
    };
    log.follow({
      txn: (one) => {
        try {
          txn(one);
        } catch (error) {
          this.failures.push(error);
        }
      },
    });
    return log;
  }
  readonly failures: unknown[] = [];

  async reopen(): Promise<void> {
    await this.log.close();
    this.log = this.#open();
    this.opened++;
  }

  after(position: string): Told[] {
    return [...this.#told.values()].filter(({ lines, end }) => lines.length > 0 && end > position).sort((a, b) => (a.end < b.end ? -1 : 1));
  }
}

const isLive = (heard: Heard) => (): boolean => heard.log.state === 'live';

test.each(seeds)('tells what test_decoding tells, seed %d', async (seed) => {
  process.stdout.write(`seed ${seed}\n`);
  for (const name of tables) await postgres.sql(`TRUNCATE ${name}`);
  await makeOracle(postgres.sql);
  const since = positionOf(String((await postgres.sql('SELECT pg_current_wal_insert_lsn()::text AS lsn'))[0]?.['lsn']));
  const heard = new Heard();
  await until('it is live', isLive(heard));

  let committed = 0;
  const written = Promise.all(
    Array.from({ length: writers }, async (_unused, number) => {
      const random = randomness(seed * 1_000 + number);
      let client: pg.Client | undefined;
      for (let done = 0; done < transactions / writers;) {
        try {
          client ??= await connected();
          await writeTransaction(client, random, tables);
          done++;
          committed++;
        } catch (error) {
          // Postgres is gone, or has undone it (a deadlock): neither counts, and the oracle knows what became of it.
          if (error instanceof pg.DatabaseError && !/^(40|57|08)/.test(error.code ?? '')) throw error;
          await client?.query('ROLLBACK').catch(() => {
            client = undefined;
          });
        }
      }
      await client?.end();
    }),
  );
  let problem: unknown;
  written.catch((error: unknown) => (problem = error));

  const random = randomness(seed);
  const counts = { killed: 0, reopened: 0, crashed: 0 };
  const kill = async (): Promise<void> => {
    const pids = await postgres.sql(
      `SELECT pg_terminate_backend(active_pid) AS done FROM pg_replication_slots WHERE slot_name LIKE 'underpin%' AND active`,
    );
    counts.killed += pids.length;
  };
  const steps = transactions / rounds;
  for (let step = 1; step <= rounds; step++) {
    await until('there are more transactions', () => problem !== undefined || committed >= (step - 0.5) * steps, 60_000);
    if (problem !== undefined) break;
    if (step === 7 || step === 15) {
      await postgres.crash();
      counts.crashed++;
    } else if (random.chance(0.3)) {
      await heard.reopen();
      counts.reopened++;
    } else await kill();
    // Killed while it catches up, too.
    if (random.chance(0.5)) {
      await until('it is live', isLive(heard));
      await kill();
    }
  }
  await written;
  await until('it is live', isLive(heard));
  await heard.log.barrier();

  const told = await askOracle(postgres.sql, tables);
  process.stdout.write(`${told.length} transactions, ${JSON.stringify({ ...counts, repeated: heard.repeated })}\n`);
  expect(heard.failures).toEqual([]);
  expect(heard.after(since).map(({ end, xid }) => `${end} ${xid}`)).toEqual(told.map(({ end, xid }) => `${end} ${xid}`));
  expect(heard.after(since)).toEqual(told);
  const kinds = new Set(told.flatMap(({ lines }) => lines.map((line) => line.split(' ')[0])));
  expect([...kinds].sort()).toEqual(['delete', 'insert', 'truncate', 'update']);
  expect(counts.killed).toBeGreaterThan(rounds / 4);
  expect(counts.reopened).toBeGreaterThan(0);
  expect(counts.crashed).toBe(2);
  await heard.log.close();
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgres.embedded.url, options: '-c role=underpin_owner' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
