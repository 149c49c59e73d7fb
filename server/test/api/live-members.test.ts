/** Live queries under rules that hang on who is a member of what: right at every change of it, and no query for what others write. */
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { connectLive, type Followed, type LiveClient, type Query } from '../support/live.ts';
import { until } from '../support/process.ts';

let up: TestApp;
let ann: { readonly token: string; readonly id: string };
let ben: { readonly token: string; readonly id: string };
const [red, blue, grey] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const clients: LiveClient[] = [];
const follow = async (query: Query, token: string): Promise<Followed> => {
  const client = connectLive(up.url, { token: () => token });
  clients.push(client);
  const one = client.follow(query);
  await until('it is there', () => one.state === 'in' || one.state === 'refused');
  return one;
};
const titles = (one: Followed): unknown[] => [...one.rows.values()].map((row) => row['title']).sort();
const become = (one: Followed, wanted: readonly string[]): Promise<void> =>
  until(`the view is ${wanted.join()}`, () => one.state === 'in' && titles(one).join() === [...wanted].sort().join());
const make = async (body: object): Promise<void> => {
  const answer = await up.send('POST /collections', { token: up.owner, body });
  if (answer.status !== 201) throw new Error(answer.text);
};
const ruled = async (list: string): Promise<void> => {
  const answer = await up.send('PATCH /collections/letters', { token: up.owner, body: { rules: { list } } });
  if (answer.status !== 200) throw new Error(answer.text);
};
const write = (title: string, room: string | undefined): Promise<unknown> =>
  up.sql('INSERT INTO letters (id, title, room) VALUES (gen_random_uuid(), $1, $2)', [title, room]);
const furnish = (): Promise<unknown> =>
  up.sql(`INSERT INTO rooms (id, title) VALUES ($1, 'red'), ($2, 'blue'), ($3, 'grey')`, [red, blue, grey]);
/** A letter to each room, and one to none. */
const deliver = async (): Promise<void> => {
  for (const [title, room] of [
    ['r1', red],
    ['b1', blue],
    ['g1', grey],
    ['nowhere', undefined],
  ] as const)
    await write(title, room);
};
const seat = (id: string, room: string | undefined, role = 'guest'): Promise<unknown> =>
  up.sql('INSERT INTO seats (id, room, person, role) VALUES (gen_random_uuid(), $1, $2, $3)', [room, id, role]);
const unseat = (id: string, room: string | undefined): Promise<unknown> =>
  up.sql('DELETE FROM seats WHERE room = $1 AND person = $2', [room, id]);
const admit = async (id: string, room: string | undefined): Promise<void> => {
  const { body } = await up.send(`GET /records/rooms/${room}`, { token: up.owner });
  await up.send(`PATCH /records/rooms/${room}`, { token: up.owner, body: { members: [...body.members, id] } });
};
const expel = async (id: string, room: string | undefined): Promise<void> => {
  const { body } = await up.send(`GET /records/rooms/${room}`, { token: up.owner });
  await up.send(`PATCH /records/rooms/${room}`, { token: up.owner, body: { members: body.members.filter((one: string) => one !== id) } });
};

beforeAll(async () => {
  up = await startTestApp();
  [ann, ben] = [await up.account('ann'), await up.account('ben')];
  await make({
    name: 'rooms',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'members', type: 'relation', to: 'users', many: true },
    ],
    rules: { list: 'auth.id in members' },
  });
  await make({
    name: 'seats',
    fields: [
      { name: 'room', type: 'relation', to: 'rooms', inverse: 'seats' },
      { name: 'person', type: 'relation', to: 'users' },
      { name: 'role', type: 'text' },
    ],
  });
  await make({
    name: 'letters',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'room', type: 'relation', to: 'rooms' },
    ],
  });
}, 60_000);
afterEach(async () => {
  const errors = clients.flatMap((client) => client.errors);
  for (const client of clients.splice(0)) client.close();
  expect(errors).toEqual([]);
  await up.sql('TRUNCATE rooms, seats, letters CASCADE');
});
afterAll(() => up.close());

