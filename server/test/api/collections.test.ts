/** Definitions: what makes a table, what a change keeps, what it costs, and what is refused where. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
});
afterAll(() => up.close());

const create = (body: unknown) => up.send('POST /collections', { token: up.owner, body });
const change = (name: string, body: unknown) => up.send(`PATCH /collections/${name}`, { token: up.owner, body });
const fields = (name: string) => up.send(`GET /collections/${name}`, { token: up.owner }).then(({ body }) => body.fields);

describe('a definition', () => {
  test('becomes a table with real columns, checks, foreign keys and the index of its default order', async () => {
    const made = await create({
      name: 'cars',
      fields: [
        { name: 'plate', type: 'text', required: true, max: 10 },
        { name: 'doors', type: 'number', integer: true, min: 2, max: 5 },
        { name: 'owner', type: 'relation', to: 'users' },
        { name: 'kind', type: 'select', values: ["it's", 'van'] },
      ],
      indexes: [{ fields: ['kind', '-doors'] }, { fields: ['plate'], unique: true }],
    });
    expect(made.status).toBe(201);
    const columns = await up.sql(
      `SELECT column_name AS name, data_type AS type, is_nullable AS nullable, collation_name AS collation FROM information_schema.columns WHERE table_name = 'cars' ORDER BY ordinal_position`,
    );
    expect(columns).toEqual([
      { name: 'id', type: 'uuid', nullable: 'NO', collation: null },
      { name: 'created', type: 'timestamp with time zone', nullable: 'NO', collation: null },
      { name: 'updated', type: 'timestamp with time zone', nullable: 'NO', collation: null },
      { name: 'version', type: 'bigint', nullable: 'NO', collation: null },
      { name: 'plate', type: 'text', nullable: 'NO', collation: 'C' },
      { name: 'doors', type: 'bigint', nullable: 'YES', collation: null },
      { name: 'owner', type: 'uuid', nullable: 'YES', collation: null },
      { name: 'kind', type: 'text', nullable: 'YES', collation: 'C' },
    ]);
    const indexes = (await up.sql(`SELECT indexdef AS def FROM pg_indexes WHERE tablename = 'cars'`)).map(({ def }) =>
      String(def).replace(/.*USING btree /, ''),
    );
    expect(indexes.sort()).toEqual(['(created, id)', '(id)', '(kind, doors DESC)', '(owner)', '(plate)'].sort());
    await expect(up.sql(`INSERT INTO cars (id, plate, doors) VALUES (gen_random_uuid(), 'x', 9)`)).rejects.toThrow('check');
    await expect(up.sql(`INSERT INTO cars (id, plate, kind) VALUES (gen_random_uuid(), 'x', 'bus')`)).rejects.toThrow('check');
    await up.sql(`INSERT INTO cars (id, plate, kind) VALUES (gen_random_uuid(), 'x', 'it''s')`);
    const owner = await up.sql(`SELECT tableowner FROM pg_tables WHERE tablename = 'cars'`);
    expect(owner).toEqual([{ tableowner: 'underpin_owner' }]);
  });

  const bad: [string, unknown, string][] = [
    ['no name', {}, '/name'],
    ['upper case', { name: 'Posts' }, '/name'],
    ['SQL as a name', { name: 'a; drop table users' }, '/name'],
    ['an emoji', { name: 'a😀' }, '/name'],
    ['__proto__', { name: '__proto__' }, '/name'],
    ['64 bytes', { name: 'a'.repeat(64) }, '/name'],
    ['ours', { name: '_mine' }, '/name'],
    ['Postgres’s', { name: 'pg_mine' }, '/name'],
    ['unknown key', { name: 'x', nope: 1 }, '/nope'],
    ['what is not built', { name: 'x', trash: true }, '/trash'],
    ['unknown type', { name: 'x', fields: [{ name: 'a', type: 'blob' }] }, '/fields/0/type'],
    ['unknown setting', { name: 'x', fields: [{ name: 'a', type: 'text', maxx: 1 }] }, '/fields/0/maxx'],
    ['reserved field', { name: 'x', fields: [{ name: 'id', type: 'text' }] }, '/fields/0/name'],
    ['a word of the language', { name: 'x', fields: [{ name: 'auth', type: 'text' }] }, '/fields/0/name'],
    ['a column of Postgres', { name: 'x', fields: [{ name: 'xmin', type: 'text' }] }, '/fields/0/name'],
    [
      'a field twice',
      {
        name: 'x',
        fields: [
          { name: 'a', type: 'text' },
          { name: 'a', type: 'text' },
        ],
      },
      '/fields/1/name',
    ],
    ['select of nothing', { name: 'x', fields: [{ name: 'a', type: 'select', values: [] }] }, '/fields/0/values'],
    ['a default that does not fit', { name: 'x', fields: [{ name: 'a', type: 'number', default: 'one' }] }, '/fields/0/default'],
    [
      'a default of another type',
      { name: 'x', fields: [{ name: 'a', type: 'number', default: { expr: 'auth.id' } }] },
      '/fields/0/default/expr',
    ],
    ['relation to nothing', { name: 'x', fields: [{ name: 'a', type: 'relation', to: 'nope' }] }, '/fields/0/to'],
    ['relation to ours', { name: 'x', fields: [{ name: 'a', type: 'relation', to: '_admins' }] }, '/fields/0/to'],
    ['index over nothing', { name: 'x', indexes: [{ fields: ['nope'] }] }, '/indexes/0/fields/0'],
    ['index over a point', { name: 'x', fields: [{ name: 'a', type: 'geo' }], indexes: [{ fields: ['a'] }] }, '/indexes/0/fields/0'],
    [
      'index over a list',
      { name: 'x', fields: [{ name: 'a', type: 'relation', to: 'users', many: true }], indexes: [{ fields: ['a'] }] },
      '/indexes/0/fields/0',
    ],
    [
      'a rule with a misspelt field',
      { name: 'x', fields: [{ name: 'title', type: 'text' }], rules: { list: 'titel == "x"' } },
      '/rules/list',
    ],
    ['a rule that is no condition', { name: 'x', fields: [{ name: 'title', type: 'text' }], rules: { list: 'title' } }, '/rules/list'],
    ['a rule that is no text', { name: 'x', rules: { list: true } }, '/rules/list'],
    ['a rule for what is not there', { name: 'x', rules: { lists: 'true' } }, '/rules/lists'],
    ['next in a list rule', { name: 'x', fields: [{ name: 'title', type: 'text' }], rules: { list: 'next.title == "x"' } }, '/rules/list'],
    ['a field rule', { name: 'x', fields: [{ name: 'title', type: 'text', rules: { read: 'nope' } }] }, '/fields/0/rules/read'],
  ];
  test.each(bad)('with %s is refused at its place, and nothing is made', async (_name, body, pointer) => {
    const before = await up.sql('SELECT count(*) AS n FROM pg_class');
    const answer = await create(body);
    expect([answer.status, answer.body.errors?.map((error: { pointer: string }) => error.pointer)]).toEqual([
      400,
      expect.arrayContaining([pointer]),
    ]);
    expect(await up.sql('SELECT count(*) AS n FROM pg_class')).toEqual(before);
  });

  test('a rule is stored in one form, with a hint where a name is nearly right', async () => {
    const made = await create({
      name: 'rule_forms',
      fields: [{ name: 'title', type: 'text' }],
      rules: { list: "title='a' or not (title = 'b')" },
    });
    expect(made.body.rules.list).toBe('title == "a" || !(title == "b")');
    const refused = await change('rule_forms', { rules: { list: 'titel == "a"' } });
    expect(refused.body.errors[0].message).toContain('"title"');
    expect((await up.send('GET /collections/rule_forms', { token: up.owner })).body.rules.list).toBe('title == "a" || !(title == "b")');
  });

  test('is for admins', async () => {
    const ann = await up.account('ann');
    for (const [token, status] of [
      [undefined, 401],
      [ann.token, 403],
    ] as const) {
      const ask = token === undefined ? {} : { token };
      expect((await up.send('GET /schema', ask)).status).toBe(status);
      expect((await up.send('POST /collections', { ...ask, body: { name: 'mine' } })).status).toBe(status);
    }
  });

  test('a name that a table has already is refused and the table left alone', async () => {
    await up.sql('CREATE TABLE public.theirs (a int)');
    expect((await create({ name: 'theirs' })).status).toBe(409);
    expect((await create({ name: 'cars' })).status).toBe(409);
    expect(await up.sql('SELECT count(*) AS n FROM theirs')).toEqual([{ n: '0' }]);
  });
});

describe('a change', () => {
  test('renames a field: values stay, rules, indexes and other collections follow', async () => {
    await create({
      name: 'teams',
      fields: [
        { name: 'label', type: 'text' },
        { name: 'boss', type: 'relation', to: 'users' },
      ],
      indexes: [{ fields: ['label'] }],
      rules: { list: 'label != "x" && boss == auth.id', update: '!changed.label && next.label == record.label' },
    });
    await create({
      name: 'members',
      fields: [{ name: 'team', type: 'relation', to: 'teams' }],
      rules: { list: 'team.label == "red" && collections.teams.exists(t, t.label == "red")' },
    });
    const made = await up.send('POST /records/teams', { token: up.owner, body: { label: 'red' } });
    const [label, boss] = await fields('teams');
    const renamed = await change('teams', { fields: [{ ...label, name: 'title' }, boss] });
    expect(renamed.status).toBe(200);
    expect(renamed.body.fields[0]).toMatchObject({ id: label.id, name: 'title' });
    expect(renamed.body.rules).toEqual({ list: 'title != "x" && boss == auth.id', update: '!changed.title && next.title == record.title' });
    expect(renamed.body.indexes).toEqual([{ fields: ['title'], unique: false }]);
    expect((await up.send('GET /collections/members', { token: up.owner })).body.rules.list).toBe(
      'team.title == "red" && collections.teams.exists(t, t.title == "red")',
    );
    expect((await up.send(`GET /records/teams/${made.body.id}`, { token: up.owner })).body.title).toBe('red');
  });

  test('renames a collection, and what points to it follows', async () => {
    const renamed = await change('teams', { name: 'groups' });
    expect(renamed.status).toBe(200);
    expect((await fields('members'))[0].to).toBe('groups');
    expect((await up.send('GET /collections/members', { token: up.owner })).body.rules.list).toContain('collections.groups.exists');
    expect((await up.send('GET /records/teams', { token: up.owner })).status).toBe(404);
    expect((await up.send('GET /records/groups', { token: up.owner })).body.data).toHaveLength(1);
  });

  test('swaps the names of two fields', async () => {
    await create({
      name: 'swap',
      fields: [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
      ],
      rules: { list: 'a == "1" && b == "2"' },
    });
    await up.send('POST /records/swap', { token: up.owner, body: { a: '1', b: '2' } });
    const [a, b] = await fields('swap');
    const swapped = await change('swap', {
      fields: [
        { ...a, name: 'b' },
        { ...b, name: 'a' },
      ],
    });
    expect(swapped.status).toBe(200);
    expect(swapped.body.rules.list).toBe('b == "1" && a == "2"');
    expect((await up.send('GET /records/swap')).body.data[0]).toMatchObject({ a: '2', b: '1' });
  });

  test('a field named as an old one is that field; one with neither id nor name is new', async () => {
    const before = await fields('swap');
    const changed = await change('swap', {
      fields: [
        { name: 'a', type: 'text', max: 50 },
        { name: 'b', type: 'text' },
        { name: 'c', type: 'bool', default: true },
      ],
    });
    expect(changed.body.fields.map(({ id }: { id: string }) => id).slice(0, 2)).toEqual([before[1].id, before[0].id]);
    expect((await up.send('GET /records/swap')).body.data[0]).toMatchObject({ a: '2', b: '1', c: true });
  });

  test('a drop that loses values is confirmed by the hash of its plan', async () => {
    const list = await fields('swap');
    const without = { fields: list.filter(({ name }: { name: string }) => name !== 'c') };
    const asked = await change('swap', without);
    expect([asked.status, asked.body.code]).toEqual([409, 'confirmation_required']);
    expect(asked.body.plan.operations[0]).toMatchObject({
      kind: 'drop_field',
      field: 'c',
      hazards: ['DELETES_DATA'],
      counts: { deleted: 1 },
    });
    expect(asked.body.plan.operations).toHaveLength(1);
    expect((await change('swap', { ...without, confirm: 'nope' })).status).toBe(409);
    expect(await fields('swap')).toHaveLength(3);
    expect((await change('swap', { ...without, confirm: asked.body.plan.hash })).status).toBe(200);
    expect(Object.keys((await up.send('GET /records/swap')).body.data[0])).not.toContain('c');
  });

  test('a drop of a field that a rule mentions is refused where the rule stands', async () => {
    const [first] = await fields('swap');
    const refused = await change('swap', { fields: [first] });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/rules/list']);
  });

  test('what the values do not fit is refused with their number', async () => {
    await create({ name: 'fits', fields: [{ name: 'a', type: 'text' }] });
    for (const a of ['long enough', 'short', null]) await up.send('POST /records/fits', { token: up.owner, body: { a } });
    const [a] = await fields('fits');
    for (const [more, rows] of [
      [{ min: 8 }, 1],
      [{ required: true }, 1],
      [{ min: 8, required: true }, 2],
    ] as const) {
      const refused = await change('fits', { fields: [{ ...a, ...more }] });
      expect([refused.status, refused.body.errors[0].message]).toEqual([422, expect.stringContaining(`${rows} records`)]);
    }
    expect((await change('fits', { fields: [{ ...a, max: 20 }] })).status).toBe(200);
    expect((await change('fits', { fields: [a, { name: 'must', type: 'text', required: true }] })).status).toBe(422);
    expect((await change('fits', { fields: [a, { name: 'must', type: 'text', required: true, default: 'x' }] })).status).toBe(200);
    expect((await up.send('GET /records/fits', { token: up.owner })).body.data.map(({ must }: { must: string }) => must)).toEqual([
      'x',
      'x',
      'x',
    ]);
  });

  test('the type of a field changes only where a value could', async () => {
    const [a] = await fields('fits');
    const refused = await change('fits', { fields: [{ id: a.id, name: 'a', type: 'json' }, ...(await fields('fits')).slice(1)] });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/fields/0/type']);
  });

  test('of two admins who change one definition, the second hears of it', async () => {
    const { body: read } = await up.send('GET /collections/fits', { token: up.owner });
    const answers = await Promise.all(
      ['one', 'two'].map((label) => change('fits', { base: read.hash, fields: [...read.fields, { name: label, type: 'text' }] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await fields('fits')).length).toBe(read.fields.length + 1);
  });

  test('twenty collections made at once are all there', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, n) => create({ name: `many_${n}`, fields: [{ name: 'a', type: 'text' }] })),
    );
    expect(made.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const { body } = await up.send('GET /schema', { token: up.owner });
    expect(body.collections.filter(({ name }: { name: string }) => name.startsWith('many_'))).toHaveLength(20);
  });
});

describe('a drop', () => {
  test('is refused while others point to it, and asks where it loses records', async () => {
    const pointed = await up.send('DELETE /collections/groups', { token: up.owner });
    expect([pointed.status, pointed.body.code]).toEqual([409, 'reference_violation']);
    expect(pointed.body.detail).toContain('members.team');
    await up.send('DELETE /collections/members', { token: up.owner });
    const asked = await up.send('DELETE /collections/groups', { token: up.owner });
    expect([asked.status, asked.body.plan.operations[0].counts]).toEqual([409, { deleted: 1 }]);
    const gone = await up.send('DELETE /collections/groups', { token: up.owner, body: { confirm: asked.body.plan.hash } });
    expect(gone.status).toBe(204);
    expect((await up.send('GET /records/groups', { token: up.owner })).status).toBe(404);
    expect(await up.sql(`SELECT to_regclass('public.groups') AS there`)).toEqual([{ there: null }]);
  });

  test('of users or of ours is refused', async () => {
    expect((await up.send('DELETE /collections/users', { token: up.owner })).status).toBe(409);
    expect((await up.send('DELETE /collections/_audit', { token: up.owner })).status).toBe(403);
  });
});

test('every change is in the audit, which nobody can change', async () => {
  const { body } = await up.send(`GET /records/_audit${query({ filter: 'action.startsWith("collection.")', limit: '100' })}`, {
    token: up.owner,
  });
  const actions = body.data.map(({ action }: { action: string }) => action);
  expect(new Set(actions)).toEqual(new Set(['collection.created', 'collection.changed', 'collection.dropped']));
  await expect(up.sql('DELETE FROM underpin.audit')).rejects.toThrow('only ever added to');
  await expect(up.sql('UPDATE underpin.audit SET actor = $1', ['x'])).rejects.toThrow('only ever added to');
});

describe('a guard', () => {
  test('holds at every door, for the stored row and the row to be, and fills its field', async () => {
    const [ann, bob] = [await up.account('guard_ann'), await up.account('guard_bob')];
    const rules = { list: 'true', create: 'true', update: 'true', delete: 'true' };
    const made = await create({
      name: 'kept',
      fields: [
        { name: 'tenant', type: 'relation', to: 'users' },
        { name: 'n', type: 'number' },
      ],
      guard: 'tenant == auth.id',
      rules,
    });
    expect(made.status).toBe(201);
    const mine = await up.send('POST /records/kept', { token: ann.token, body: { n: 1 } });
    expect([mine.status, mine.body.tenant]).toEqual([201, ann.id]);
    expect((await up.send('POST /records/kept', { token: ann.token, body: { tenant: bob.id } })).status).toBe(403);
    expect((await up.send('POST /records/kept', { body: { n: 1 } })).status).toBe(401);
    expect((await up.send('GET /records/kept', { token: bob.token })).body.data).toEqual([]);
    expect((await up.send(`PATCH /records/kept/${mine.body.id}`, { token: bob.token, body: { n: 2 } })).status).toBe(404);
    expect((await up.send(`PATCH /records/kept/${mine.body.id}`, { token: ann.token, body: { tenant: bob.id } })).status).toBe(403);
    expect((await up.send(`PATCH /records/kept/${mine.body.id}`, { token: ann.token, body: { tenant: null } })).status).toBe(403);
    expect((await up.send(`DELETE /records/kept/${mine.body.id}`, { token: bob.token })).status).toBe(404);
    expect((await up.send(`PATCH /records/kept/${mine.body.id}`, { token: ann.token, body: { n: 2 } })).body).toMatchObject({
      n: 2,
      tenant: ann.id,
    });
    expect((await change('kept', { guard: null })).body).not.toHaveProperty('guard');
    expect((await up.send('GET /records/kept', { token: bob.token })).body.data).toHaveLength(1);
  });
});
