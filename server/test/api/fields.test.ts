/** Every field type: its edge values through the API and psql, what it refuses, and what it may become. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fieldTypes } from '../../src/schema/fields/index.ts';
import { createClient } from '../../../sdk/src/index.ts';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
});
afterAll(() => up.close());

interface Case {
  readonly settings?: Record<string, unknown>;
  /** What is sent, what is read (the same unless given), and what psql shows. */
  readonly good: readonly (readonly [sent: unknown, sql: string | null, read?: unknown])[];
  readonly bad: readonly unknown[];
}
const long = 'x'.repeat(1_000);
const cases: Readonly<Record<string, Case>> = {
  text: {
    good: [
      ['', ''],
      ['a', 'a'],
      ['é😀\u200b', 'é😀\u200b'],
      ["'; DROP TABLE users; --", "'; DROP TABLE users; --"],
      ['\\ " \n\t', '\\ " \n\t'],
      [long, long],
      [null, null],
    ],
    bad: [1, true, [], {}, 'a\u0000', { $inc: 1 }],
  },
  richtext: {
    good: [
      ['<p>Hi <b>you</b></p>', '<p>Hi <b>you</b></p>'],
      ['<script>alert(1)</script>ok', 'ok', 'ok'],
      ['<img src=x onerror=alert(1)>', '<img src="x" />', '<img src="x" />'],
      ['<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'],
      [null, null],
    ],
    bad: [1, ['<p>']],
  },
  email: {
    good: [
      ['A@Example.COM', 'a@example.com', 'a@example.com'],
      ['ü@bücher.example', 'ü@xn--bcher-kva.example', 'ü@xn--bcher-kva.example'],
      [null, null],
    ],
    bad: ['a', 'a@', '@b.c', 'a b@c.d', 'a@b@c.d', 'a@b..c', 5, ''],
  },
  url: {
    good: [
      ['https://example.com/a?b=c#d', 'https://example.com/a?b=c#d'],
      ['http://localhost:1', 'http://localhost:1'],
      [null, null],
    ],
    bad: ['example.com', 'ftp://example.com', 'javascript:alert(1)', `https://example.com/${'x'.repeat(2_100)}`, 5],
  },
  number: {
    good: [
      [0, '0'],
      [-0, '0', 0],
      [1.5, '1.5'],
      [-1e300, '-1e+300'],
      [5e-324, '5e-324'],
      [0.1, '0.1'],
      [9007199254740991, '9.007199254740991e+15'],
      [null, null],
    ],
    bad: ['1', true, 1e301, [], {}],
  },
  decimal: {
    good: [
      ['12.50', '12.50'],
      ['-0.001', '-0.001'],
      ['99999999999999999999.99999', '99999999999999999999.99999'],
      [12.5, '12.5', '12.5'],
      [1e14, '100000000000000', '100000000000000'],
      ['0', '0'],
      [null, null],
    ],
    bad: ['1e5', 'x', '', ' 1', '1.', '.5', `1${'0'.repeat(100)}`, true, 0.1234567890123456],
  },
  bool: {
    good: [
      [true, 'true'],
      [false, 'false'],
      [null, null],
    ],
    bad: ['true', 0, 1, [], {}],
  },
  select: {
    settings: { values: ['a', "it's", 'ü'] },
    good: [
      ['a', 'a'],
      ["it's", "it's"],
      ['ü', 'ü'],
      [null, null],
    ],
    bad: ['b', '', 'A', 1, ['a']],
  },
  date: {
    good: [
      ['2026-01-31T12:00:00Z', '2026-01-31 12:00:00+00', '2026-01-31T12:00:00.000Z'],
      ['2026-01-31T12:00:00.1239+02:00', '2026-01-31 10:00:00.123+00', '2026-01-31T10:00:00.123Z'],
      ['0001-01-01T00:00:00Z', '0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000Z'],
      ['9999-12-31T23:59:59.999Z', '9999-12-31 23:59:59.999+00'],
      ['2024-02-29t00:00:00z', '2024-02-29 00:00:00+00', '2024-02-29T00:00:00.000Z'],
      [null, null],
    ],
    bad: [
      '2026-01-31',
      '2026-01-31T12:00:00',
      '2026-02-30T00:00:00Z',
      'infinity',
      '10000-01-01T00:00:00Z',
      '0000-01-01T00:00:00Z',
      '2026-01-31T24:00:00Z',
      1_700_000_000_000,
      '',
    ],
  },
  day: {
    good: [
      ['2026-01-31', '2026-01-31'],
      ['0001-01-01', '0001-01-01'],
      ['9999-12-31', '9999-12-31'],
      ['2024-02-29', '2024-02-29'],
      [null, null],
    ],
    bad: ['2026-02-29', '2026-1-1', '2026-01-31T00:00:00Z', 'today', 20260131, ''],
  },
  relation: {
    settings: { to: 'users' },
    good: [
      ['{ann}', '{ann}'],
      [null, null],
    ],
    bad: ['nope', '01a20080-0000-7000-8000-000000000000', 5, ['{ann}'], ''],
  },
  json: {
    good: [
      [{ a: [1, 'x', null, { b: true }], $inc: 1 }, '{"a": [1, "x", null, {"b": true}], "$inc": 1}'],
      [[], '[]'],
      ['text', '"text"'],
      [0, '0'],
      [false, 'false'],
      [null, null],
    ],
    bad: [{ a: 'x\u0000' }, { 'x\u0000': 1 }],
  },
  geo: {
    good: [
      [{ lat: 52.5, lon: 13.4 }, '(13.4,52.5)'],
      [{ lat: -90, lon: 180 }, '(180,-90)'],
      [null, null],
    ],
    bad: [{ lat: 91, lon: 0 }, { lat: 0, lon: 181 }, { lat: 0 }, { lat: 0, lon: 0, alt: 1 }, [0, 0], '0,0', { lat: '0', lon: 0 }],
  },
};
const filled = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('{ann}', ann.id));

