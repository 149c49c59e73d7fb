/** Advice on indexes: where a list goes through a table that an index would spare it, and nowhere else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { query, startTestApp, type Answer, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };

type Fields = readonly (readonly string[])[];
const make = async (definition: Readonly<Record<string, unknown>>): Promise<void> => {
  const { status, text } = await up.send('POST /collections', { token: up.owner, body: definition });
  expect({ status, problem: status === 201 ? '' : text }).toEqual({ status: 201, problem: '' });
};
const advice = async (name: string): Promise<Answer['body'][]> => {
  const answer = await up.send(`GET /collections/${name}/advice`, { token: up.owner });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.advice;
};
const fieldsOf = async (name: string): Promise<Fields> => (await advice(name)).map(({ fields }) => fields);
const ask = async (path: string, parameters: Readonly<Record<string, string>>, token = up.owner): Promise<void> =>
  expect(await up.send(`GET /records/${path}${query(parameters)}`, { token })).toMatchObject({ status: 200 });

const texts = ['sku', 'state', 'code', 'secret', 'taken', 'pair'];
const fields = [
  ...texts.map((name) => ({ name, type: 'text', ...(name === 'secret' ? { rules: { read: 'owner == auth.id' } } : {}) })),
  { name: 'weight', type: 'number', integer: true },
  { name: 'rank', type: 'number', integer: true },
  { name: 'owner', type: 'relation', to: 'users' },
  { name: 'meta', type: 'json' },
];

/** Records past the API: each `sku`, `code` and `pair` is had by five, `state` is one of two, numbers are spread. */
async function fill(name: string, count = 5_000): Promise<void> {
  await up.sql(`INSERT INTO public.${name} (id, created, updated, sku, state, code, secret, taken, pair, weight, rank, owner, meta)
    SELECT gen_random_uuid(), now() - i * interval '1 s', now(), 'sku' || i % ${count / 5}, CASE WHEN i % 10 = 0 THEN 'open' ELSE 'shut' END,
           'code' || i % ${count / 5}, 'secret' || i % ${count / 5}, 'taken' || i, 'pair' || i % ${count / 5}, i * 7919::int8 % ${count}, i * 104729::int8 % ${count}, NULL, '{}'
    FROM generate_series(1, ${count}) i`);
  // Every record is looked at, so that what is reckoned with is the same in every run.
  await up.sql(`ALTER TABLE public.${name} ALTER sku SET STATISTICS 5000`);
  await up.sql(`ANALYZE public.${name}`);
}

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
});
afterAll(() => up.close());

describe('of what was asked', () => {
  const rules = { list: 'true', view: 'true' };
  const cases: readonly (readonly [name: string, asked: Readonly<Record<string, string>>, advised: Fields])[] = [
    ['one value of a field, in the order of every list', { filter: "sku == 'sku7'" }, [['sku', '-created']]],
    ['one value, and an order', { filter: "sku == 'sku7'", sort: '-weight' }, [['sku', '-weight']]],
    ['two values and an order', { filter: "sku == 'sku7' && code == 'code7'", sort: 'rank' }, [['code', 'sku', 'rank']]],
    ['a range', { filter: 'weight < 20' }, [['weight']]],
    ['a range in its own order', { filter: 'weight < 20', sort: '-weight' }, [['-weight']]],
    ['one value and a range', { filter: "state == 'open' && weight < 100" }, [['state', 'weight']]],
    ['an order alone', { sort: '-rank' }, [['-rank']]],
    ['an order with what is absent at the other end, which no plain index has', { sort: '-rank:last' }, []],
    ['the beginning of a text', { filter: "sku.startsWith('sku777')" }, [['sku']]],
    ['two values of which either does', { filter: "sku == 'sku7' || code == 'code9'" }, [['sku'], ['code']]],
    ['one value of which either does, and a condition that no index serves', { filter: "sku == 'sku7' || code.contains('9')" }, []],
    ['what almost all have', { filter: "state == 'shut'" }, []],
    ['its contrary', { filter: "!(sku == 'sku7')" }, []],
    ['a part of a text', { filter: "sku.contains('77')" }, []],
    ['a value in json', { filter: "meta.plan == 'pro'" }, []],
    ['the id', { filter: `id == '${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}'` }, []],
    ['a relation', { filter: 'owner == null' }, []],
    ['a field of another record', { filter: "owner.name == 'ann'" }, []],
    ['one that another record has', { filter: 'sku == owner.name' }, []],
    ['what has an index already', { filter: "taken == 'taken7'" }, []],
    ['what an index leads with, in the contrary order', { filter: "pair == 'pair7'", sort: '-weight' }, []],
    ['everything', {}, []],
    ['the order of every list, the other way round', { sort: 'created' }, []],
  ];
  const indexes = [{ fields: ['taken'], unique: true }, { fields: ['pair', 'weight'] }];

  beforeAll(async () => {
    await make({ name: 'things', fields, rules, indexes });
    await fill('things', 50_000);
  });

  test('nothing before anybody asked', async () => expect(await fieldsOf('things')).toEqual([]));

  test.each(cases)('%s', async (_name, asked, advised) => {
    // A change of the schema begins anew, so that each scenario stands alone.
    expect((await up.send('POST /collections', { token: up.owner, body: { name: 'other' } })).status).toBe(201);
    expect((await up.send('DELETE /collections/other', { token: up.owner })).status).toBe(204);
    for (let times = 0; times < 3; times++) await ask('things', asked);
    expect(await fieldsOf('things')).toEqual(advised);
  });

  test('says how often it was asked and what it stands for', async () => {
    for (let times = 0; times < 3; times++) await ask('things', { filter: 'sku == $s', 'p.s': `sku${times}` });
    const [one] = await advice('things');
    expect(one.because).toMatch(
      /^A list that was asked 3 times and took [\d.]+ ms at most goes through things record by record \(about 50,000\) to find about \d+ by sku\.$/,
    );
    expect(one.statement).toMatch(/^CREATE INDEX CONCURRENTLY ON public\."things" \("sku", "created" DESC\)$/);
  });

  test('its statement makes an index that is as good: then nothing is advised', async () => {
    const [{ statement }] = await advice('things');
    await up.sql(statement);
    expect(await advice('things')).toEqual([]);
    const [made] = await up.sql(`SELECT indexrelid::regclass::text AS name FROM pg_index ORDER BY indexrelid DESC LIMIT 1`);
    await up.sql(`DROP INDEX ${String(made?.['name'])}`);
    expect(await fieldsOf('things')).toEqual([['sku', '-created']]);
  });

  test('says nothing of a field that this caller sees masked: his filter could use no index', async () => {
    await ask('things', { filter: "secret == 'secret7'" }, ann.token);
    expect((await fieldsOf('things')).flat()).not.toContain('secret');
    await ask('things', { filter: "secret == 'secret7'" });
    expect(await fieldsOf('things')).toContainEqual(['secret', '-created']);
  });

  test('goes away once it is followed, and Postgres uses the index', async () => {
    const [{ fields: advised }] = await advice('things');
    const wanted = [...indexes, { fields: advised }];
    const changed = await up.send('PATCH /collections/things', { token: up.owner, body: { indexes: wanted } });
    expect(changed).toMatchObject({ status: 200, body: { indexes: wanted } });
    for (let times = 0; times < 3; times++) await ask('things', { filter: "sku == 'sku7'" });
    expect(await fieldsOf('things')).toEqual([]);
    const plan = await up.sql(`EXPLAIN SELECT * FROM things WHERE sku = 'sku7' ORDER BY created DESC LIMIT 31`);
    expect(JSON.stringify(plan)).toMatch(/(Index Scan using|Bitmap Index Scan on) ix_[0-9a-f]{32}/);
  });
});

