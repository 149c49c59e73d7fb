/** The keys that sign access tokens: made at the first start, private parts sealed with the installation's secret. */
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { slot } from '../kit/cache.ts';
import { deriveKey, seal, unseal } from '../kit/crypto.ts';
import { newId } from '../kit/ids.ts';
import type { Base } from '../ctx.ts';

export const algorithm = 'EdDSA';

export interface SigningKeys {
  readonly current: { readonly id: string; readonly key: CryptoKey };
  readonly public: ReadonlyMap<string, CryptoKey>;
}
const held = slot<{ keys: Promise<SigningKeys> | undefined }>('signing keys', () => ({ keys: undefined }));

export function signingKeys(base: Base): Promise<SigningKeys> {
  const state = base.cache.get(held);
  state.keys ??= loadKeys(base).catch((error: unknown) => {
    state.keys = undefined;
    throw error;
  });
  return state.keys;
}

const lock = 0x6b657973;

async function loadKeys(base: Base): Promise<SigningKeys> {
  const rows = await base.database.app.transaction(async (db) => {
    await db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [lock] });
    const read = () => db.run({ text: 'SELECT id, public_key, sealed FROM underpin.signing_keys ORDER BY created DESC, id DESC' });
    const known = await read();
    if (known.rows.length > 0) return known.rows;
    const pair = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
    const sealed = seal(deriveKey(base.secret, 'signing keys'), JSON.stringify(await exportJWK(pair.privateKey)));
    await db.run({
      text: 'INSERT INTO underpin.signing_keys (id, created, public_key, sealed) VALUES ($1, $2, $3::jsonb, $4)',
      values: [newId(base.clock()), new Date(base.clock()), JSON.stringify(await exportJWK(pair.publicKey)), sealed],
    });
    return (await read()).rows;
  });
  const all = await Promise.all(
    rows.map(async (row) => {
      const sealed = row['sealed'];
      if (!Buffer.isBuffer(sealed)) throw new Error('a signing key is not sealed');
      // cast: written above, by exportJWK.
      return { id: String(row['id']), public: await imported(row['public_key'] as JWK), sealed };
    }),
  );
  const newest = all[0];
  if (newest === undefined) throw new Error('no signing key could be made');
  // cast: sealed by us, so JSON of exportJWK.
  const jwk = JSON.parse(open(deriveKey(base.secret, 'signing keys'), newest.sealed)) as JWK;
  return { current: { id: newest.id, key: await imported(jwk) }, public: new Map(all.map((key) => [key.id, key.public])) };
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
