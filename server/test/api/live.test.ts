/** Live queries over sockets: whoever changes a row, everybody's view is the list that he would get. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SubscribeAnswer } from '@underpin/sdk/wire';
import { startTestApp, type TestApp } from '../support/app.ts';
import { connectLive, type Followed, type LiveClient, type LiveClientOptions, type Query } from '../support/live.ts';
import { until } from '../support/process.ts';

let up: TestApp;
const clients: LiveClient[] = [];
const connect = (options: LiveClientOptions = {}): LiveClient => {
  const client = connectLive(up.url, options);
  clients.push(client);
  return client;
};
const follow = async (query: Query, token?: string): Promise<Followed> => {
  const one = connect({ token: () => token }).follow(query);
  await until('it is there', () => one.state === 'in' || one.state === 'refused');
  return one;
};
const titles = (one: Followed): unknown[] => [...one.rows.values()].map((row) => row['title']).sort();
const become = (one: Followed, wanted: readonly unknown[]): Promise<void> =>
  until(
    `the view is ${JSON.stringify(wanted)}, not ${JSON.stringify(titles(one))}`,
    () => JSON.stringify(titles(one)) === JSON.stringify(wanted),
  );

beforeAll(async () => {
  up = await startTestApp();
  const make = async (body: unknown): Promise<void> => {
    const answer = await up.send('POST /collections', { token: up.owner, body });
    if (answer.status !== 201) throw new Error(answer.text);
  };
  await make({
    name: 'notes',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'state', type: 'select', values: ['draft', 'open', 'done'] },
      { name: 'rank', type: 'number', integer: true },
      { name: 'owner', type: 'relation', to: 'users' },
      { name: 'secret', type: 'text', rules: { read: 'owner == auth.id' } },
    ],
    rules: { list: 'state != "draft" || owner == auth.id', create: 'true', update: 'true', delete: 'true' },
  });
  await make({
    name: 'members',
    fields: [
      { name: 'user', type: 'relation', to: 'users' },
      { name: 'room', type: 'text' },
    ],
    rules: { list: 'true' },
  });
  await make({
    name: 'messages',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'room', type: 'text' },
      { name: 'note', type: 'relation', to: 'notes' },
    ],
    rules: { list: 'collections.members.exists(m, m.room == room && m.user == auth.id)' },
  });
}, 60_000);
afterEach(async () => {
  const errors = clients.flatMap((client) => client.errors);
  for (const client of clients.splice(0)) client.close();
  expect(errors).toEqual([]);
  await up.sql('TRUNCATE notes, members, messages CASCADE');
});
afterAll(() => up.close());

const insert = async (title: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const { body } = await up.send('POST /records/notes', { token: up.owner, body: { title, state: 'open', ...more } });
  return body.id;
};

test('what is there comes at once, what psql changes comes too', async () => {
  await insert('one');
  const one = await follow({ collection: 'notes' });
  expect([titles(one), one.modes]).toEqual([['one'], { snapshot: 1, delta: 0, current: 0 }]);
  await up.sql(`INSERT INTO notes (id, title, state) SELECT gen_random_uuid(), 'two', 'open'`);
  await become(one, ['one', 'two']);
  await up.sql(`UPDATE notes SET title = 'three' WHERE title = 'two'`);
  await become(one, ['one', 'three']);
  await up.sql(`DELETE FROM notes WHERE title = 'one'`);
  await become(one, ['three']);
  await up.sql('TRUNCATE notes CASCADE');
  await become(one, []);
});

describe('a row leaves', () => {
  test('when the filter does not match any more, and comes when it does', async () => {
    const id = await insert('one', { rank: 1 });
    const one = await follow({ collection: 'notes', filter: 'rank < 5' });
    await become(one, ['one']);
    await up.send(`PATCH /records/notes/${id}`, { token: up.owner, body: { rank: 7 } });
    await become(one, []);
    await up.send(`PATCH /records/notes/${id}`, { token: up.owner, body: { rank: 2 } });
    await become(one, ['one']);
    expect(one.told).toMatchObject({ enter: 1, leave: 1, update: 0 });
  });

  test('when the rule does not, for those whom it concerns, and they learn no more than its id', async () => {
    const ann = await up.account('ann');
    const id = await insert('one', { owner: ann.id });
    const [own, other] = [await follow({ collection: 'notes' }, ann.token), await follow({ collection: 'notes' })];
    await up.send(`PATCH /records/notes/${id}`, { token: up.owner, body: { state: 'draft', title: 'hidden' } });
    await become(own, ['hidden']);
    await become(other, []);
    await up.send(`DELETE /records/notes/${id}`, { token: up.owner });
    await become(own, []);
    // A barrier of their own, so that what must not come has had its chance.
    await insert('later');
    await become(other, ['later']);
    expect(other.told).toMatchObject({ leave: 1, enter: 1, messages: 2 });
  });
});

test('masks hold in every message', async () => {
  const ben = await up.account('ben');
  const id = await insert('one', { owner: ben.id, secret: 'first' });
  const fay = await up.account('fay');
  const [own, other] = [await follow({ collection: 'notes' }, ben.token), await follow({ collection: 'notes' }, fay.token)];
  expect([own.rows.get(id)?.['secret'], other.rows.get(id)?.['secret']]).toEqual(['first', null]);
  await up.send(`PATCH /records/notes/${id}`, { token: up.owner, body: { secret: 'second' } });
  await until('it is seen', () => own.rows.get(id)?.['secret'] === 'second');
  await insert('two');
  await become(other, ['one', 'two']);
  expect(other.rows.get(id)).toEqual((await up.send(`GET /records/notes/${id}`, { token: fay.token })).body);
});

test('a window has the first rows, and the next comes in where one leaves', async () => {
  const ids: string[] = [];
  for (let rank = 0; rank < 40; rank++) ids.push(await insert(`n${rank}`, { rank }));
  const query = { collection: 'notes', sort: ['-rank'], limit: 3 } as const;
  const one = await follow(query);
  await become(one, ['n37', 'n38', 'n39']);
  for (const rank of [38, 37, 39]) await up.send(`DELETE /records/notes/${ids[rank] ?? ''}`, { token: up.owner });
  await become(one, ['n34', 'n35', 'n36']);
  await up.sql('DELETE FROM notes WHERE rank > 5');
  await become(one, ['n3', 'n4', 'n5']);
  await insert('top', { rank: 100 });
  await become(one, ['n4', 'n5', 'top']);
});

test('a window is widened under its id; one that is not there, or too wide, is refused', async () => {
  for (let rank = 0; rank < 12; rank++) await insert(`n${rank}`, { rank });
  const client = connect();
  const one = client.follow({ collection: 'notes', sort: ['rank'], limit: 3 });
  await until('it is there', () => one.state === 'in');
  const widen = (id: string, limit: unknown): Promise<SubscribeAnswer> =>
    client.socket.timeout(5_000).emitWithAck('widen', { id, limit } as never);
  const answer = await widen(one.id, 5);
  expect(answer.ok && answer.mode === 'snapshot' && answer.rows.map((row) => row['title'])).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
  const refused = [await widen('nobody', 5), await widen(one.id, 501), await widen(one.id, 'many')];
  expect(refused.map((no) => !no.ok && [no.problem.status, no.problem.code])).toEqual([
    [404, 'not_found'],
    [400, 'invalid_request'],
    [400, 'invalid_request'],
  ]);
});

test('rules and expansions that hang on other records', async () => {
  const cem = await up.account('cem');
  const note = await insert('about');
  await up.sql(`INSERT INTO messages (id, title, room, note) VALUES (gen_random_uuid(), 'hello', 'red', $1)`, [note]);
  const one = await follow({ collection: 'messages', expand: { note: { fields: ['title'] } } }, cem.token);
  expect(titles(one)).toEqual([]);
  await up.sql(`INSERT INTO members (id, "user", room) VALUES (gen_random_uuid(), $1, 'red')`, [cem.id]);
  await become(one, ['hello']);
  await up.sql(`UPDATE notes SET title = 'changed'`);
  await until('the expansion follows', () => JSON.stringify([...one.rows.values()]).includes('changed'));
  await up.sql('DELETE FROM members');
  await become(one, []);
});

test('after a break nothing is missing, and only what was missed is told', async () => {
  await insert('one');
  const client = connect();
  const one = client.follow({ collection: 'notes' });
  const window = client.follow({ collection: 'notes', sort: ['title'], limit: 5 });
  await become(one, ['one']);
  await become(window, ['one']);
  client.socket.io.engine.close();
  await until('it is back', () => one.modes.current + one.modes.delta === 1 && window.modes.current === 1);
  client.socket.disconnect();
  await insert('two');
  await up.sql(`DELETE FROM notes WHERE title = 'one'`);
  client.socket.connect();
  await become(one, ['two']);
  await become(window, ['two']);
  expect([one.modes, window.modes]).toEqual([
    { snapshot: 1, delta: 1, current: 1 },
    { snapshot: 2, delta: 0, current: 1 },
  ]);
});

test('nothing comes after the right ended: a session that was revoked, an account that was disabled, a rule that was changed', async () => {
  const dan = await up.account('dan');
  const eve = await up.account('eve');
  const [first, second] = [await follow({ collection: 'notes' }, dan.token), await follow({ collection: 'notes' }, eve.token)];
  await up.send('POST /auth/users/sign-out', { token: dan.token });
  await up.sql('UPDATE users SET disabled = true WHERE id = $1', [eve.id]);
  await insert('later');
  await until('both are refused', () => first.state === 'refused' && second.state === 'refused');
  expect([first.problem?.status, second.problem?.status, titles(first), titles(second)]).toEqual([401, 401, [], []]);
  const anybody = await follow({ collection: 'notes' });
  await become(anybody, ['later']);
  const change = (list: string) => up.send('PATCH /collections/notes', { token: up.owner, body: { rules: { list } } });
  await change('state == "done"');
  await become(anybody, []);
  await change('state != "draft" || owner == auth.id');
  await become(anybody, ['later']);
});

test.each([
  ['ends with that of thousands, in one statement', `UPDATE users SET disabled = true WHERE email LIKE '%@bulk.example' OR id = $1`],
  ['goes with thousands', `DELETE FROM users WHERE email LIKE '%@bulk.example' OR id = $1`],
])('nothing comes after a right that %s', async (how, statement) => {
  const fay = await up.account(`fay-${how.length}`);
  await up.sql(`INSERT INTO users (id, email) SELECT gen_random_uuid(), n || '@bulk.example' FROM generate_series(1, 6000) n`);
  const one = await follow({ collection: 'notes', filter: 'title == "of the bulk"' }, fay.token);
  await up.sql(statement, [fay.id]);
  await insert('of the bulk');
  await until('he is refused', () => one.state === 'refused');
  expect([one.problem?.status, titles(one)]).toEqual([401, []]);
  await up.sql(`DELETE FROM users WHERE email LIKE '%@bulk.example'`);
});

test('an order by what he may not read of every row is refused', async () => {
  const gil = await up.account('gil');
  const one = await follow({ collection: 'notes', sort: ['secret'] }, gil.token);
  expect([one.state, one.problem?.code]).toEqual(['refused', 'invalid_request']);
});

test.each<readonly [string, unknown, string]>([
  ['no collection', { filter: 'true' }, 'invalid_request'],
  ['one that is not there', { collection: 'nothing' }, 'not_found'],
  ['one of the system', { collection: '_sessions' }, 'unauthenticated'],
  ['a filter that makes no sense', { collection: 'notes', filter: 'title ==' }, 'invalid_filter'],
  ['a field that is not there', { collection: 'notes', filter: 'nothing == 1' }, 'unknown_field'],
  ['a page', { collection: 'notes', page: 2 }, 'invalid_request'],
  ['a member that is not known', { collection: 'notes', offset: 2 }, 'invalid_request'],
  ['an order by what is not its own', { collection: 'notes', sort: ['owner.name'] }, 'invalid_request'],
  ['an order by what is not there for him', { collection: 'notes', sort: ['secret'] }, 'unknown_field'],
  ['a limit that is too large', { collection: 'notes', limit: 501 }, 'invalid_request'],
  ['a place that is none', { collection: 'notes', at: 5 }, 'invalid_request'],
])('%s is refused', async (_name, query, code) => {
  // cast: what is no query is what is tested
  const one = await follow(query as Query);
  expect([one.state, one.problem?.code]).toEqual(['refused', code]);
});