const bySeats = { enter: seat, leave: unseat };
const byMembers = { enter: admit, leave: expel };
test.each([
  ['collections.seats.exists(s, s.room == room && s.person == auth.id)', bySeats],
  ['auth != null && collections.seats.exists(s, auth.id == s.person && s.role != "banned" && room == s.room)', bySeats],
  ['room.seats.exists(s, s.person == auth.id && s.role in ["guest", "host"])', bySeats],
  ['auth.id in room.members', byMembers],
])('%s', async (rule, { enter, leave }) => {
  await furnish();
  await ruled(rule);
  for (const room of [red, blue]) await enter(ann.id, room);
  await enter(ben.id, red);
  await deliver();
  const all = await follow({ collection: 'letters' }, ann.token);
  const some = await follow({ collection: 'letters', sort: ['title'], limit: 2 }, ann.token);
  const his = await follow({ collection: 'letters' }, ben.token);
  await become(all, ['r1', 'b1']);
  await become(his, ['r1']);
  const asked = jest.spyOn(up.app.base.database.app, 'texts');
  for (let n = 2; n < 12; n++) await write(`r${n}`, red);
  await write('g2', grey);
  await up.sql('UPDATE letters SET room = $1 WHERE title = $2', [blue, 'r2']);
  await become(his, ['r1', ...Array.from({ length: 9 }, (_none, n) => `r${n + 3}`)]);
  await become(some, ['b1', 'r1']);
  expect(asked.mock.calls.map(([{ text }]) => text).filter((text) => text.includes('letters'))).toEqual([]);
  asked.mockRestore();

  // Who is a member of the same is in one group.
  await enter(ben.id, blue);
  await become(his, titles(all).map(String));
  expect(his.place?.group).toBe(all.place?.group);
  const before = all.told.resets;
  await leave(ben.id, red);
  await write('r20', red);
  await become(his, ['b1', 'r2']);
  await until('she has it', () => titles(all).includes('r20'));
  await leave(ben.id, blue);
  await become(his, []);
  const { messages } = his.told;
  await write('b20', blue);
  await until('she has it too', () => titles(all).includes('b20'));
  expect([his.told.messages, titles(his), all.told.resets]).toEqual([messages, [], before]);
  for (const [one, { token }] of [
    [all, ann],
    [his, ben],
  ] as const) {
    const { body } = await up.send('GET /records/letters?limit=100', { token });
    expect(titles(one)).toEqual(body.data.map((row: { title: string }) => row.title).sort());
  }
});

test.each([
  ['the other way round', '!(auth.id in room.members)', ['g1', 'nowhere'], ['b1', 'g1', 'nowhere']],
  ['with another part', 'auth.id in room.members || title == "nowhere"', ['b1', 'nowhere', 'r1'], ['nowhere', 'r1']],
])('%s', async (_name, rule, first, second) => {
  await furnish();
  for (const room of [red, blue]) await admit(ann.id, room);
  await ruled(rule);
  await deliver();
  const all = await follow({ collection: 'letters' }, ann.token);
  const rooms = await follow({ collection: 'rooms' }, ann.token);
  await become(all, first);
  await become(rooms, ['red', 'blue']);
  await expel(ann.id, blue);
  await become(all, second);
  await become(rooms, ['red']);
});

test('thousands at once, and more rooms than are held', async () => {
  await ruled('room.seats.exists(s, s.person == auth.id)');
  await up.sql(`INSERT INTO rooms (id, title) SELECT gen_random_uuid(), 'n' || n FROM generate_series(1, 6000) n`);
  await up.sql(`INSERT INTO letters (id, title, room) SELECT gen_random_uuid(), title, id FROM rooms WHERE title IN ('n1', 'n2', 'n3000')`);
  const all = await follow({ collection: 'letters' }, ann.token);
  await become(all, []);
  await up.sql(`INSERT INTO seats (id, room, person) SELECT gen_random_uuid(), id, $1 FROM rooms WHERE title = 'n1'`, [ann.id]);
  await become(all, ['n1']);
  await up.sql(`INSERT INTO seats (id, room, person) SELECT gen_random_uuid(), id, $1 FROM rooms WHERE title <> 'n1'`, [ann.id]);
  await become(all, ['n1', 'n2', 'n3000']);
  await up.sql(`DELETE FROM seats USING rooms WHERE rooms.id = seats.room AND rooms.title = 'n2'`);
  await become(all, ['n1', 'n3000']);
  await up.sql('TRUNCATE seats');
  await become(all, []);
  // Seats of no room are of no set, and fill none.
  await up.sql('INSERT INTO seats (id, person) SELECT gen_random_uuid(), $1 FROM generate_series(1, 1500)', [ann.id]);
  await up.sql(`INSERT INTO seats (id, room, person) SELECT gen_random_uuid(), id, $1 FROM rooms WHERE title = 'n2'`, [ann.id]);
  await become(all, ['n2']);
});
