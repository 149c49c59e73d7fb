/** Idempotency-Key: a write that is sent again is done once, and says the same. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
  await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'notes',
      fields: [
        { name: 'text', type: 'text' },
        { name: 'n', type: 'number' },
      ],
      rules: { list: 'true', create: 'true', update: 'true', delete: 'true' },
    },
  });
});
afterAll(() => up.close());

let serial = 0;
const newKey = (): string => `key-of-this-test-${++serial}`;
const post = (key: string, body: unknown, token?: string) =>
  up.send('POST /records/notes', { body, headers: { 'idempotency-key': key }, ...(token === undefined ? {} : { token }) });
const rows = async (text: string) => (await up.sql('SELECT id FROM notes WHERE text = $1', [text])).length;

test('the second answer is the first one, and one record is made', async () => {
  const key = newKey();
  const first = await post(key, { text: 'once' });
  const second = await post(key, { text: 'once' });
  expect([first.status, second.status, second.text]).toEqual([201, 201, first.text]);
  expect([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')]).toEqual([null, 'true']);
  expect([second.headers.get('etag'), second.headers.get('location')]).toEqual([first.headers.get('etag'), first.headers.get('location')]);
  expect(await rows('once')).toBe(1);
});

test('twenty at once make one record; who comes meanwhile is told to wait', async () => {
  const key = newKey();
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(key, { text: 'at once' })));
  expect(await rows('at once')).toBe(1);
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(201);
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
  for (const { status, body, headers } of answers)
    if (status === 409) expect([body.code, headers.get('retry-after')]).toEqual(['idempotency_in_progress', '1']);
});

test('with another body it is refused', async () => {
  const key = newKey();
  await post(key, { text: 'mine' });
  const other = await post(key, { text: 'another' });
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
  expect(await rows('another')).toBe(0);
});

test('belongs to its caller, method and path', async () => {
  const key = newKey();
  const ann = await up.account('ann');
  await post(key, { text: 'scope' });
  await post(key, { text: 'scope' }, ann.token);
  expect(await rows('scope')).toBe(2);
});

test('what failed is not kept', async () => {
  const key = newKey();
  expect((await post(key, { text: 5 })).status).toBe(422);
  expect((await post(key, { text: 'after a failure' })).status).toBe(201);
});

test('changes and deletes are repeated without effect', async () => {
  const { body } = await post(newKey(), { text: 'to change', n: 1 });
  const headers = { 'idempotency-key': newKey() };
  const changes = [];
  for (let n = 0; n < 3; n++) changes.push(await up.send(`PATCH /records/notes/${body.id}`, { body: { n: 2 }, headers }));
  expect(changes.map(({ body: { version } }) => version)).toEqual([2, 2, 2]);
  const gone = { 'idempotency-key': newKey() };
  expect((await up.send(`DELETE /records/notes/${body.id}`, { headers: gone })).status).toBe(204);
  expect((await up.send(`DELETE /records/notes/${body.id}`, { headers: gone })).status).toBe(204);
  expect((await up.send(`DELETE /records/notes/${body.id}`)).status).toBe(404);
});

test('a large answer is read again instead of kept', async () => {
  const key = newKey();
  const text = 'x'.repeat(20_000);
  const first = await post(key, { text });
  const second = await post(key, { text });
  expect([second.status, second.body]).toEqual([201, first.body]);
  expect(await up.sql('SELECT body FROM underpin.idempotency WHERE record = $1', [first.body.id])).toEqual([{ body: null }]);
  expect(await rows(text)).toBe(1);
});

test('is forgotten after a day', async () => {
  const key = newKey();
  await post(key, { text: 'daily' });
  up.ahead = 86_401_000;
  await post(key, { text: 'daily' });
  up.ahead = 0;
  expect(await rows('daily')).toBe(2);
});

test.each(['short', 'x'.repeat(256), 'with a space in it'])('a key that does not do is refused: %s', async (key) => {
  expect((await post(key, { text: 'bad key' })).status).toBe(400);
  expect(await rows('bad key')).toBe(0);
});
