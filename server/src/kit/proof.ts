/** A proof of holding the installation's secret, which says nothing of the secret: good for a minute, for `underpin doctor`. */
import { deriveKey, hmac, sameText } from './crypto.ts';

/** ms, also of clocks that differ. */
const good = 60_000;

export const proofHeader = 'x-underpin-doctor';

export function proofOf(secret: string, now: number): string {
  const seconds = String(Math.floor(now / 1000));
  return `${seconds}.${hmac(deriveKey(secret, 'doctor'), `doctor ${seconds}`).toString('hex')}`;
}

export function isProof(secret: string, text: unknown, now: number): boolean {
  const seconds = typeof text === 'string' ? /^(\d{1,12})\.[0-9a-f]{64}$/.exec(text)?.[1] : undefined;
  if (typeof text !== 'string' || seconds === undefined) return false;
  const sent = Number(seconds) * 1000;
  return Math.abs(now - sent) <= good && sameText(text, proofOf(secret, sent));
}
