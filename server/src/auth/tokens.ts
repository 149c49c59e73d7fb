/** Access tokens: EdDSA JWTs of ten minutes (RFC 9068's type `at+jwt`). They say who; what he may is asked of the schema. */
import { jwtVerify, SignJWT, errors } from 'jose';
import { slot } from '../kit/cache.ts';
import { Recent } from '../kit/recent.ts';
import { limits } from '../kit/limits.ts';
import { newId } from '../kit/ids.ts';
import type { Base } from '../ctx.ts';
import { algorithm, publicKey, signingKeys } from './keys.ts';

export interface TokenClaims {
  readonly account: string;
  readonly session: string;
  /** The id of the collection that holds the account: a rename ends nobody's session. */
  readonly collection: string;
  readonly expires: number;
}

const type = 'at+jwt';
const audience = 'underpin';
const issuerOf = (base: Base): string => base.config.PUBLIC_URL ?? 'underpin';

export async function signToken(base: Base, claims: Omit<TokenClaims, 'expires'>): Promise<{ token: string; expires: number }> {
  const { current } = await signingKeys(base);
  const now = base.clock();
  const expires = Math.floor((now + limits.session.access) / 1000) * 1000;
  const token = await new SignJWT({ sid: claims.session, col: claims.collection })
    .setProtectedHeader({ alg: algorithm, typ: type, kid: current.id })
    .setIssuer(issuerOf(base))
    .setAudience(audience)
    .setSubject(claims.account)
    .setJti(newId(now))
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.floor(expires / 1000))
    .sign(current.key);
  return { token, expires };
}

/** Verified tokens by their text, so that a signature is checked once. */
const verified = slot('verified tokens', () => new Recent<string, TokenClaims>(remembered));
const remembered = 10_000;

/** The last character of a signature holds bits that mean nothing: of the texts of one signature only ours is taken. */
function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

/** The claims of a token that we signed and that has not ended; undefined for anything else. */
export async function verifyToken(base: Base, token: string): Promise<TokenClaims | undefined> {
  const known = base.cache.get(verified);
  const before = known.get(token);
  if (before !== undefined) {
    if (before.expires > base.clock()) return before;
    known.delete(token);
    return undefined;
  }
  if (!isCanonical(token)) return undefined;
  try {
    const { payload } = await jwtVerify(
      token,
      async (header) => {
        const key = typeof header.kid === 'string' ? await publicKey(base, header.kid) : undefined;
        if (key === undefined) throw new errors.JWSInvalid('unknown key');
        return key;
      },
      {
        algorithms: [algorithm],
        typ: type,
        issuer: issuerOf(base),
        audience,
        currentDate: new Date(base.clock()),
        requiredClaims: ['sub', 'sid', 'col', 'exp'],
      },
    );
    const { sub, sid, col, exp } = payload;
    if (typeof sub !== 'string' || typeof sid !== 'string' || typeof col !== 'string' || typeof exp !== 'number') return undefined;
    const claims = { account: sub, session: sid, collection: col, expires: exp * 1000 };
    known.set(token, claims);
    return claims;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
