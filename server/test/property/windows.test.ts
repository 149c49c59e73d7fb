/**
 * What is told of a stretch of the log makes of the rows before it the rows after it: of groups without a limit, and of windows on
 * the first rows of an order. Random transactions with moved ids, emptied tables and untold old rows; what should come of them
 * is worked out from all rows each time. Nothing is stored, so that a run is many thousand transactions.
 */
import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../src/changes/change.ts';
import { effectsOf, type Op } from '../../src/realtime/groups/effects.ts';
import type { Local } from '../../src/realtime/matching/local.ts';
import { Matcher } from '../../src/realtime/matching/match.ts';
import { capacityOf, Window } from '../../src/realtime/groups/window.ts';
import { randomness, type Random } from './random.ts';
import {
  changesOf,
  filters,
  groupFor,
  printSort,
  randomSort,
  randomTable,
  randomTxn,
  rowOf,
  sortedBy,
  type Key,
  type Table,
} from './stream.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const ofTheDay = Number(process.env['SEED'] ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const seeds = process.env['SEED'] === undefined ? [1, 2, ofTheDay] : [ofTheDay];
const runs = long ? 2_000 : 35;

const viewOf = (local: Local, table: Table): Map<string, string> =>
  new Map([...table].flatMap(([id, image]) => (local.matches(rowOf(image)) ? [[id, local.write(rowOf(image))] as const] : [])));

/** Cheaper than `expect`, which is asked only where they differ. */
function same(got: unknown, owed: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(owed)) expect(got).toEqual(owed);
}

/** What a client does. A row that he has not cannot leave, and one that he has is not told again as it was. */
function applyTo(view: Map<string, string>, ops: readonly Op[]): void {
  const ids = ops.flatMap((op) => (op[0] === 'truncate' ? [] : [op[1]]));
  same(new Set(ids).size, ids.length);
  for (const op of ops) {
    if (op[0] === 'truncate') view.clear();
    else if (op[0] === 'leave') same([op, view.delete(op[1])], [op, true]);
    else {
      same([op, view.get(op[1]) === op[2]], [op, false]);
      view.set(op[1], op[2]);
    }
  }
}
const randomFilter = (random: Random): { readonly filter?: string } => {
  const filter = random.pick(filters);
  return filter === undefined ? {} : { filter };
};
const inOrder = (ops: readonly Op[] | 'unknown' | undefined): unknown => [...(ops ?? [])].map((op) => JSON.stringify(op)).sort();
const sorted = (view: ReadonlyMap<string, string>): unknown => [...view].sort(([a], [b]) => (a < b ? -1 : 1));

