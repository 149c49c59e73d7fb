/** A row as the change log tells it is the row that a query brings: as constants of the language, and as JSON, for every type. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemCtx } from '../../src/ctx.ts';
import { groupOf } from '../../src/realtime/groups/group.ts';
import { queried, Row } from '../../src/realtime/matching/row.ts';
import { inputOfBody } from '../../src/records/parse/input.ts';
import { parseList } from '../../src/records/parse/list.ts';
import { callerOf } from '../../src/records/policy.ts';
import { rowColumns, storedRow } from '../../src/records/rules/memory.ts';
import { fieldTypes } from '../../src/schema/fields/index.ts';
import { columnFields, type Collection } from '../../src/schema/collection.ts';
import { schemaOf } from '../../src/schema/load.ts';
import * as edge from '../property/values.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const texts = [...edge.texts, '\b\f\v\u0001\u001f\u007f\u2028', '{a,"b"}', 'NULL', '(1,2)', '0', '😀\u{10FFFF}'];
const moments = [
  ...[
    '2026-01-02 03:04:05+00',
    '2026-01-02 03:04:05.6+00',
    '2026-01-02 03:04:05.67+00',
    '2026-01-02 03:04:05.678+00',
    '1970-01-01 00:00:00+00',
  ],
  ...[
    '0001-01-01 00:00:00+00',
    '0001-12-31 23:30:00.001+00 BC',
    '0044-03-15 12:00:00+00 BC',
    '0099-12-31 23:59:59.999+00',
    '9999-12-31 23:59:59.999+00',
  ],
  ...['10000-01-01 00:00:00+00', '2024-02-29 12:00:00+00', '1969-12-31 23:59:59.999+00', '0004-02-29 00:00:00+00'],
];
const numbers = [...edge.numbers.map(String), '-0', '5e-324', '1.7e-308', '123456789012345680', '-1e-7', '1e21', '0.1', '1e+300'];
const decimals = [...edge.decimals, '-0.0', '1e3', '100', '00.50', `-${'9'.repeat(99)}.${'9'.repeat(50)}`];
const jsons = [
  ...[
    '{}',
    '[]',
    '""',
    '0',
    '-0',
    'true',
    '"\\u0000x"'.replace('\\u0000', '\\n'),
    '{"b":1,"a":{"c":[1,2.50,null]}}',
    '1e2',
    '{"__proto__":1,"constructor":null}',
  ],
  ...['12345678901234567890.12', '1e400', '"\\ud83d\\ude00"', '{"😀":"\\t"}', '[[],[{}]]', '{"a":1,"a":2}'],
];
const points = ['(0,0)', '(13.405,52.52)', '(-180,-90)', '(1e-300,-5e-324)', '(-0,0)', '(179.99999999999997,1e-7)'];
const days = [...edge.days, '0044-03-15 BC', '10000-01-01'];

const fileId = '01900000-0000-7000-8000-00000000f11e';
/** Fields and their texts by type; every type of the list has to be here. */
const values: Readonly<Record<string, readonly { readonly field: object; readonly texts: readonly string[] }[]>> = {
  text: [{ field: {}, texts }],
  richtext: [{ field: {}, texts }],
  email: [{ field: {}, texts: ['ann@example.com', 'é@x.y'] }],
  url: [{ field: {}, texts: ['https://example.com/?a="b"&\\'] }],
  number: [
    { field: {}, texts: numbers },
    { field: { integer: true }, texts: edge.integers.map(String) },
  ],
  decimal: [{ field: {}, texts: decimals }],
  bool: [{ field: {}, texts: ['true', 'false'] }],
  select: [{ field: { values: ['a', 'b"', 'ß'] }, texts: ['a', 'b"', 'ß'] }],
  date: [{ field: {}, texts: moments }],
  day: [{ field: {}, texts: days }],
  relation: [{ field: { to: 'users' }, texts: [] }],
  json: [{ field: {}, texts: jsons }],
  geo: [{ field: {}, texts: points }],
  file: [
    { field: {}, texts: [`{"id":"${fileId}"}`] },
    { field: { many: true }, texts: [`[{"id":"${fileId}"}]`, '[]'] },
  ],
  computed: [
    { field: { expr: 'of_text + "!"' }, texts: [] },
    { field: { expr: 'of_number - 1' }, texts: [] },
    { field: { expr: 'of_decimal * 2' }, texts: [] },
    { field: { expr: 'of_number > 1' }, texts: [] },
  ],
};
const nameOf = (type: string, index: number): string => `of_${type}${index === 0 ? '' : index + 1}`;
const fields = Object.entries(values).flatMap(([type, many]) =>
  many.map(({ field, texts: all }, index) => ({ def: { name: nameOf(type, index), type, ...field }, texts: all })),
);
const arrays = ['{}', '{a,b}', '{"a b","c\\"d","e\\\\f",NULL,"NULL",null,"",😀}', '[0:1]={a,b}', '{{a,b},{c,NULL}}', '{"{x}","y,z"," "}'];

