/**
 * The keys that sign access tokens: the first is made at the first start, private parts are sealed with the installation's secret.
 *
 * A rotation makes a new one. Every process hears of it and signs with the newest from then on; the one before it is good for
 * the tokens that it has signed, and gone when the last of them has ended. So when a key ends follows from when the next
 * was made, and nothing has to be done at that moment.
 */
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { audit } from '../changes/audit.ts';
import { slot } from '../kit/cache.ts';
import { deriveKey, seal, unseal } from '../kit/crypto.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { withTx, type Base, type Ctx } from '../ctx.ts';
import type { Db, ResultRow } from '../db/connect.ts';

export const algorithm = 'EdDSA';

export interface PublicKey {
  readonly id: string;
  readonly key: CryptoKey;
  readonly jwk: JWK;
  /** ms since 1970; that of the newest is Infinity. */
  readonly ends: number;
}
export interface SigningKeys {
  readonly current: { readonly id: string; readonly key: CryptoKey };
  readonly public: ReadonlyMap<string, PublicKey>;
}
interface Held {
  keys: Promise<SigningKeys> | undefined;
  /** When the keys were last read since a token named one that was not known: ms since 1970. */
  asked: number;
}
const held = slot<Held>('signing keys', () => ({ keys: undefined, asked: 0 }));

export function followSigningKeys(base: Base): void {
  const state = base.cache.get(held);
  const forget = (): void => {
    state.keys = undefined;
  };
  base.listener.on('signing', forget, forget);
}

/** While nothing is heard of other processes the database is asked; keys are needed once for a token, not at every request. */
export function signingKeys(base: Base): Promise<SigningKeys> {
  const state = base.cache.get(held);
  if (!base.listener.isFresh()) state.keys = undefined;
  if (state.keys !== undefined) return state.keys;
  const loading = loadKeys(base).catch((error: unknown) => {
    if (state.keys === loading) state.keys = undefined;
    throw error;
  });
  state.keys = loading;
  return loading;
}

/** The key of a token, where it has not ended. One that is not known may have been made a moment ago: asked at most once a second. */
export async function publicKey(base: Base, id: string): Promise<CryptoKey | undefined> {
  const now = base.clock();
  const state = base.cache.get(held);
  let found = (await signingKeys(base)).public.get(id);
  if (found === undefined && now - state.asked >= limits.signing.asked) {
    state.asked = now;
    state.keys = undefined;
    found = (await signingKeys(base)).public.get(id);
  }
  return found === undefined || found.ends <= now ? undefined : found.key;
}

/** The public keys whose tokens are good now, newest first (RFC 7517). */
export async function jwks(base: Base): Promise<{ readonly keys: readonly JWK[] }> {
  const { public: all } = await signingKeys(base);
  const good = [...all.values()].filter(({ ends }) => ends > base.clock());
  return { keys: good.map(({ id, jwk }) => ({ ...jwk, kid: id, alg: algorithm, use: 'sig' })) };
}

/** A new key; those that have ended go. The id of the new one, and when the one before it ends. */
export async function rotateSigningKeys(ctx: Ctx): Promise<{ readonly id: string; readonly before: string; readonly ends: number }> {
  const rotated = await withTx(ctx, async (inside) => {
    await inside.db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [lock] });
    const before = String((await readKeys(inside.db)).rows[0]?.['id']);
    const id = await makeKey(ctx, inside.db);
    // A key has ended when the one after it is as old as that.
    await inside.db.run({
      text: `DELETE FROM underpin.signing_keys k WHERE EXISTS (SELECT FROM underpin.signing_keys n WHERE n.created > k.created AND n.created <= $1)`,
      values: [new Date(ctx.now - overlap)],
    });
    await audit(inside, 'signing-keys.rotated', id, { before: { key: before }, after: { key: id } });
    return { id, before, ends: ctx.now + overlap };
  });
  ctx.cache.get(held).keys = undefined;
  return rotated;
}

/** As long as tokens live, and what a process that heard of it late may have signed after. */
const overlap = limits.session.access + limits.signing.late;
const lock = 0x6b657973;

const readKeys = (db: Db) =>
  db.run({ text: 'SELECT id, created, public_key, sealed FROM underpin.signing_keys ORDER BY created DESC, id DESC' });

async function makeKey(base: Base, db: Db): Promise<string> {
  const id = newId(base.clock());
  const pair = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
  const sealed = seal(deriveKey(base.secret, 'signing keys'), JSON.stringify(await exportJWK(pair.privateKey)));
  await db.run({
    text: 'INSERT INTO underpin.signing_keys (id, created, public_key, sealed) VALUES ($1, $2, $3::jsonb, $4)',
    values: [id, new Date(base.clock()), JSON.stringify(await exportJWK(pair.publicKey)), sealed],
  });
  return id;
}

async function loadKeys(base: Base): Promise<SigningKeys> {
  const { rows } = await readKeys(base.database.app);
  const known = rows.length > 0 ? rows : await firstKey(base);
  const all = await Promise.all(known.map((row, index) => publicPart(row, known[index - 1])));
  const [newest] = known;
  const sealed = newest?.['sealed'];
  if (newest === undefined || !Buffer.isBuffer(sealed)) throw new Error('no signing key could be made');
  // cast: sealed by us, so JSON of exportJWK.
  const jwk = JSON.parse(open(deriveKey(base.secret, 'signing keys'), sealed)) as JWK;
  return { current: { id: String(newest['id']), key: await imported(jwk) }, public: new Map(all.map((key) => [key.id, key])) };
}

const firstKey = (base: Base): Promise<readonly ResultRow[]> =>
  base.database.app.transaction(async (db) => {
    await db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [lock] });
    if ((await readKeys(db)).rows.length === 0) await makeKey(base, db);
    return (await readKeys(db)).rows;
  });

async function publicPart(row: ResultRow, next: ResultRow | undefined): Promise<PublicKey> {
  // cast: written above, by exportJWK.
  const jwk = row['public_key'] as JWK;
  const made = next?.['created'];
  return { id: String(row['id']), jwk, key: await imported(jwk), ends: made instanceof Date ? made.getTime() + overlap : Infinity };
}

async function imported(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error('a signing key is of another kind');
  return key;
}

function open(key: Buffer, sealed: Buffer): string {
  try {
    return unseal(key, sealed);
  } catch (error) {
    throw new Error('The signing keys in the database were sealed with another SECRET; start with the one they were made with', {
      cause: error,
    });
  }
}
