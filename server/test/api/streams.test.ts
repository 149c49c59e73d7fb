/** Live queries as Server-Sent Events: the same messages as over a socket, in an answer that does not end. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { openStream, type Stream } from '../support/stream.ts';
import { until } from '../support/process.ts';

let up: TestApp;
const streams: Stream[] = [];
const open = async (query: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> => {
  const stream = await openStream(`${up.url}/api/v1/records/notes/live${query}`, headers);
  streams.push(stream);
  return stream;
};
const as = (token: string): Readonly<Record<string, string>> => ({ Authorization: `Bearer ${token}` });

beforeAll(async () => {
  up = await startTestApp();
  const body = {
    name: 'notes',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'state', type: 'text' },
      { name: 'owner', type: 'relation', to: 'users' },
    ],
    rules: { list: 'state != "draft" || owner == auth.id' },
  };
  const answer = await up.send('POST /collections', { token: up.owner, body });
  if (answer.status !== 201) throw new Error(answer.text);
}, 60_000);
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await up.sql('TRUNCATE notes');
});
afterAll(() => up.close());

const insert = (title: string, state = 'open') =>
  up.sql('INSERT INTO notes (id, title, state) VALUES (gen_random_uuid(), $1, $2)', [title, state]);
const titles = (rows: readonly { readonly title: string }[]): readonly string[] => rows.map(({ title }) => title).sort();

test('the rows come first, then what changes, each with the place behind it', async () => {
  await insert('one');
  const stream = await open('?filter=state%20%3D%3D%20$s&p.s=open&fields=title');
  const first = await stream.next('subscribed');
  expect(first.data).toMatchObject({ ok: true, mode: 'snapshot', more: 0, rows: [{ title: 'one' }] });
  await insert('two');
  const changes = [await stream.next('changes')];
  await insert('three', 'done');
  await insert('four');
  changes.push(await stream.next('changes'));
  expect(changes.map(({ data }) => data[3][0].slice(0, 1).concat(data[3][0][2].title))).toEqual([
    ['put', 'two'],
    ['put', 'four'],
  ]);
  const ids = [first, ...changes].map(({ id }) => id);
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(3);
  expect(stream.type).toBe('text/event-stream; charset=utf-8');
});

test('who comes back with the id of the last event is told what he missed, and no more', async () => {
  await insert('one');
  const stream = await open('');
  const { id } = await stream.next('subscribed');
  stream.close();
  const same = await open('', { 'Last-Event-ID': id });
  expect((await same.next('subscribed')).data).toMatchObject({ mode: 'current' });
  same.close();
  await insert('two');
  await insert('hidden', 'draft');
  const back = await open('', { 'Last-Event-ID': id });
  const { data } = await back.next('subscribed');
  expect([data.mode, data.ops.map((op: readonly unknown[]) => op[0])]).toEqual(['delta', ['put']]);
  // One of another query is no place of this one.
  const other = await open('?filter=title%20!%3D%20%22x%22', { 'Last-Event-ID': id });
  expect((await other.next('subscribed')).data).toMatchObject({ mode: 'snapshot' });
});

test('a large view comes in parts, and until it is whole there is no place to go on from', async () => {
  await up.sql(
    `INSERT INTO notes (id, title, state) SELECT gen_random_uuid(), n || repeat('x', 1000), 'open' FROM generate_series(1, 600) n`,
  );
  const stream = await open('?fields=title');
  const { data, id } = await stream.next('subscribed');
  let rows = data.rows;
  expect([id, rows.length + data.more]).toEqual(['', 600]);
  for (let isLast = false; !isLast;) {
    const part = await stream.next('snapshot');
    rows = [...rows, ...part.data[2]];
    isLast = part.data[3];
    expect(part.id === '').toBe(!isLast);
  }
  expect(new Set(titles(rows)).size).toBe(600);
});

test('a changed rule is told, and what is left of the view; the end of a session ends the stream', async () => {
  const ann = await up.account('ann');
  await up.sql(`INSERT INTO notes (id, title, state, owner) VALUES (gen_random_uuid(), 'own', 'draft', $1)`, [ann.id]);
  await insert('one');
  const stream = await open('', as(ann.token));
  expect(titles((await stream.next('subscribed')).data.rows)).toEqual(['one', 'own']);
  const change = (list: string) => up.send('PATCH /collections/notes', { token: up.owner, body: { rules: { list } } });
  await change('state != "draft"');
  expect((await stream.next('reset')).data[1]).toBe('schema');
  expect(titles((await stream.next('subscribed')).data.rows)).toEqual(['one']);
  await change('state != "draft" || owner == auth.id');
  await stream.next('reset');
  await stream.next('subscribed');
  await up.send('POST /auth/users/sign-out', { token: ann.token });
  expect((await stream.next('reset')).data[1]).toBe('auth');
  await insert('later');
  expect((await stream.next('problem')).data[1]).toMatchObject({ status: 401, code: 'unauthenticated' });
  await until('the stream is over', () => stream.isOver);
  expect(stream.events.filter(({ event }) => event === 'changes')).toEqual([]);
});

test('ends with its token', async () => {
  const { token } = await up.account('ben');
  const at = up.ahead;
  up.ahead = at + 600_000 - 2_000;
  const stream = await open('', as(token));
  await stream.next('subscribed');
  up.ahead = at;
  await until('the stream is over', () => stream.isOver, 15_000);
  expect(stream.events.map(({ event }) => event).filter((event) => event !== 'watermark')).toEqual(['subscribed']);
});

test.each<readonly [string, string, number, string]>([
  ['a page', '?page=2', 400, 'invalid_request'],
  ['a cursor', '?cursor=x', 400, 'invalid_request'],
  ['a parameter that is not known', '?offset=2', 400, 'invalid_request'],
  ['a filter that makes no sense', '?filter=title%20%3D%3D', 400, 'invalid_filter'],
  ['a limit that is too large', '?limit=501', 400, 'invalid_request'],
])('%s is refused', async (_name, query, status, code) => {
  const answer = await up.send(`GET /records/notes/live${query}`);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test('a place that is none and credentials that are none are refused; HEAD says no more than what it would be', async () => {
  const bad = await fetch(`${up.url}/api/v1/records/notes/live`, { headers: { 'Last-Event-ID': 'x y' } });
  expect([bad.status, (await bad.json()).errors[0].pointer]).toEqual([400, '/Last-Event-ID']);
  expect((await up.send('GET /records/notes/live', { token: 'nobody' })).status).toBe(401);
  expect((await up.send('GET /records/nothing/live')).status).toBe(404);
  const head = await fetch(`${up.url}/api/v1/records/notes/live`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});