let up: TestApp;
let things: Collection;
beforeAll(async () => {
  up = await startTestApp();
  const rules = { list: 'true' };
  const made = await up.send('POST /collections', {
    token: up.owner,
    body: { name: 'things', kind: 'auth', rules, fields: fields.map(({ def }) => def) },
  });
  if (made.status !== 201) throw new Error(made.text);
  const { byName } = await schemaOf(systemCtx(up.app.base));
  const found = byName.get('things');
  if (found === undefined) throw new Error('no collection');
  things = found;
  const value = { id: fileId, name: 'a "b".png', type: 'image/png', size: 1, sha256: 'ff', width: 1, height: 1, url: '/x' };
  await up.sql(
    `INSERT INTO underpin.files (id, name, size, value, collection, field, owner, created, whole) VALUES ($1, 'a', 1, $2, $1, $1, 'x', now(), now())`,
    [fileId, JSON.stringify(value)],
  );
  // Rows of psql, past every check: each the n-th text of every field, the last without any.
  const written = fields.filter(({ texts: all }) => all.length > 0);
  const most = Math.max(...written.map(({ texts: all }) => all.length));
  for (let n = 0; n <= most; n += 1) {
    const names = ['email', 'roles', 'of_relation', ...written.map(({ def }) => def.name)];
    const owner = n % 3 === 0 ? (await up.account(`account${n}`)).id.toUpperCase() : null;
    const row = [
      `${n}@example.com`,
      arrays[n % arrays.length],
      owner,
      // A list of files is never null.
      ...written.map(({ def, texts: all }) => (n < most ? (all[n % all.length] ?? null) : 'many' in def ? '[]' : null)),
    ];
    await up.sql(
      `INSERT INTO public.things (id, created, updated, version, verified, disabled, ${names.join()}) VALUES (gen_random_uuid(), $1, now(), 1, false, false, ${names.map((_name, index) => `$${index + 2}`).join()})`,
      [moments[n % moments.length], ...row],
    );
  }
}, 60_000);
afterAll(() => up.close());

test('every type of field is here', () => {
  expect(fieldTypes.map(({ name }) => name).filter((name) => values[name] === undefined)).toEqual([]);
});

const images = async (): Promise<readonly Row[]> => {
  const { relation, columns } = queried(things);
  const found = await up.app.base.database.app.texts({ text: `SELECT ${columns('t')} FROM ${things.table} t ORDER BY t.id` });
  return found.map((texts) => new Row(things, relation, texts));
};

describe('a row as the change log tells it', () => {
  test('is the row of a query in the language', async () => {
    const { rows } = await up.app.base.database.app.run({ text: `SELECT ${rowColumns(things, 't')} FROM ${things.table} t ORDER BY t.id` });
    const told = await images();
    expect(rows.length).toBeGreaterThan(30);
    expect(told).toHaveLength(rows.length);
    for (const [index, row] of rows.entries()) {
      const stored = storedRow(things, row);
      for (const { name } of columnFields(things)) {
        const value = told[index]?.value(name);
        // Which zero it is tells nobody: they are equal, and in JSON the text of Postgres is what counts.
        expect([name, value === 0 ? 0 : value]).toEqual([name, stored[name] === 0 ? 0 : stored[name]]);
      }
    }
  });

  test('is the record of GET, to the byte', async () => {
    const ctx = systemCtx(up.app.base);
    const caller = callerOf(ctx, await schemaOf(ctx));
    const asked = parseList(caller, things, { read: () => inputOfBody({ sort: 'id' }) });
    const group = groupOf(caller, { collection: things, asked, limit: undefined, isComputedTold: true });
    if (group.local === undefined) throw new Error('it takes a query');
    for (const row of await images()) {
      const { text, status } = await up.send(`GET /records/things/${row.id}`, { token: up.owner });
      expect([status, group.local.write(row)]).toEqual([200, text]);
    }
  });

  test('takes a query where a computed field is not told', async () => {
    const ctx = systemCtx(up.app.base);
    const caller = callerOf(ctx, await schemaOf(ctx));
    const need = (body: object): string => {
      const asked = parseList(caller, things, { read: () => inputOfBody(body) });
      return groupOf(caller, { collection: things, asked, limit: undefined }).local === undefined ? 'query' : 'local';
    };
    expect(
      [
        {},
        { fields: ['of_text'] },
        { fields: ['of_computed'] },
        { fields: ['of_text'], sort: 'of_computed' },
        { fields: ['of_text'], filter: 'of_computed2 > 1' },
      ].map(need),
    ).toEqual(['query', 'local', 'query', 'query', 'query']);
  });

  test('says what was not told', () => {
    const row = new Row(things, { oid: 0, schema: 'public', name: 'things', columns: ['id'], identity: 'key' }, ['x']);
    expect([row.id, row.tells(['id']), row.tells(['of_text']), row.value('of_text')]).toEqual(['x', true, false, undefined]);
  });
});
