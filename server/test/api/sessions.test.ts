/** Sessions are listed with device and address, and ended one by one or all: in every process within a second. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { startBeside, type Beside } from '../support/beside.ts';
import { until } from '../support/process.ts';

let up: TestApp;
let beside: Beside;
beforeAll(async () => {
  up = await startTestApp();
  beside = await startBeside(up);
});
afterAll(async () => {
  await beside.close();
  await up.close();
});

interface Listed {
  readonly id: string;
  readonly device: string;
  readonly address: string;
  readonly current: boolean;
}
const signIn = async (name: string, device = 'a device', collection = 'users'): Promise<string> => {
  const email = collection === 'users' ? `${name}@example.com` : name;
  const { body } = await up.send(`POST /auth/${collection}/sign-in`, { body: { email, password }, headers: { 'user-agent': device } });
  return body.accessToken;
};
const list = async (token: string): Promise<readonly Listed[]> => (await up.send('GET /auth/users/sessions', { token })).body.data;
const statuses = (tokens: readonly string[]) =>
  Promise.all(tokens.flatMap((token) => [up, beside].map(async (app) => (await app.send('GET /auth/users/me', { token })).status)));
/** Both apps have known the tokens, and refuse them. */
async function gone(tokens: readonly string[]): Promise<void> {
  const begun = performance.now();
  await until('they are refused everywhere', async () => (await statuses(tokens)).every((status) => status === 401));
  expect(performance.now() - begun).toBeLessThan(5_000);
}

test('each has its device and address; one is ended, or all the others', async () => {
  const { token: first } = await up.account('ann');
  const tokens = [await signIn('ann', 'phone'), await signIn('ann', 'tablet'), await signIn('ann', 'desk')];
  const { token: stranger } = await up.account('bob');
  expect(await statuses([first, ...tokens, stranger])).toEqual(Array(10).fill(200));
  const sessions = await list(first);
  expect(sessions.map(({ device }) => device).sort()).toEqual(['desk', 'node', 'phone', 'tablet']);
  expect(new Set(sessions.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
  expect(sessions.filter(({ current }) => current).map(({ device }) => device)).toEqual(['node']);
  const phone = sessions.find(({ device }) => device === 'phone')?.id ?? '';
  expect((await up.send(`DELETE /auth/users/sessions/${phone}`, { token: stranger })).status).toBe(404);
  expect((await up.send(`DELETE /auth/users/sessions/${phone}`, { token: first })).status).toBe(204);
  await gone(tokens.slice(0, 1));
  const others = await up.send('DELETE /auth/users/sessions', { token: first });
  expect([others.status, others.body]).toEqual([200, { count: 2 }]);
  await gone(tokens);
  expect(await statuses([first, stranger])).toEqual([200, 200, 200, 200]);
  expect((await list(first)).map(({ current }) => current)).toEqual([true]);
  expect((await up.send('DELETE /auth/users/sessions', { token: first })).body).toEqual({ count: 0 });
});

test('a browser is named, and what is none as it calls itself', async () => {
  await up.account('cem');
  for (const [agent, device] of [
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 'Chrome on Linux'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Firefox on Windows'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1',
      'Safari on iOS',
    ],
    ['curl/8.5.0', 'curl/8.5.0'],
    [`Mozilla/5.0 ${'('.repeat(400)}`, `Mozilla/5.0 ${'('.repeat(288)}`],
    ['', 'unknown'],
  ] as const) {
    const token = await signIn('cem', agent);
    expect((await list(token)).find(({ current }) => current)?.device).toBe(device);
  }
});

test('admins see the sessions of every account and end them; nobody else does', async () => {
  const { token, id } = await up.account('cat');
  const second = await signIn('cat', 'phone');
  const path = `/ops/accounts/users/${id}/sessions`;
  const seen = await up.send(`GET ${path}`, { token: up.owner });
  expect(seen.body.data.map(({ device, current }: Listed) => [device, current]).sort()).toEqual([
    ['node', false],
    ['phone', false],
  ]);
  const phone = seen.body.data.find(({ device }: Listed) => device === 'phone').id;
  for (const [request, who, status] of [
    [`GET ${path}`, token, 403],
    [`DELETE ${path}`, token, 403],
    [`DELETE ${path}/${phone}`, token, 403],
    [`GET ${path}`, undefined, 401],
    [`DELETE ${path}`, undefined, 401],
    [`GET /ops/accounts/users/${phone}/sessions`, up.owner, 404],
    [`GET /ops/accounts/_sessions/${id}/sessions`, up.owner, 404],
    [`DELETE ${path}/${id}`, up.owner, 404],
  ] as const)
    expect([request, (await up.send(request, who === undefined ? {} : { token: who })).status]).toEqual([request, status]);
  expect(await statuses([token, second])).toEqual([200, 200, 200, 200]);
  expect((await up.send(`DELETE ${path}/${phone}`, { token: up.owner })).status).toBe(204);
  await gone([second]);
  expect((await up.send(`DELETE ${path}`, { token: up.owner })).body).toEqual({ count: 1 });
  await gone([token]);
  const audited = await up.sql(`SELECT action, actor FROM underpin.audit WHERE target = $1 AND action LIKE '%ended' ORDER BY id`, [
    `users:${id}`,
  ]);
  expect(audited.map(({ action, actor }) => [action, String(actor).split(':')[0]])).toEqual([
    ['session.ended', '_admins'],
    ['sessions.ended', '_admins'],
  ]);
});

test('owners end the sessions of admins, admins only their own, and viewers none', async () => {
  const add = async (role: string): Promise<string> => {
    const [{ id } = {}] = await up.sql(
      `INSERT INTO underpin.admins (id, created, updated, email, role) VALUES (gen_random_uuid(), now(), now(), $1, $2) RETURNING id`,
      [`${role}@example.com`, role],
    );
    await up.sql(
      `INSERT INTO underpin.credentials SELECT c.collection, $1, c.password_hash, c.changed FROM underpin.credentials c JOIN underpin.admins a ON a.id = c.account WHERE a.email = $2`,
      [id, ownerEmail],
    );
    return String(id);
  };
  const [admin, viewer] = [await add('admin'), await add('viewer')];
  const [{ id: owner } = {}] = await up.sql(`SELECT id FROM underpin.admins WHERE role = 'owner'`);
  const byAdmin = await signIn('admin@example.com', 'd', '_admins');
  const byViewer = await signIn('viewer@example.com', 'd', '_admins');
  const end = async (token: string, id: unknown) =>
    (await up.send(`DELETE /ops/accounts/_admins/${String(id)}/sessions`, { token })).status;
  expect([await end(byAdmin, owner), await end(byAdmin, viewer), await end(byViewer, viewer)]).toEqual([403, 403, 403]);
  expect((await up.send(`GET /ops/accounts/_admins/${admin}/sessions`, { token: byViewer })).status).toBe(200);
  expect([await end(byAdmin, admin), await end(up.owner, viewer)]).toEqual([200, 200]);
});
