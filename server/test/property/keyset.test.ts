/**
 * Walks by cursor, forward and back, are the whole list: over random rows with NULLs and ties, mixed directions, `:last`, paths
 * through relations, fields that are masked in some rows. What they should be is one plain ORDER BY, written here. And a page
 * deep in the list costs no more of the database than the first.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { query, startTestApp, type TestApp } from '../support/app.ts';
import { randomness, type Random } from './random.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const ofTheDay = Number(process.env['SEED'] ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const seeds = process.env['SEED'] === undefined ? [1, 2, ofTheDay] : [ofTheDay];

let up: TestApp;
let token: string;
const rows = 90;
const deepRows = 20_000;

beforeAll(async () => {
  up = await startTestApp();
  ({ token } = await up.account('ann'));
  const make = async (body: unknown): Promise<void> =>
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  await make({
    name: 'groups',
    fields: [
      { name: 'name', type: 'text' },
      { name: 'rank', type: 'number', rules: { read: 'name != "b"' } },
      { name: 'open', type: 'bool' },
    ],
    rules: { list: 'open != false', view: 'true' },
  });
  await make({
    name: 'things',
    fields: [
      { name: 'word', type: 'text' },
      { name: 'width', type: 'number' },
      { name: 'price', type: 'decimal' },
      { name: 'flag', type: 'bool' },
      { name: 'due', type: 'day' },
      { name: 'at', type: 'date' },
      { name: 'hidden', type: 'number', rules: { read: 'flag == true' } },
      { name: 'group', type: 'relation', to: 'groups' },
      { name: 'veiled', type: 'relation', to: 'groups', rules: { read: 'flag != true' } },
    ],
    rules: { list: 'width != 3' },
  });
  await make({
    name: 'many',
    fields: [
      { name: 'score', type: 'number', integer: true },
      { name: 'word', type: 'text', required: true },
    ],
    indexes: [{ fields: ['score'] }, { fields: ['word'] }],
    rules: { list: 'true' },
  });
  await up.sql(
    `INSERT INTO public.many (id, created, updated, version, score, word)
     SELECT gen_random_uuid(), now() - n * interval '1 s', now(), 1, CASE WHEN n % 5000 > 0 THEN n / 3 END, md5(n::text) FROM generate_series(1, ${deepRows}) n`,
  );
  await make({
    name: 'wide',
    fields: [
      { name: 'score', type: 'number', integer: true },
      { name: 'body', type: 'text' },
      { name: 'open', type: 'bool' },
    ],
    indexes: [{ fields: ['score', 'id', 'open'] }],
    rules: { list: 'open == true' },
  });
  await up.sql(
    `INSERT INTO public.wide (id, created, updated, version, score, body, open)
     SELECT gen_random_uuid(), now(), now(), 1, n * 7919 % 100003, repeat('Some words. ', 40), n % 4 > 0 FROM generate_series(1, ${deepRows}) n`,
  );
  await up.sql('VACUUM ANALYZE public.many, public.wide');
}, 60_000);
afterAll(() => up.close());

/** What a sort key is in SQL, for this caller. */
const keys: Readonly<Record<string, string>> = {
  word: 't.word',
  width: 't.width',
  price: 't.price',
  flag: 't.flag',
  due: 't.due',
  at: 't.at',
  hidden: 'CASE WHEN t.flag THEN t.hidden END',
  'group.name': 'g.name',
  'group.rank': `CASE WHEN g.name IS DISTINCT FROM 'b' THEN g.rank END`,
  'veiled.name': 'v.name',
  'veiled.rank': `CASE WHEN v.name IS DISTINCT FROM 'b' THEN v.rank END`,
};

