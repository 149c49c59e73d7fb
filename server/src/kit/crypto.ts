/** The few things we do with keys and randomness. Passwords are in auth/passwords.ts. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** 32 random bytes as base64url: for links, refresh tokens, setup tokens. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

/** Six digits, to be typed from a mail. */
export const randomCode = (): string => String(randomInt(1_000_000)).padStart(6, '0');

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A key of its own for each purpose, derived from the installation's secret (HKDF-SHA-256, RFC 5869). */
export const deriveKey = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `underpin/${purpose}`, 32));

export const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Compares without telling by its time where two texts differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

/** AES-256-GCM: nonce, tag, text. */
export function seal(key: Buffer, text: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** The text that was sealed; throws where it was sealed with another key, or changed since. */
export function unseal(key: Buffer, sealed: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8');
}
