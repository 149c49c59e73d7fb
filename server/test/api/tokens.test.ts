/** Forged tokens: each is one change away from one that is accepted, and the unchanged one is accepted beside it. */
import { createServer, type Server } from 'node:http';
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { signingKeys } from '../../src/auth/keys.ts';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string; refreshToken: string };
let bob: { token: string; id: string };
let member: { token: string; id: string; refreshToken: string };
let trap: Server;
let trapUrl = '';
let asked = 0;

beforeAll(async () => {
  up = await startTestApp();
  for (const body of [
    { name: 'members', kind: 'auth', rules: { list: 'true', create: 'true' } },
    { name: 'posts', fields: [{ name: 'title', type: 'text' }], rules: { list: 'true', create: 'auth != null' } },
  ])
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  ann = await up.account('ann');
  bob = await up.account('bob');
  member = await up.account('mia', 'members');
  trap = createServer((_request, response) => {
    asked++;
    response.end('{}');
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const address = trap.address();
  trapUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/keys`;
});
afterAll(async () => {
  trap.close();
  await up.close();
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const partsOf = (token: string): [head: Record<string, unknown>, claims: JWTPayload, signature: string] => {
  const [head = '', claims = '', signature = ''] = token.split('.');
  return [JSON.parse(Buffer.from(head, 'base64url').toString()), JSON.parse(Buffer.from(claims, 'base64url').toString()), signature];
};

/** The same token with other claims or another header, signed with our own key: only what was changed can be why it is refused. */
async function signed(claims: Record<string, unknown>, head: Record<string, unknown> = {}): Promise<string> {
  const { current } = await signingKeys(up.app.base);
  const [header, payload] = partsOf(ann.token);
  const without = (all: Record<string, unknown>) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const body = Buffer.from(JSON.stringify(without({ ...payload, ...claims })));
  const text = `${part(without({ ...header, ...head }))}.${body.toString('base64url')}`;
  const signature = await crypto.subtle.sign('Ed25519', current.key, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

/** Nothing was written by what was refused, and nobody was asked. */
const written = () =>
  up.sql(`SELECT (SELECT jsonb_agg(s ORDER BY id) FROM underpin.sessions s) AS sessions, (SELECT count(*) FROM underpin.audit) AS audit,
          (SELECT count(*) FROM posts) AS posts, (SELECT count(*) FROM underpin.spent_tokens) AS spent, (SELECT count(*) FROM underpin.idempotency) AS kept`);

const doors: readonly [string, unknown?][] = [
  ['GET /auth/users/me'],
  ['GET /auth/users/sessions'],
  ['POST /auth/users/sign-out', {}],
  ['GET /records/posts'],
  ['POST /records/posts', { title: 'forged' }],
  ['POST /batch', { operations: [] }],
  ['GET /schema'],
  ['GET /openapi.json'],
];

async function refusedEverywhere(token: string): Promise<void> {
  const before = await written();
  for (const [request, body] of doors) {
    const { status } = await up.send(request, { token, ...(body === undefined ? {} : { body }) });
    expect([request, status]).toEqual([request, 401]);
  }
  expect(await written()).toEqual(before);
  expect(asked).toBe(0);
  for (const good of [ann.token, await signed({})]) expect((await up.send('GET /auth/users/me', { token: good })).status).toBe(200);
}

const now = (): number => Math.floor(Date.now() / 1000);
const usersOf = async (name: string) => (await up.sql('SELECT id FROM underpin.collections WHERE name = $1', [name]))[0]?.['id'];

describe('a token of ours, signed by us, with', () => {
  test.each<[string, Record<string, unknown> | (() => Promise<Record<string, unknown>>)]>([
    ['no subject', { sub: undefined }],
    ['a number as subject', { sub: 1 }],
    ['a list as subject', { sub: ['x'] }],
    ['an object as subject', { sub: { $ne: null } }],
    ['another account', async () => ({ sub: bob.id })],
    ['no session', { sid: undefined }],
    ['a list as session', async () => ({ sid: [partsOf(ann.token)[1]['sid']] })],
    ['the session of another', async () => ({ sid: partsOf(bob.token)[1]['sid'] })],
    ['a session that there is not', { sid: '01a20080-0000-7000-8000-000000000000' }],
    ['no collection', { col: undefined }],
    ['true as collection', { col: true }],
    ['a collection by its name', { col: 'users' }],
    ['the collection of admins', { col: '00000000-0000-7000-8000-000000000001' }],
    ['another collection of accounts', async () => ({ col: await usersOf('members') })],
    ['an end that was', { exp: now() - 1 }],
    ['an end in words', { exp: '9999999999' }],
    ['no end', { exp: undefined }],
    ['null as end', { exp: null }],
    ['a beginning to come', { nbf: now() + 600 }],
    ['a beginning in words', { nbf: 'now' }],
    ['a moment of issue in words', { iat: 'now' }],
    ['another issuer', { iss: 'other' }],
    ['an issuer to ask', async () => ({ iss: trapUrl })],
    ['no issuer', { iss: undefined }],
    ['a list as issuer', { iss: ['underpin'] }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
  ])('%s', async (_name, claims) => {
    await refusedEverywhere(await signed(typeof claims === 'function' ? await claims() : claims));
  });

  test.each<[string, Record<string, unknown> | (() => Promise<Record<string, unknown>>)]>([
    ['algorithm none', { alg: 'none' }],
    ['algorithm None', { alg: 'None' }],
    ['algorithm HS256', { alg: 'HS256' }],
    ['algorithm ES256', { alg: 'ES256' }],
    ['an algorithm otherwise written', { alg: 'eddsa' }],
    ['a list as algorithm', { alg: ['EdDSA'] }],
    ['no algorithm', { alg: undefined }],
    ['the type of an id token', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['no key', { kid: undefined }],
    ['a key that there is not', { kid: '01a20080-0000-7000-8000-000000000000' }],
    ['a path as key', { kid: '../../../dev/null' }],
    ['SQL as key', { kid: `' UNION SELECT '1` }],
    ['a property as key', { kid: 'constructor' }],
    ['a list as key', async () => ({ kid: [partsOf(ann.token)[0]['kid']] })],
    ['what it says is critical', { crit: ['b64'], b64: false }],
    ['an unknown thing that is critical', { crit: ['nope'], nope: 1 }],
  ])('%s in its header', async (_name, head) => {
    await refusedEverywhere(await signed({}, typeof head === 'function' ? await head() : head));
  });
});

describe('a token that we did not sign:', () => {
  test('without a signature', async () => {
    const [head, claims] = partsOf(ann.token);
    const body = ann.token.split('.')[1] ?? '';
    for (const forged of [`${part({ ...head, alg: 'none' })}.${body}.`, `${part(head)}.${body}.`, `${part(head)}.${body}`, part(claims)])
      await refusedEverywhere(forged);
  });

  test('a changed one with the old signature, and any other signature', async () => {
    const [head, claims, signature] = partsOf(ann.token);
    const bytes = Buffer.from(signature, 'base64url');
    const flipped = Buffer.from(bytes.map((byte, index) => (index === 10 ? byte ^ 1 : byte))).toString('base64url');
    const start = ann.token.slice(0, ann.token.lastIndexOf('.'));
    // The last character holds four bits that mean nothing: another one there is another text of the same bytes.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sibling = alphabet[alphabet.indexOf(signature.at(-1) ?? '') ^ 1] ?? '';
    for (const forged of [
      `${part(head)}.${part({ ...claims, sub: bob.id })}.${signature}`,
      `${start}.${flipped}`,
      `${start}.${signature.slice(0, -4)}`,
      `${start}.${signature}AA`,
      `${start}.${signature.slice(0, -1)}${sibling}`,
      `${ann.token}.${signature}`,
      `${start}.${partsOf(bob.token)[2]}`,
    ])
      await refusedEverywhere(forged);
  });

  test('by HMAC with our public key, in every form of it', async () => {
    const [head, claims] = partsOf(ann.token);
    const [{ public_key: jwk } = {}] = await up.sql('SELECT public_key FROM underpin.signing_keys');
    // cast: written by exportJWK.
    const key = createPublicKey({ key: jwk as JWK, format: 'jwk' });
    const x = Buffer.from(String((jwk as JWK).x), 'base64url');
    for (const secret of [
      x,
      Buffer.from(JSON.stringify(jwk)),
      key.export({ type: 'spki', format: 'der' }),
      Buffer.from(key.export({ type: 'spki', format: 'pem' })),
    ])
      await refusedEverywhere(await new SignJWT(claims).setProtectedHeader({ ...head, alg: 'HS256' }).sign(secret));
  });

  test('by another key, named as ours, sent along, or to be fetched', async () => {
    const [head, claims] = partsOf(ann.token);
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    for (const more of [{}, { jwk }, { jku: trapUrl }, { x5u: trapUrl }, { jku: trapUrl, kid: 'other' }, { kid: trapUrl }])
      await refusedEverywhere(await new SignJWT(claims).setProtectedHeader({ ...head, alg: 'EdDSA', ...more }).sign(privateKey));
  });

  test('another key of ours than it names', async () => {
    await up.sql(
      `INSERT INTO underpin.signing_keys (id, created, public_key, sealed) SELECT 'other', created - interval '1 day', public_key || '{"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}', sealed FROM underpin.signing_keys`,
    );
    await refusedEverywhere(await signed({}, { kid: 'other' }));
  });
});

test('what was given for another purpose is no access token', async () => {
  const made = await up.send('POST /records/_api_keys', {
    token: up.owner,
    body: { name: 'k', scopes: [{ on: 'records:posts', actions: ['list', 'view', 'create'] }] },
  });
  const key = String(made.body.key);
  for (let n = 0; n < 2; n++) await up.send('POST /records/posts', { token: up.owner, body: { title: 'x' } });
  const cursor = String((await up.send(`GET /records/posts${query({ limit: '1' })}`, { token: ann.token })).body.page.next);
  const [, signature = ''] = cursor.split('.');
  for (const other of [
    ann.refreshToken,
    cursor,
    signature,
    // Setup tokens are 32 random bytes like these.
    ann.refreshToken.split('').reverse().join(''),
    key.slice(0, 12),
    key.slice(0, -1),
    `${key}x`,
    key.slice(13),
    key.replace('upk_', 'UPK_'),
    key.replace('upk_', 'upj_'),
    `upk_00000000${key.slice(12)}`,
    key.slice(0, 13) +
      key
        .slice(13)
        .split('')
        .map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase()))
        .join(''),
  ])
    await refusedEverywhere(other);
  expect((await up.send('GET /records/posts', { token: key })).status).toBe(200);
});

test('and what is none is no refresh token', async () => {
  const made = await up.send('POST /records/_api_keys', { token: up.owner, body: { name: 'k', scopes: [] } });
  const before = await written();
  for (const refreshToken of [
    made.body.key,
    member.refreshToken,
    ann.refreshToken.toUpperCase(),
    ann.refreshToken.slice(0, -1),
    `${ann.refreshToken}A`,
  ])
    expect((await up.send('POST /auth/users/refresh', { body: { refreshToken } })).status).toBe(401);
  for (const refreshToken of [ann.token, null, 1, [ann.refreshToken], { $ne: null }, true])
    expect((await up.send('POST /auth/users/refresh', { body: { refreshToken } })).status).toBe(400);
  expect(await written()).toEqual(before);
  expect((await up.send('POST /auth/members/refresh', { body: { refreshToken: member.refreshToken } })).status).toBe(200);
});

test('the token of another collection is refused by every route of one', async () => {
  const routes: readonly [string, unknown?][] = [
    ['GET /auth/{c}/me'],
    ['GET /auth/{c}/sessions'],
    [`DELETE /auth/{c}/sessions/${partsOf(ann.token)[1]['sid']}`],
    [`DELETE /auth/{c}/sessions/${partsOf(member.token)[1]['sid']}`],
    ['POST /auth/{c}/sign-out', {}],
  ];
  const before = await written();
  for (const [request, body] of routes)
    for (const [collection, token] of [
      ['users', member.token],
      ['users', up.owner],
      ['members', ann.token],
      ['members', up.owner],
      ['_admins', ann.token],
      ['_admins', member.token],
    ] as const) {
      const { status } = await up.send(request.replace('{c}', collection), { token, ...(body === undefined ? {} : { body }) });
      expect([request, collection, status]).toEqual([request, collection, 401]);
    }
  expect(await written()).toEqual(before);
  for (const [collection, token] of [
    ['users', ann.token],
    ['members', member.token],
    ['_admins', up.owner],
  ] as const)
    expect((await up.send(`GET /auth/${collection}/me`, { token })).status).toBe(200);
});
