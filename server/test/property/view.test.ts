/**
 * What comes back is what the rules say, no more and no less: random rules, and random lists, aggregates and records asked for
 * over HTTP by callers of several kinds, each answer compared with one worked out row by row. Every request is asked by callers
 * of one kind in turn and again, before and after a moment at which rules turn, with other constants in the same words: so plans
 * are found again that were written for somebody else, for another value or at another time.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { schemaOf } from '../../src/schema/load.ts';
import { systemCtx } from '../../src/ctx.ts';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { randomAggregate, randomCollection, randomList, randomRead, spellAggregate, spellList, turn } from './asking.ts';
import { Judge } from './judge.ts';
import { Owed, Refused, type AggregateRequest, type ListRequest, type Whole } from './owed.ts';
import { randomness, type Random } from './random.ts';
import { defineWorld, fillWorld, idOf, readWorld } from './world.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const ofTheDay = Number(process.env['SEED'] ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const seeds = process.env['SEED'] === undefined ? [1, 2, ofTheDay] : [ofTheDay];
const rounds = long ? 20 : 2;
const requests = long ? 60 : 16;

/** The moments at which is asked. */
const moments = [turn - 180_000, turn + 60_000];
let up: TestApp;
const tokens: (string | undefined)[] = [];
const kinds = [0, 1, 2, 3, 4];
/** Those of one kind in alternation, then the others, then the first again. */
const turns = [1, 2, 1, 2, 4, 0, 3, 1];

beforeAll(async () => {
  up = await startTestApp();
  await defineWorld(up);
  await fillWorld(up, randomness(7));
  await up.account('model');
  const users = (await schemaOf(systemCtx(up.app.base))).byName;
  for (const [collection, index] of [
    ['users', 0],
    ['users', 1],
    ['staff', 0],
    ['users', 9],
  ] as const) {
    const values = [users.get(collection)?.id, idOf(collection, index)];
    await up.sql(
      'INSERT INTO underpin.credentials SELECT $1, $2, password_hash, changed FROM underpin.credentials ORDER BY changed DESC LIMIT 1',
      values,
    );
  }
}, 60_000);
afterAll(() => up.close());

async function at(moment: number): Promise<void> {
  up.ahead = moment - Date.now();
  // He who asked before the moment asks after it: what is remembered of him is his.
  if (moment !== moments[0]) return;
  tokens.splice(0);
  tokens.push(undefined);
  for (const [collection, index] of [
    ['users', 0],
    ['users', 1],
    ['staff', 0],
    ['users', 9],
  ] as const) {
    const answer = await up.send(`POST /auth/${collection}/sign-in`, { body: { email: `account${index}@example.com`, password } });
    expect(answer.status).toBe(200);
    tokens.push(answer.body.accessToken);
  }
}

/** Other rules for every collection; what the product does not take is tried again with others. */
async function changeRules(random: Random): Promise<void> {
  for (const collection of ['teams', 'staff', 'posts', 'notes', 'users']) {
    const { fields } = (await up.send(`GET /collections/${collection}`, { token: up.owner })).body;
    let status = 0;
    for (let tries = 0; tries < 20 && status !== 200; tries += 1) {
      const view = random.chance(0.5) ? { view: randomRead(random, collection) } : {};
      const masked = fields.map((field: { name: string; rules?: object }) => {
        const read = random.chance(0.25) ? randomRead(random, collection) : undefined;
        return { ...field, rules: { ...field.rules, read } };
      });
      const list = random.chance(0.5) ? 'true' : randomRead(random, collection);
      const guard = collection === 'users' && random.chance(0.3) ? 'team == auth.team' : null;
      const body = { fields: masked, guard, rules: { create: 'true', update: 'true', delete: 'true', list, ...view } };
      ({ status } = await up.send(`PATCH /collections/${collection}`, { token: up.owner, body }));
    }
    expect(status).toBe(200);
  }
}

async function readWhole(): Promise<Whole> {
  const whole = new Map<string, Readonly<Record<string, unknown>>>();
  for (const collection of ['teams', 'staff', 'posts', 'notes', 'users'])
    for (const record of (await up.send(`GET /records/${collection}?limit=500`, { token: up.owner })).body.data)
      whole.set(`${collection}/${record.id}`, record);
  return whole;
}

/** What was compared, so that a suite that compares nothing is noticed. */
interface Seen {
  answers: number;
  records: number;
  hidden: number;
  refused: number;
  expanded: number;
  groups: number;
}

type Round = readonly { readonly owed: Owed; readonly judge: Judge; readonly who: number; readonly token: string | undefined }[];