test('every type that is listed has its table of values', () => {
  expect(
    fieldTypes
      .map(({ name }) => name)
      // What is computed is not sent, and what files hold was uploaded before: files.test.ts.
      .filter((name) => name !== 'computed' && name !== 'file')
      .sort(),
  ).toEqual(Object.keys(cases).sort());
});

describe.each(Object.entries(cases))('%s', (type, { settings = {}, good, bad }) => {
  const collection = `all_${type}`;
  const post = (f: unknown) => up.send(`POST /records/${collection}`, { token: up.owner, body: f === undefined ? {} : { f: filled(f) } });
  beforeAll(async () => {
    expect(
      (
        await up.send('POST /collections', {
          token: up.owner,
          body: { name: collection, fields: [{ name: 'f', type, ...settings }], rules: { list: 'true' } },
        })
      ).status,
    ).toBe(201);
  });

  test.each(good)('takes %j', async (sent, sql, read = sent) => {
    const made = await post(sent);
    expect([made.status, made.body.f]).toEqual([201, filled(read)]);
    const [row] = await up.sql(`SELECT f::text AS f FROM ${collection} WHERE id = $1`, [made.body.id]);
    expect(row).toEqual({ f: sql === null ? null : sql.replace('{ann}', ann.id) });
    expect((await up.send(`GET /records/${collection}/${made.body.id}`)).body.f).toEqual(filled(read));
    const again = await up.send(`PATCH /records/${collection}/${made.body.id}`, { token: up.owner, body: { f: made.body.f } });
    expect([again.status, again.body.f]).toEqual([200, filled(read)]);
  });

  test.each(bad.map((value) => [value]))('refuses %j', async (value) => {
    const before = await up.sql(`SELECT count(*) AS n FROM ${collection}`);
    const { status, body } = await post(value);
    expect([status, body.errors?.[0]?.pointer.split('/')[1]]).toEqual([422, 'f']);
    expect(await up.sql(`SELECT count(*) AS n FROM ${collection}`)).toEqual(before);
  });

  test('goes through the SDK and back', async () => {
    const client = createClient({ url: up.url, token: up.owner });
    for (const [sent, , read = sent] of good) {
      const made = await client.collection(collection).create({ f: filled(sent) });
      expect(made).toMatchObject({ f: filled(read) });
      expect(await client.collection(collection).get(String(made['id']))).toEqual(made);
      expect(await client.collection(collection).update(String(made['id']), made)).toMatchObject({ f: filled(read), version: 2 });
    }
    await expect(client.collection(collection).create({ f: bad[0] })).rejects.toMatchObject({ code: 'validation_failed', status: 422 });
  });

  test('is null where it was not sent', async () => {
    expect((await post(undefined)).body.f).toBeNull();
  });

  if (type !== 'json' && type !== 'geo') {
    test('is found again by its own value', async () => {
      for (const [sent, , read = sent] of good) {
        if (sent === null) continue;
        const filter = type === 'relation' ? `f == "${ann.id}"` : 'f == $v';
        const { status, body, text } = await up.send(`POST /records/${collection}/query`, {
          body: type === 'relation' ? { filter } : { filter, params: { v: read } },
        });
        if (status !== 200) throw new Error(text);
        expect(body.data.length).toBeGreaterThan(0);
        expect(new Set(body.data.map(({ f }: { f: unknown }) => JSON.stringify(type === 'decimal' ? Number(f) : f)))).toEqual(
          new Set([JSON.stringify(type === 'decimal' ? Number(read) : filled(read))]),
        );
      }
    });
  }
});