async function fill(random: Random): Promise<void> {
  await up.sql('DELETE FROM public.things');
  await up.sql('DELETE FROM public.groups');
  const some = <T>(values: readonly T[]): T | null => (random.chance(0.3) ? null : random.pick(values));
  const id = (n: number): string => `01a20080-0000-7000-8000-${String(n).padStart(12, '0')}`;
  for (let n = 0; n < 8; n += 1)
    await up.sql('INSERT INTO public.groups (id, created, updated, version, name, rank, open) VALUES ($1, now(), now(), 1, $2, $3, $4)', [
      id(n),
      some(['a', 'b', 'B', 'é']),
      some([1, 2, -0.5]),
      some([true, true, false]),
    ]);
  for (let n = 0; n < rows; n += 1)
    await up.sql(
      `INSERT INTO public.things (id, created, updated, version, word, width, price, flag, due, at, hidden, "group", veiled)
       VALUES ($1, now(), now(), 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        id(random.below(1_000) * 1_000 + n),
        some(['', 'a', 'A', 'aB', 'é', '😀', 'null', 'z']),
        some([0, 1, 3, 0.1, 1e300, -1e300, 1e-7]),
        some(['0', '0.10', '9007199254740993', `${'9'.repeat(60)}.5`]),
        some([true, false]),
        some(['0001-01-01', '2026-11-22', '9999-12-31']),
        some(['2026-11-22T00:00:00.001Z', '2026-11-22T00:00:00Z', '1969-12-31T23:59:59.999Z']),
        some([1, 2, 3]),
        some([id(0), id(1), id(2), id(3)]),
        some([id(4), id(5), id(6), id(7)]),
      ],
    );
}

interface Key {
  readonly path: string;
  readonly descending: boolean;
  readonly last: boolean;
}
const randomKeys = (random: Random): readonly Key[] =>
  [...new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(Object.keys(keys))))].map((path) => ({
    path,
    descending: random.chance(0.5),
    last: random.chance(0.4),
  }));
const print = ({ path, descending, last }: Key): string => `${descending ? '-' : ''}${path}${last ? ':last' : ''}`;

async function inOneGo(sort: readonly Key[]): Promise<readonly unknown[]> {
  const order = sort.map(
    ({ path, descending, last }) => `${keys[path]} ${descending ? 'DESC' : 'ASC'} NULLS ${descending && !last ? 'FIRST' : 'LAST'}`,
  );
  const found = await up.sql(
    `SELECT t.id FROM public.things t
     LEFT JOIN public.groups g ON g.id = t."group" AND g.open IS DISTINCT FROM false
     LEFT JOIN public.groups v ON v.id = CASE WHEN t.flag IS DISTINCT FROM true THEN t.veiled END AND v.open IS DISTINCT FROM false
     WHERE t.width IS DISTINCT FROM 3 ORDER BY ${order.join(', ')}, t.id ${sort[0]?.descending === true ? 'DESC' : 'ASC'}`,
  );
  return found.map(({ id }) => id);
}

/** All pages from here, in one direction. */
async function walk(sort: string, limit: number, way: 'next' | 'prev', from?: string): Promise<{ pages: string[][]; last: string }> {
  const pages: string[][] = [];
  let cursor = from;
  let last = '';
  do {
    const parameters = { sort, limit: String(limit), fields: 'id', ...(cursor === undefined ? {} : { cursor }) };
    const { status, body, text } = await up.send(`GET /records/things${query(parameters)}`, { token });
    if (status !== 200) throw new Error(text);
    pages.push(body.data.map((record: { id: string }) => record.id));
    cursor = body.page[way] ?? undefined;
    last = body.page[way === 'next' ? 'prev' : 'next'] ?? '';
    if (pages.length > rows + 5) throw new Error('a walk without an end');
  } while (cursor !== undefined);
  return { pages, last };
}

describe('walks by cursor', () => {
  test.each(seeds)('are the whole list, there and back, seed %d', async (seed) => {
    process.stdout.write(`seed ${seed}\n`);
    const random = randomness(seed);
    await fill(random);
    for (let round = 0; round < (long ? 200 : 12); round += 1) {
      const sort = randomKeys(random);
      const asked = sort.map(print).join();
      const limit = random.pick([3, 7, 20]);
      const whole = await inOneGo(sort);
      const { pages, last } = await walk(asked, limit, 'next');
      expect([asked, limit, pages.flat()]).toEqual([asked, limit, whole]);
      // Back from the last page: all that is before it, each page the right way round.
      const back = await walk(asked, limit, 'prev', last);
      expect([asked, limit, back.pages.toReversed().flat()]).toEqual([
        asked,
        limit,
        whole.slice(0, whole.length - (pages.at(-1)?.length ?? 0)),
      ]);
    }
  });
});

describe('a page deep in the list', () => {
  /** Blocks that the statement of a page touches, as the product makes it. */
  async function blocks(parameters: Readonly<Record<string, string>>, of = 'many'): Promise<{ touched: number; prev: string }> {
    const spy = jest.spyOn(up.app.base.database.app, 'texts');
    const { status, body } = await up.send(`GET /records/${of}${query(parameters)}`, { token });
    const statement = spy.mock.calls.map(([one]) => one).find(({ text }) => text.includes(`public."${of}"`));
    spy.mockRestore();
    if (status !== 200 || statement === undefined) throw new Error('no statement of a page was seen');
    const explain = async (): Promise<number> => {
      const [row] = await up.sql(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}`, statement.values ?? []);
      const [{ Plan: plan }] = JSON.parse(JSON.stringify(row?.['QUERY PLAN']));
      return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    };
    return { touched: await explain(), prev: body.page.prev };
  }

  const middle = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;

  /** The middle of three places, since a page may lie across two blocks or within one. */
  async function firstAndDeep(sort: string): Promise<{ first: number; deep: number; back: number }> {
    const common = { sort, limit: '20' };
    const { touched: first } = await blocks(common);
    const there: number[] = [];
    const andBack: number[] = [];
    for (const place of [0.7, 0.8, 0.9]) {
      const { body } = await up.send(`GET /records/many${query({ ...common, page: String(Math.floor((deepRows * place) / 20)) })}`, {
        token,
      });
      const deep = await blocks({ ...common, cursor: body.page.next });
      there.push(deep.touched);
      andBack.push((await blocks({ ...common, cursor: deep.prev })).touched);
    }
    process.stdout.write(`${sort}: first page ${first} blocks, deep pages ${there.join()}, back from them ${andBack.join()}\n`);
    expect(first).toBeGreaterThan(0);
    return { first, deep: middle(there), back: middle(andBack) };
  }

  test.each(['word', '-word', 'score', '-score', '-created'])('touches no more than the first: %s', async (sort) => {
    const { first, deep, back } = await firstAndDeep(sort);
    expect(deep).toBeLessThanOrEqual(1.5 * first);
    expect(back).toBeLessThanOrEqual(1.5 * first);
  });

  test('is found by its number without looking at the records before it, where an index holds what is sorted by and judged', async () => {
    const [{ blocks: all } = { blocks: NaN }] = await up.sql(`SELECT relpages AS blocks FROM pg_class WHERE oid = 'public.wide'::regclass`);
    const { touched } = await blocks({ sort: '-score', limit: '20', page: '500' }, 'wide');
    process.stdout.write(`page 500: ${touched} blocks, all records ${all}\n`);
    expect(touched).toBeLessThan(Number(all) / 4);
  });

  // Up to a thousand rows are passed over by a plan that is kept, more by one that is made for the offset.
  test.each([2, 50, 51, 52, 900])('is the rows of its place: page %d', async (page) => {
    const order = 'score DESC NULLS FIRST, word, id DESC';
    const rows = await up.sql(`SELECT id FROM public.many ORDER BY ${order} LIMIT 20 OFFSET ${(page - 1) * 20}`);
    for (let again = 0; again < 3; again += 1) {
      const { body } = await up.send(`GET /records/many${query({ sort: '-score,word', limit: '20', page: String(page) })}`, { token });
      expect(body.data.map(({ id }: { id: string }) => id)).toEqual(rows.map(({ id }) => id));
    }
  });
});