async function roundOf(whole: Whole, now: number): Promise<Round> {
  const known = await readWorld(up);
  return kinds.map((who) => {
    const context = known.callers[who]?.caller.fold;
    if (context === undefined) throw new Error('no such caller');
    const judge = new Judge(known, { ...context, now });
    return { judge, owed: new Owed(judge, whole), who, token: tokens[who] };
  });
}

const refusals = (collection: string, { judge, who }: Round[number], work: () => unknown): unknown => {
  if (!judge.isThere(judge.collection(collection))) return { status: who === 0 ? 401 : 404 };
  try {
    return work();
  } catch (error) {
    if (error instanceof Refused) return { status: 400 };
    throw error;
  }
};
const forbidden = (who: number): object => ({ status: who === 0 ? 401 : 403 });

async function askList(request: ListRequest, one: Round[number], seen: Seen): Promise<[unknown, unknown]> {
  const { request: line, body } = spellList(request);
  const answer = await up.send(line, { ...(one.token === undefined ? {} : { token: one.token }), body });
  const owed = refusals(request.collection, one, () => {
    const { data, total, more } = one.owed.list(request);
    if (one.judge.list(one.judge.collection(request.collection)).never) return forbidden(one.who);
    seen.records += data.length;
    seen.hidden += one.judge.rows(request.collection).length - total;
    seen.expanded += data.filter((record) => 'expand' in record).length;
    return { status: 200, data, total, more };
  });
  const { data, page } = answer.body;
  return [answer.status === 200 ? { status: 200, data, total: page.total, more: page.next !== null } : { status: answer.status }, owed];
}

async function askAggregate(request: AggregateRequest, one: Round[number], seen: Seen): Promise<[unknown, unknown]> {
  const { request: line, body } = spellAggregate(request);
  const answer = await up.send(line, { ...(one.token === undefined ? {} : { token: one.token }), body });
  const plain = (rows: readonly object[]): readonly string[] =>
    rows
      .map((row) =>
        JSON.stringify(
          Object.entries(row)
            .map(([name, value]) => [name.replaceAll('.', '_'), name === 's' && typeof value === 'number' ? value.toFixed(6) : value])
            .sort(),
        ),
      )
      .sort();
  const owed = refusals(request.collection, one, () => {
    const data = one.owed.aggregate(request);
    if (one.judge.list(one.judge.collection(request.collection)).never) return forbidden(one.who);
    seen.groups += data.length;
    return { status: 200, data: plain(data) };
  });
  return [answer.status === 200 ? { status: 200, data: plain(answer.body.data) } : { status: answer.status }, owed];
}

async function askRecord(request: ListRequest, index: number, one: Round[number]): Promise<[unknown, unknown]> {
  const collection = one.judge.collection(request.collection);
  const rows = one.judge.rows(request.collection);
  const row = rows[index % rows.length] ?? {};
  const { request: line } = spellList({ ...request, limit: 30 });
  const parameters = new URLSearchParams(line.split('?')[1]);
  for (const name of ['limit', 'count', 'sort', 'filter', 'p.x']) parameters.delete(name);
  const answer = await up.send(
    `GET /records/${collection.name}/${String(row['id'])}?${parameters.toString()}`,
    one.token === undefined ? {} : { token: one.token },
  );
  const owed = refusals(request.collection, one, () => {
    const record = one.owed.get(collection, row, request);
    if (one.judge.view(collection).never) return forbidden(one.who);
    return record === undefined ? { status: 404 } : { status: 200, body: record };
  });
  return [answer.status === 200 ? { status: 200, body: answer.body } : { status: answer.status }, owed];
}

type Difference = { readonly asked: unknown; readonly by: number; readonly got: unknown; readonly owed: unknown };

/** One request by all, at the present moment; the constants change from asking to asking. */
async function askAll(random: Random, round: Round, asked: Asked, seen: Seen): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const [index, who] of turns.entries()) {
    const one = round[who];
    if (one === undefined) throw new Error('no such caller');
    const params = { x: random.pick([0, 1, 1.5, -1]) };
    const { kind, request } = asked;
    const [got, owed] =
      kind === 'list'
        ? await askList({ ...request, params }, one, seen)
        : kind === 'aggregate'
          ? await askAggregate({ ...request, params }, one, seen)
          : await askRecord(request, asked.row + (index >> 2), one);
    seen.answers += 1;
    if (JSON.stringify(owed) === '{"status":400}') seen.refused += 1;
    if (!isSame(got, owed)) differences.push({ asked: { ...asked, params }, by: who, got, owed });
  }
  return differences;
}
const isSame = (a: unknown, b: unknown): boolean => {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
};