describe('computed', () => {
  test('follows what it is computed from, and is written by nobody', async () => {
    const made = await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'lines',
        fields: [
          { name: 'price', type: 'decimal' },
          { name: 'amount', type: 'number', integer: true },
          { name: 'total', type: 'computed', expr: 'round(price * amount, 2)' },
          { name: 'each_one', type: 'computed', expr: 'price / (amount - 1)' },
          { name: 'label', type: 'text' },
          { name: 'low', type: 'computed', expr: 'lower(coalesce(label, "None")) + "!"' },
          { name: 'dear', type: 'computed', expr: 'price > 10 && amount != 0 ? "dear" : "cheap"' },
        ],
        indexes: [{ fields: ['total'] }],
        rules: { list: 'true', create: 'total < 1000', update: 'next.total < 1000 && total < 500' },
      },
    });
    expect([made.status, made.body.fields?.map(({ returns }: { returns?: string }) => returns ?? null)]).toEqual([
      201,
      [null, null, 'decimal', 'decimal', null, 'text', 'text'],
    ]);
    const line = await up.send('POST /records/lines', { body: { price: '12.505', amount: 2, label: 'ÀB' } });
    expect(line.body).toMatchObject({ total: '25.01', dear: 'dear', low: 'Àb!' });
    const one = await up.send(`PATCH /records/lines/${line.body.id}`, { body: { amount: 1, label: null } });
    expect(one.body).toMatchObject({ total: '12.51', each_one: null, low: 'none!' });
    expect((await up.send('POST /records/lines', { body: { price: '100', amount: 10 } })).status).toBe(403);
    expect((await up.send(`PATCH /records/lines/${line.body.id}`, { body: { price: '5000' } })).status).toBe(403);
    expect((await up.send('POST /records/lines', { body: { total: '1' } })).body.errors[0]).toMatchObject({
      pointer: '/total',
      code: 'read_only',
    });
    expect(
      (await up.send(`GET /records/lines${query({ filter: 'total > 12.5 && low.startsWith("none")', sort: '-total' })}`)).body.data,
    ).toHaveLength(1);
  });

  test('follows renames, and is computed anew when it changes', async () => {
    const { body } = await up.send('GET /collections/lines', { token: up.owner });
    const fields = body.fields.map((field: { name: string }) => (field.name === 'price' ? { ...field, name: 'cost' } : field));
    const renamed = await up.send('PATCH /collections/lines', { token: up.owner, body: { fields } });
    expect([renamed.status, renamed.body.fields[2].expr]).toEqual([200, 'round(cost * amount, 2)']);
    const changed = renamed.body.fields.map((field: { name: string }) => (field.name === 'total' ? { ...field, expr: 'cost * 2' } : field));
    expect((await up.send('PATCH /collections/lines', { token: up.owner, body: { fields: changed } })).status).toBe(200);
    expect((await up.send('GET /records/lines')).body.data[0].total).toBe('25.010');
    expect(await up.sql(`SELECT count(*) AS n FROM pg_indexes WHERE tablename = 'lines' AND indexdef LIKE '%(total)'`)).toEqual([
      { n: '1' },
    ]);
    const without = renamed.body.fields.filter(({ name }: { name: string }) => name !== 'cost');
    const refused = await up.send('PATCH /collections/lines', { token: up.owner, body: { fields: without } });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/fields/1/expr']);
  });

  test.each([
    ['nope + 1', 'nope'],
    ['f + ', ''],
    ['f.x', ''],
    ['f == 1 ? "a" : 2', ''],
    ['auth.id', ''],
    ['exec(f)', 'exec'],
    ['"a" * 2', ''],
  ])('%s is refused at its place', async (expr, named) => {
    const { status, body } = await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'bad',
        fields: [
          { name: 'f', type: 'number' },
          { name: 'c', type: 'computed', expr },
        ],
      },
    });
    expect([status, body.errors[0].pointer]).toEqual([400, '/fields/1/expr']);
    expect(body.errors[0].message).toContain(named);
  });
});

