/** Several writes as one: in order, with references, all or none, and few statements. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startTestApp, type Answer, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const make = async (body: unknown): Promise<void> =>
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  const owned = { name: 'owner', type: 'relation', to: 'users', default: { expr: 'auth.id' } };
  await make({
    name: 'orders',
    fields: [{ name: 'number', type: 'number', integer: true }, { name: 'note', type: 'json' }, owned],
    indexes: [{ fields: ['number'], unique: true }],
    rules: { list: 'owner == auth.id', create: 'next.owner == auth.id', update: 'owner == auth.id', delete: 'owner == auth.id' },
  });
  await make({
    name: 'lines',
    fields: [
      { name: 'order', type: 'relation', to: 'orders', required: true, onDelete: 'cascade', inverse: 'lines' },
      { name: 'amount', type: 'number', integer: true, min: 1 },
      { name: 'also', type: 'relation', to: 'orders', many: true, onDelete: 'set null' },
    ],
    rules: { list: 'order.owner == auth.id', create: 'auth != null' },
  });
  await make({
    name: 'tickets',
    fields: [{ name: 'code', type: 'text', rules: { write: '!collections.tickets.exists(t, t.code == next.code)' } }],
    rules: { list: 'auth != null', create: 'auth != null' },
  });
  await make({
    name: 'seats',
    fields: [{ name: 'row', type: 'text' }, owned],
    rules: { list: 'auth != null', create: 'collections.seats.all(s, s.owner != auth.id || s.row != record.row)' },
  });
});
afterAll(() => up.close());

const batch = (operations: unknown, token = ann.token, headers = {}): Promise<Answer> =>
  up.send('POST /batch', { token, body: { operations }, headers });
const count = async (table: string): Promise<number> => Number((await up.sql(`SELECT count(*) AS n FROM public."${table}"`))[0]?.['n']);

describe('a batch', () => {
  test('does all in order, and each sees what those before it made', async () => {
    const { status, body } = await batch([
      { op: 'create', collection: 'orders', as: 'o', data: { number: 1, note: { $ref: 'o.id' } } },
      { op: 'create', collection: 'lines', data: { order: { $ref: 'o.id' }, amount: 2, also: [{ $ref: 'o.id' }] } },
      { op: 'create', collection: 'lines', as: 'l', data: { order: { $ref: 'o.id' }, amount: 3 } },
      { op: 'update', collection: 'orders', id: { $ref: 'o.id' }, data: { number: 2 }, ifVersion: 1 },
      { op: 'upsert', collection: 'orders', onConflict: 'number', data: { number: 2, note: 'again' } },
      { op: 'create', collection: 'lines', as: 'gone', data: { order: { $ref: 'o.id' }, amount: 4 } },
      { op: 'delete', collection: 'orders', id: { $ref: 'o.id' }, ifVersion: 3 },
    ]);
    expect([status, body.code]).toEqual([200, undefined]);
    const [order, first, second, changed, upserted, , deleted] = body.results;
    expect([order.number, order.note, order.owner]).toEqual([1, { $ref: 'o.id' }, ann.id]);
    expect([first.order, first.also, second.order, second.amount]).toEqual([order.id, [order.id], order.id, 3]);
    expect([changed.id, changed.number, changed.version]).toEqual([order.id, 2, 2]);
    expect([upserted.id, upserted.note, upserted.version, deleted]).toEqual([order.id, 'again', 3, null]);
    expect([await count('orders'), await count('lines')]).toEqual([0, 0]);
  });

  test('of fifty creates in two collections is one transaction, and one statement for each table', async () => {
    const order = { op: 'create', collection: 'orders', as: 'o', data: { number: 10 } };
    const lines = Array.from({ length: 49 }, (_one, index) => ({
      op: 'create',
      collection: 'lines',
      data: { order: { $ref: 'o.id' }, amount: index + 1 },
    }));
    const before = await up.sql('SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()');
    const spied: string[] = [];
    const { app } = up.app.base.database;
    const transaction = jest.spyOn(app, 'transaction').mockImplementation(function (this: unknown, fn) {
      transaction.mockRestore();
      return app.transaction((db) => {
        const watched = (inner: typeof db): typeof db => ({
          ...inner,
          texts: (statement) => (spied.push(statement.text), inner.texts(statement)),
          transaction: (work) => inner.transaction((deeper) => work(watched(deeper))),
        });
        return fn(watched(db));
      });
    });
    const { status, body } = await batch([order, ...lines]);
    expect([status, body.results.length, before.length]).toEqual([200, 50, 1]);
    expect(body.results.slice(1).map(({ amount }: { amount: number }) => amount)).toEqual(lines.map((_line, index) => index + 1));
    expect(spied.filter((text) => text.includes('INTO public."lines"')).length).toBeLessThanOrEqual(3);
    expect(spied.length).toBeLessThanOrEqual(6);
    expect(await count('lines')).toBe(49);
  });

  test('that fails at its last operation has written nothing, and says where', async () => {
    const before = [await count('orders'), await count('lines')];
    const good = Array.from({ length: 20 }, (_one, index) => ({ op: 'create', collection: 'orders', data: { number: 100 + index } }));
    for (const [bad, code, pointer] of [
      [{ op: 'create', collection: 'orders', data: { number: 10 } }, 'unique_violation', '/operations/20/data/number'],
      [{ op: 'create', collection: 'orders', data: { number: 105 } }, 'unique_violation', '/operations/20/data/number'],
      [{ op: 'create', collection: 'orders', data: { number: 'x' } }, 'validation_failed', '/operations/20/data/number'],
      [{ op: 'create', collection: 'orders', data: { nothing: 1 } }, 'unknown_field', '/operations/20/data/nothing'],
      [{ op: 'create', collection: 'orders', data: { number: 300, owner: bob.id } }, 'rule_denied', '/operations/20'],
      [{ op: 'create', collection: 'orders', data: { number: 300, owner: null } }, 'rule_denied', '/operations/20'],
      [{ op: 'update', collection: 'orders', id: ann.id, data: { number: 1 } }, 'not_found', '/operations/20'],
      [{ op: 'create', collection: 'nothing', data: {} }, 'not_found', '/operations/20'],
    ] as const) {
      const { body } = await batch([...good, bad]);
      expect([body.code, body.errors[0].pointer]).toEqual([code, pointer]);
    }
    expect([await count('orders'), await count('lines')]).toEqual(before);
  });

  test('tells of the first that fails, whichever is found first', async () => {
    const { body } = await batch([
      { op: 'create', collection: 'orders', data: { number: 400 } },
      { op: 'create', collection: 'orders', data: { number: 400 } },
      { op: 'create', collection: 'orders', data: { nothing: true } },
    ]);
    expect([body.code, body.errors[0].pointer]).toEqual(['unique_violation', '/operations/1/data/number']);
  });

  test('lets a rule that looks at its own collection see those before it', async () => {
    const seat = (row: string) => ({ op: 'create', collection: 'seats', data: { row } });
    expect((await batch([seat('a'), seat('b')])).status).toBe(200);
    const twice = await batch([seat('c'), seat('c')]);
    expect([twice.status, twice.body.errors[0].pointer]).toEqual([403, '/operations/1']);
    expect(await count('seats')).toBe(2);
  });

  test('lets the rule of a field see them too', async () => {
    const ticket = (code: string) => ({ op: 'create', collection: 'tickets', data: { code } });
    expect((await batch([ticket('a'), ticket('b')])).status).toBe(200);
    const twice = await batch([ticket('c'), ticket('c')]);
    expect([twice.status, twice.body.errors?.[0]?.pointer]).toEqual([403, '/operations/1/data/code']);
    expect(await count('tickets')).toBe(2);
  });

  test('goes by the caller’s rules, and refers unseen only to what it made itself', async () => {
    const [made] = (await batch([{ op: 'create', collection: 'orders', data: { number: 500 } }])).body.results;
    const foreign = await batch([{ op: 'create', collection: 'lines', data: { order: made.id, amount: 1 } }], bob.token);
    expect([foreign.status, foreign.body.code]).toEqual([422, 'reference_violation']);
    // A record of another collection with the id of one that he may not see.
    const alias = [{ op: 'create', collection: 'seats', as: 's', data: { id: made.id, row: 'x' } }];
    const line = { op: 'create', collection: 'lines', data: { order: { $ref: 's.id' }, amount: 1 } };
    const through = await batch([...alias, line], bob.token);
    expect([through.status, through.body.code, through.body.errors[0].pointer]).toEqual([
      422,
      'reference_violation',
      '/operations/1/data/order',
    ]);
    const anonymous = await up.send('POST /batch', { body: { operations: [{ op: 'create', collection: 'orders', data: {} }] } });
    expect(anonymous.status).toBe(401);
  });

  test('with an idempotency key is done once', async () => {
    const headers = { 'Idempotency-Key': 'a-key-of-one-batch-0001' };
    const operations = [{ op: 'create', collection: 'orders', data: { number: 600 } }];
    const [first, second] = [await batch(operations, ann.token, headers), await batch(operations, ann.token, headers)];
    expect([first.text, second.headers.get('idempotency-replayed')]).toEqual([second.text, 'true']);
  });

  const create = { op: 'create', collection: 'orders', data: {} };
  test.each<[string, unknown, string, string]>([
    ['what is no list', {}, 'invalid_request', '/operations'],
    ['another operation', [{ op: 'replace', collection: 'orders' }], 'invalid_request', '/operations/0/op'],
    ['a member that is not known', [{ ...create, more: 1 }], 'invalid_request', '/operations/0/more'],
    ['an operation without its data', [{ op: 'create', collection: 'orders' }], 'invalid_request', '/operations/0/data'],
    [
      'a name twice',
      [
        { ...create, as: 'a' },
        { ...create, as: 'a' },
      ],
      'invalid_request',
      '/operations/1/as',
    ],
    ['a reference to nothing', [{ ...create, data: { owner: { $ref: 'x.id' } } }], 'invalid_request', '/operations/0/data/owner/$ref'],
    [
      'a reference to what comes later',
      [
        { op: 'delete', collection: 'orders', id: { $ref: 'b.id' } },
        { ...create, as: 'b' },
      ],
      'invalid_request',
      '/operations/0/id/$ref',
    ],
    [
      'a reference to itself',
      [{ ...create, as: 'a', data: { owner: { $ref: 'a.id' } } }],
      'invalid_request',
      '/operations/0/data/owner/$ref',
    ],
    ['more than 200', Array.from({ length: 201 }, () => create), 'limit_exceeded', '/operations'],
  ])('refuses %s', async (_name, operations, code, pointer) => {
    const before = await count('orders');
    const { status, body } = await batch(operations);
    expect([status, body.code, body.errors[0].pointer, await count('orders')]).toEqual([400, code, pointer, before]);
  });
});