type Asked =
  | { readonly kind: 'list'; readonly request: ListRequest }
  | { readonly kind: 'aggregate'; readonly request: AggregateRequest }
  | { readonly kind: 'record'; readonly request: ListRequest; readonly row: number };
/** What is asked of one record takes no filter, and no values for one. */
function withoutFilters(request: ListRequest): ListRequest {
  const { filter: _filter, ...rest } = request;
  const bare = (expand: ListRequest['expand']): ListRequest['expand'] =>
    Object.fromEntries(
      Object.entries(expand).map(([name, { filter: _inner, ...one }]) => [
        name,
        { ...one, ...(one.expand ? { expand: bare(one.expand) } : {}) },
      ]),
    );
  return { ...rest, sort: [], expand: bare(request.expand) };
}

const randomAsked = (random: Random): Asked =>
  random.branch<Asked>([
    [4, () => ({ kind: 'list', request: randomList(random) })],
    [2, () => ({ kind: 'aggregate', request: randomAggregate(random) })],
    [
      1,
      () => ({
        kind: 'record',
        request: withoutFilters({ ...randomList(random), collection: randomCollection(random), expand: {} }),
        row: random.below(50),
      }),
    ],
    [1, () => ({ kind: 'record', request: withoutFilters(randomList(random)), row: random.below(50) })],
  ]);

describe('what comes back is what the rules say', () => {
  test.each(seeds)(
    'with the rules and requests of seed %d',
    async (seed) => {
      const random = randomness(seed);
      const seen: Seen = { answers: 0, records: 0, hidden: 0, refused: 0, expanded: 0, groups: 0 };
      const differences: Difference[] = [];
      for (let round = 0; round < rounds && differences.length === 0; round += 1) {
        up.ahead = 0;
        await changeRules(random);
        const whole = await readWhole();
        const asked = Array.from({ length: requests }, () => randomAsked(random));
        for (const moment of moments) {
          await at(moment);
          const now = await roundOf(whole, moment);
          for (const one of asked) differences.push(...(await askAll(random, now, one, seen)));
        }
      }
      process.stdout.write(`seed ${seed}: ${JSON.stringify(seen)}\n`);
      for (const one of differences.slice(0, 3)) process.stdout.write(`${JSON.stringify(one)}\n`);
      expect(differences.slice(0, 1)).toEqual([]);
      expect(Object.entries(seen).filter(([, count]) => count < 10)).toEqual([]);
    },
    long ? 900_000 : 60_000,
  );
});

describe('what a rule says of the moment', () => {
  test('holds for a request in the same words after it as before', async () => {
    up.ahead = 0;
    const soon = `timestamp(${JSON.stringify(new Date(turn).toISOString())})`;
    const make = async (body: unknown): Promise<string> => (await up.send('POST /collections', { token: up.owner, body })).body.name;
    const rules = { list: `now >= ${soon}`, view: `now >= ${soon}` };
    expect(await make({ name: 'gates', fields: [{ name: 'word', type: 'text' }], rules })).toBe('gates');
    const fields = [
      { name: 'gate', type: 'relation', to: 'gates' },
      { name: 'gates', type: 'relation', to: 'gates', many: true },
      { name: 'early', type: 'text', rules: { read: `now < ${soon}` } },
    ];
    expect(await make({ name: 'ways', fields, rules: { list: 'true' } })).toBe('ways');
    const gate = (await up.send('POST /records/gates', { token: up.owner, body: { word: 'x' } })).body.id;
    await up.send('POST /records/ways', { token: up.owner, body: { gate, gates: [gate], early: 'y' } });
    const asked = ['expand=gate', 'expand=gates', 'fields=early', 'filter=early=="y"', 'sort=early'];
    const answers = async (): Promise<readonly unknown[]> =>
      Promise.all(
        asked.map(async (text) => {
          const { status, body } = await up.send(`GET /records/ways?${text}`);
          return [status, body.data?.length, [body.data?.[0]?.expand?.gate, body.data?.[0]?.expand?.gates?.[0]].map((one) => one?.word)];
        }),
      );
    const none = [undefined, undefined];
    const before = [
      [200, 1, none],
      [200, 1, none],
      [200, 1, none],
      [200, 1, none],
      [200, 1, none],
    ];
    const refused = [400, undefined, none];
    const after = [[200, 1, ['x', undefined]], [200, 1, [undefined, 'x']], refused, refused, refused];
    up.ahead = turn - 60_000 - Date.now();
    expect([await answers(), await answers()]).toEqual([before, before]);
    up.ahead = turn + 60_000 - Date.now();
    expect([await answers(), await answers()]).toEqual([after, after]);
  });
});
