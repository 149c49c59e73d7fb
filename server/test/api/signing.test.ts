/** Signing keys: a rotation holds in every process at once, takes nobody's session, and leaves nothing of the old key when its tokens have ended. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { rotateKeys } from '../../src/cli/keys-rotate.ts';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { startBeside, type Beside } from '../support/beside.ts';

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

const keysOf = async (): Promise<JSONWebKeySet> => (await (await fetch(`${up.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
const kids = async () => (await keysOf()).keys.map(({ kid }) => kid);
const signIn = async (app: Beside | TestApp, collection = 'users', email = 'ann@example.com'): Promise<string> =>
  (await app.send(`POST /auth/${collection}/sign-in`, { body: { email, password } })).body.accessToken;
const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const me = async (app: Beside | TestApp, token: string) => (await app.send('GET /auth/users/me', { token })).status;
const rotate = (token: string) => up.send('POST /ops/signing-keys/rotate', { token, body: {} });

test('anybody can check a token by the public keys, which hold nothing private', async () => {
  const { token, id } = await up.account('ann');
  const set = await keysOf();
  expect(set.keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x']]);
  const { payload } = await jwtVerify(token, createLocalJWKSet(set), { issuer: 'underpin', audience: 'underpin' });
  expect(payload.sub).toBe(id);
});

test('is done by owners who signed in within ten minutes, and is in the audit', async () => {
  const { token } = await up.account('eve');
  const asked = await up.send('POST /ops/signing-keys/rotate', { body: {} });
  const before = await kids();
  await up.sql(`UPDATE underpin.admins SET role = 'admin'`);
  const admin = await signIn(up, '_admins', ownerEmail);
  expect([asked.status, (await rotate(token)).status, (await rotate(admin)).status]).toEqual([401, 403, 403]);
  await up.sql(`UPDATE underpin.admins SET role = 'owner'`);
  await up.sql(`UPDATE underpin.sessions SET created = created - interval '11 minutes' WHERE collection_name = '_admins'`);
  expect((await rotate(admin)).body.code).toBe('proof_required');
  expect(await kids()).toEqual(before);
  const done = await rotate(await signIn(up, '_admins', ownerEmail));
  expect([done.status, done.body.before.key]).toEqual([200, before[0]]);
  expect(await up.sql(`SELECT target, before, after FROM underpin.audit WHERE action = 'signing-keys.rotated'`)).toEqual([
    { target: done.body.key, before: { key: before[0] }, after: { key: done.body.key } },
  ]);
});

test('new tokens are of the new key in every process, old ones good until they end, and then the old key is gone', async () => {
  const old = await signIn(up);
  const oldBeside = await signIn(beside);
  expect(await Promise.all([me(up, old), me(beside, old), me(up, oldBeside)])).toEqual([200, 200, 200]);
  const owner = await signIn(up, '_admins', ownerEmail);
  const { text, code } = await rotateKeys({ url: up.url, token: owner });
  const [now, ...before] = await kids();
  expect([code, text]).toEqual([0, expect.stringContaining(String(now))]);
  expect(before).toContain(kidOf(old));
  // Signed by the one and shown to the other at once, which may not have heard of it yet.
  const fresh = await signIn(up);
  expect([kidOf(fresh), await me(beside, fresh)]).toEqual([now, 200]);
  await until('the other signs with it too', async () => kidOf(await signIn(beside)) === now);
  expect(await Promise.all([me(up, old), me(beside, old), me(beside, oldBeside)])).toEqual([200, 200, 200]);
  up.ahead = 601_000;
  expect(await Promise.all([me(up, old), me(beside, old)])).toEqual([401, 401]);
  up.ahead = 661_000;
  expect(await kids()).toEqual([now]);
  const { status } = await rotate(await signIn(up, '_admins', ownerEmail));
  expect([status, (await up.sql('SELECT id FROM underpin.signing_keys ORDER BY created DESC')).map(({ id }) => id)]).toEqual([
    200,
    [(await kids())[0], now],
  ]);
  up.ahead = 0;
});