describe('of rules', () => {
  const cases: readonly (readonly [name: string, rules: Readonly<Record<string, unknown>>, advised: Fields, because?: string])[] = [
    [
      'a value that is the caller’s',
      { rules: { list: 'sku == auth.email' } },
      [['sku', '-created']],
      'A list of RULED as an account of users',
    ],
    ['one of anybody’s', { rules: { list: "sku == 'sku7'" } }, [['sku', '-created']], 'A list of RULED as nobody'],
    ['a guard', { rules: { list: 'true' }, guard: 'code == auth.email' }, [['code', '-created']]],
    ['the rule of view, which a list passes too', { rules: { list: 'true', view: "sku == 'sku7'" } }, [['sku', '-created']]],
    ['two of which either lets', { rules: { list: "sku == 'sku7' || owner == auth.id" } }, [['sku', '-created'], ['sku']]],
    ['what lets almost all', { rules: { list: "state == 'shut' || owner == auth.id" } }, []],
    ['a relation, which has its index', { rules: { list: 'owner == auth.id' } }, []],
    ['what is asked of one record only', { rules: { list: 'true', update: "sku == 'sku7'", delete: "code == 'code7'" } }, []],
    ['what only admins may list', { rules: {} }, []],
  ];
  test.each(cases.map((one, index) => [one[0], `ruled${index}`, one] as const))('%s', async (_name, name, [, more, advised, because]) => {
    await make({ name, fields, ...more });
    await fill(name);
    const given = await advice(name);
    expect(given.map((one) => one.fields)).toEqual(advised);
    if (because !== undefined) expect(given[0].because).toContain(because.replace('RULED', name));
    expect((await up.send(`DELETE /collections/${name}`, { token: up.owner })).status).toBe(409);
  });

  test('the rule of another collection that looks into this one', async () => {
    await make({ name: 'passes', fields });
    await fill('passes');
    await make({ name: 'rooms', fields, rules: { list: 'collections.passes.exists(p, p.sku == auth.email && p.code == code)' } });
    await fill('rooms');
    expect(await fieldsOf('passes')).toEqual([['code', 'sku']]);
    expect((await advice('passes'))[0].because).toContain('A list of rooms as an account of users goes through passes');
    expect(await fieldsOf('rooms')).toEqual([]);
  });
});

describe('nothing', () => {
  test('of a table that is small, and of one that was never counted', async () => {
    await make({ name: 'small', fields, rules: { list: "sku == 'sku7'" } });
    await fill('small', 900);
    await up.sql(`UPDATE small SET secret = repeat(md5(sku), 50)`);
    await up.sql('VACUUM ANALYZE small');
    expect(await fieldsOf('small')).toEqual([]);
    await make({ name: 'fresh', fields, rules: { list: "sku == 'sku7'" } });
    await up.sql('ALTER TABLE fresh SET (autovacuum_enabled = off)');
    await up.sql('INSERT INTO fresh SELECT * FROM things');
    expect(await fieldsOf('fresh')).toEqual([]);
  });
  test('of ours', async () => expect(await fieldsOf('_audit')).toEqual([]));

  test.each([
    ['a stranger', undefined, 401, 'unauthenticated'],
    ['an account', 'ann', 403, 'forbidden'],
  ])('to %s, whether the collection is there or not', async (_name, who, status, code) => {
    for (const name of ['small', 'nothing']) {
      const answer = await up.send(`GET /collections/${name}/advice`, who === undefined ? {} : { token: ann.token });
      expect(answer).toMatchObject({ status, body: { code } });
      expect(answer.text).not.toContain('advice');
    }
  });
  test('of a collection that is not there', async () => {
    expect(await up.send('GET /collections/nothing/advice', { token: up.owner })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });
});