describe.each(seeds)('seed %d', (seed) => {
  test('effects make of the rows before the rows after', () => {
    const random = randomness(seed);
    const seen = { txns: 0, puts: 0, leaves: 0, truncates: 0, nothing: 0 };
    for (let run = 0; run < runs; run += 1) {
      const { local } = groupFor(randomFilter(random));
      const table = randomTable(random, 150);
      const tells = random.pick(['full', 'full', 'key'] as const);
      const view = viewOf(local, table);
      for (let n = 0; n < 20; n += 1) {
        const txns: Change[] = [];
        for (let length = 1 + random.below(3); length > 0; length -= 1) txns.push(...randomTxn(random, table, tells));
        const changes = changesOf(txns);
        const ops = effectsOf(local, changes, (id) => view.has(id));
        if (ops === 'unknown') throw new Error('all was told');
        if (tells === 'full') {
          same(effectsOf(local, changes), ops);
          applyTo(view, ops);
        } else for (const op of ops) blind(view, op);
        same(sorted(view), sorted(viewOf(local, table)));
        seen.txns += 1;
        seen.nothing += ops.length === 0 ? 1 : 0;
        for (const [op] of ops) seen[`${op}s`] += 1;
      }
    }
    process.stdout.write(`seed ${seed}: effects ${JSON.stringify(seen)}\n`);
    expect(Object.entries(seen).filter(([, times]) => times < 2)).toEqual([]);
  });

  test('windows are the first rows after every transaction', () => {
    const random = randomness(seed);
    const seen = { txns: 0, refills: 0, puts: 0, leaves: 0, truncates: 0, cut: 0 };
    for (let run = 0; run < runs; run += 1) {
      const sort = randomSort(random);
      const limit = random.pick([1, 2, 5, 20, 40]);
      const { local } = groupFor({ ...randomFilter(random), sort: printSort(sort) }, limit);
      const table = randomTable(random, 350);
      const tells = random.pick(['full', 'full', 'key'] as const);
      const window = new Window(local, limit);
      expect([window.isShort, window.apply([])]).toEqual([true, 'refill']);
      const view = new Map<string, string>();
      const owed = (): readonly { id: string; json: string }[] => first(local, sort, table, limit);
      const fill = (): void => {
        const rows = sortedBy(
          sort,
          [...table.values()].filter((image) => local.matches(rowOf(image))),
        ).slice(0, window.capacity);
        // In any order: it is put into its own.
        window.load(rows.toReversed().map(rowOf), rows.length < capacityOf(limit));
      };
      fill();
      applyTo(view, window.take());
      same(window.rows, owed());
      for (let n = 0; n < 25; n += 1) {
        const changes = changesOf(randomTxn(random, table, tells));
        if (window.apply(changes) === 'refill') {
          seen.refills += 1;
          same(window.take(), []);
          // The log goes on before Postgres has answered.
          if (random.chance(0.5)) window.apply(changesOf(randomTxn(random, table, tells)));
          if (window.isShort) fill();
        }
        same(window.rows, owed());
        const ops = window.take();
        applyTo(view, ops);
        same(sorted(view), sorted(new Map(window.rows.map(({ id, json }) => [id, json]))));
        for (const [op] of ops) seen[`${op}s`] += 1;
        seen.txns += 1;
        seen.cut += window.isComplete ? 0 : 1;
      }
    }
    process.stdout.write(`seed ${seed}: windows ${JSON.stringify(seen)}\n`);
    expect(Object.entries(seen).filter(([name, times]) => name !== 'truncates' && times < 6)).toEqual([]);
  });

  test('every group that a change concerns is found', () => {
    const random = randomness(seed);
    const matcher = new Matcher();
    const groups = Array.from({ length: 60 }, () => groupFor(randomFilter(random)));
    for (const group of groups) matcher.add(group);
    const table = randomTable(random, 200);
    const seen = { found: 0, all: 0 };
    for (let n = 0; n < runs * 2; n += 1) {
      const txn = randomTxn(random, table, random.pick(['full', 'full', 'key'] as const));
      const { concerned, stale } = matcher.route(txn);
      expect(stale.size).toBe(0);
      for (const group of groups) {
        const mine = concerned.find((one) => one.group === group)?.changes ?? [];
        const [some, all] = [mine, changesOf(txn)].map((told) => effectsOf(group.local, told, () => true));
        same(inOrder(some), inOrder(all));
        seen.found += mine.length;
        seen.all += txn.length;
      }
    }
    process.stdout.write(`seed ${seed}: routed ${JSON.stringify(seen)}\n`);
    expect(seen.found).toBeLessThan(seen.all);
  });
});

/** Where the log tells keys alone, what was given before may be told again as it was. */
function blind(view: Map<string, string>, op: Op): void {
  if (op[0] === 'truncate') view.clear();
  else if (op[0] === 'leave') same([op, view.delete(op[1])], [op, true]);
  else view.set(op[1], op[2]);
}

function first(local: Local, sort: readonly Key[], table: Table, limit: number): readonly { id: string; json: string }[] {
  const matching = [...table.values()].filter((image) => local.matches(rowOf(image)));
  return sortedBy(sort, matching)
    .slice(0, limit)
    .map((image) => ({ id: rowOf(image).id ?? '', json: local.write(rowOf(image)) }));
}
