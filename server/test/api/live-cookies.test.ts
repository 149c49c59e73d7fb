/** Sockets that are opened with a cookie: it says who asks where the page is of our own origin, and nowhere else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { io } from 'socket.io-client';
import type { Problem, SubscribeAnswer } from '@underpin/sdk/wire';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
const cookies: Record<string, string> = {};
beforeAll(async () => {
  up = await startTestApp({ CORS_ORIGINS: 'http://localhost:1' });
  const body = { name: 'notes', fields: [{ name: 'title', type: 'text' }], rules: { list: 'auth != null' } };
  expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  await up.account('ann');
  for (const [name, collection, email] of [
    ['account', 'users', 'ann@example.com'],
    ['admin', '_admins', ownerEmail],
  ] as const) {
    const headers = { 'x-underpin-session': 'cookie' };
    const answer = await up.send(`POST /auth/${collection}/sign-in`, { body: { email, password }, headers });
    cookies[name] = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  }
});
afterAll(() => up.close());

/** What comes of a subscription that only somebody who is signed in may have. */
const ask = (headers: Readonly<Record<string, string>>, auth: object): Promise<string> =>
  new Promise((resolve) => {
    const socket = io(up.url, { path: '/realtime', transports: ['websocket'], forceNew: true, extraHeaders: headers, auth });
    const done = (said: string): void => {
      socket.disconnect();
      resolve(said);
    };
    socket.on('connect_error', (error: Error & { data?: Problem }) => done(error.data?.code ?? error.message));
    socket.on('connect', () =>
      socket.emit('subscribe', { id: '1', collection: 'notes' }, (answer: SubscribeAnswer) => done(answer.ok ? 'ok' : answer.problem.code)),
    );
  });

const both = (): string => `${cookies['account']}; ${cookies['admin']}`;
test.each<readonly [string, (own: string) => Record<string, string>, object, string]>([
  ['of our own origin', (origin) => ({ origin }), { v: 1, session: 'account' }, 'ok'],
  ['of our own origin, as admin', (origin) => ({ origin }), { v: 1, session: 'admin' }, 'ok'],
  ['that says so itself', (origin) => ({ origin, 'sec-fetch-site': 'same-origin' }), { v: 1, session: 'account' }, 'ok'],
  ['of our own origin that means no session', (origin) => ({ origin }), { v: 1 }, 'unauthenticated'],
  ['of an origin that may call us', () => ({ origin: 'http://localhost:1' }), { v: 1, session: 'account' }, 'unauthenticated'],
  ['of our host over TLS', (origin) => ({ origin: origin.replace('http', 'https') }), { v: 1, session: 'admin' }, 'unauthenticated'],
  ['of a neighbour', (origin) => ({ origin, 'sec-fetch-site': 'same-site' }), { v: 1, session: 'account' }, 'unauthenticated'],
  ['of no origin', () => ({}), { v: 1, session: 'account' }, 'unauthenticated'],
  ['of another site', () => ({ origin: 'http://evil.example' }), { v: 1, session: 'account' }, 'websocket error'],
  ['that means what there is not', (origin) => ({ origin }), { v: 1, session: 'owner' }, 'invalid_request'],
])('a page %s', async (_name, headers, auth, said) => {
  expect(await ask({ ...headers(up.url), cookie: both() }, auth)).toBe(said);
});