describe('a field that gets another type', () => {
  const whole = { type: 'number', integer: true };
  test.each<[string, Record<string, unknown>, unknown[], Record<string, unknown>, unknown[]]>([
    ['text to whole number', { type: 'text' }, ['0', '-5', '42', null], whole, [0, -5, 42, null]],
    ['text to number', { type: 'text' }, ['1.5', '-2'], { type: 'number' }, [1.5, -2]],
    ['text to decimal', { type: 'text' }, ['1.50', '99999999999999999999'], { type: 'decimal' }, ['1.50', '99999999999999999999']],
    ['text to bool', { type: 'text' }, ['true', 'false', null], { type: 'bool' }, [true, false, null]],
    ['text to date', { type: 'text' }, ['2026-01-31T12:00:00.000Z'], { type: 'date' }, ['2026-01-31T12:00:00.000Z']],
    ['text to day', { type: 'text' }, ['2026-01-31'], { type: 'day' }, ['2026-01-31']],
    ['text to select', { type: 'text' }, ['a', 'b'], { type: 'select', values: ['a', 'b'] }, ['a', 'b']],
    ['text to relation', { type: 'text' }, ['{ann}', null], { type: 'relation', to: 'users' }, ['{ann}', null]],
    ['select to text', { type: 'select', values: ['a'], default: 'a' }, ['a'], { type: 'text' }, ['a']],
    ['whole number to number', { ...whole, default: 1, required: true }, [1, 2], { type: 'number', default: 1.5, required: true }, [1, 2]],
    ['whole number to decimal', whole, [1, 9007199254740991], { type: 'decimal' }, ['1', '9007199254740991']],
    ['number to decimal', { type: 'number' }, [0.1, 1.5], { type: 'decimal' }, ['0.1', '1.5']],
    ['number to text', { type: 'number' }, [1.5], { type: 'text' }, ['1.5']],
    ['date to text', { type: 'date' }, ['2026-01-31T12:00:00.000Z'], { type: 'text' }, ['2026-01-31T12:00:00.000Z']],
    ['relation to text', { type: 'relation', to: 'users' }, ['{ann}'], { type: 'text' }, ['{ann}']],
    ['one to many', { type: 'relation', to: 'users' }, ['{ann}', null], { type: 'relation', to: 'users', many: true }, [['{ann}'], []]],
    ['many to one', { type: 'relation', to: 'users', many: true }, [['{ann}'], []], { type: 'relation', to: 'users' }, ['{ann}', null]],
  ])('%s keeps every value', async (_name, from, values, to, expected) => {
    const name = `conv_${Math.random().toString(36).slice(2, 10)}`;
    const made = await up.send('POST /collections', {
      token: up.owner,
      body: {
        name,
        fields: [
          { name: 'f', ...from },
          { name: 'n', type: 'number' },
        ],
      },
    });
    for (const [n, f] of values.entries())
      expect((await up.send(`POST /records/${name}`, { token: up.owner, body: { n, f: filled(f) } })).status).toBe(201);
    const [field, n] = made.body.fields;
    const changed = await up.send(`PATCH /collections/${name}`, {
      token: up.owner,
      body: { fields: [{ id: field.id, name: 'f', ...to }, n] },
    });
    if (changed.status !== 200) throw new Error(changed.text);
    const { body } = await up.send(`GET /records/${name}?sort=n`, { token: up.owner });
    expect(body.data.map(({ f }: { f: unknown }) => f)).toEqual(filled(expected));
    expect((await up.send(`POST /records/${name}`, { token: up.owner, body: { n: 99, f: filled(expected[0]) } })).status).toBe(201);
  });

  test.each<[string, Record<string, unknown>, unknown[], Record<string, unknown>, number]>([
    ['text to whole number', { type: 'text' }, ['1', ' 2', '03', '4.0', 'x', '9007199254740993'], whole, 5],
    ['text to bool', { type: 'text' }, ['true', 'yes', 't'], { type: 'bool' }, 2],
    ['text to date', { type: 'text' }, ['2026-01-31', '2026-13-01T00:00:00.000Z', '2026-01-31T12:00:00.000Z'], { type: 'date' }, 2],
    ['text to relation', { type: 'text' }, ['01a20080-0000-7000-8000-000000000000', 'x'], { type: 'relation', to: 'users' }, 2],
    ['text to select', { type: 'text' }, ['a', 'b'], { type: 'select', values: ['a'] }, 1],
    ['many to one', { type: 'relation', to: 'users', many: true }, [['{ann}', '{owner}']], { type: 'relation', to: 'users' }, 1],
  ])('%s is refused with the number of values that do not fit', async (_name, from, values, to, misfits) => {
    const { id: second } = await up.account(`second${Math.random().toString(36).slice(2, 8)}`);
    const name = `conv_${Math.random().toString(36).slice(2, 10)}`;
    const made = await up.send('POST /collections', { token: up.owner, body: { name, fields: [{ name: 'f', ...from }] } });
    for (const f of values)
      expect(
        (
          await up.send(`POST /records/${name}`, {
            token: up.owner,
            body: { f: JSON.parse(JSON.stringify(filled(f)).replace('{owner}', second)) },
          })
        ).status,
      ).toBe(201);
    const refused = await up.send(`PATCH /collections/${name}`, {
      token: up.owner,
      body: { fields: [{ id: made.body.fields[0].id, name: 'f', ...to }] },
    });
    expect([refused.status, refused.body.errors?.[0].message]).toEqual([422, expect.stringContaining(`${misfits} records`)]);
    expect((await up.send(`GET /records/${name}`, { token: up.owner })).body.data).toHaveLength(values.length);
  });

  test.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ type: 'decimal' }, { type: 'number' }],
    [{ type: 'number' }, whole],
    [{ type: 'json' }, { type: 'text' }],
    [{ type: 'text' }, { type: 'email' }],
    [{ type: 'date' }, { type: 'day' }],
    [{ type: 'bool' }, { type: 'number' }],
    [
      { type: 'relation', to: 'users' },
      { type: 'relation', to: 'lines' },
    ],
  ])('from %j to %j is not possible', async (from, to) => {
    const name = `conv_${Math.random().toString(36).slice(2, 10)}`;
    const made = await up.send('POST /collections', { token: up.owner, body: { name, fields: [{ name: 'f', ...from }] } });
    const refused = await up.send(`PATCH /collections/${name}`, {
      token: up.owner,
      body: { fields: [{ id: made.body.fields[0].id, name: 'f', ...to }] },
    });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/fields/0/type']);
  });
});
