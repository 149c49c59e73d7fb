/** Who is asking. Made by auth/authenticate.ts, read by policy and limits. */
export type AdminRole = 'owner' | 'admin' | 'viewer';

export type Actor =
  | { readonly kind: 'anonymous'; readonly address: string }
  | {
      readonly kind: 'account';
      readonly address: string;
      readonly collection: string;
      readonly id: string;
      readonly session: string;
      /** The account's row under its field names, as rules see it at `auth.*`. */
      readonly record: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'admin'; readonly address: string; readonly id: string; readonly session: string; readonly role: AdminRole }
  /** We ourselves: demo, command line. Judged as an owner. */
  | { readonly kind: 'system'; readonly address: string };

export const isPrivileged = (actor: Actor): boolean => actor.kind === 'admin' || actor.kind === 'system';

const guestDomain = '@guest.invalid';
/** The address of an account that has none: unique, and nobody's (RFC 2606). */
export const guestAddress = (id: string): string => `${id}${guestDomain}`;
export const isGuestAddress = (email: unknown): boolean => typeof email === 'string' && email.endsWith(guestDomain);

/** The caller for limits and cursors: the account, else the address. */
export const callerKey = (actor: Actor): string =>
  actor.kind === 'account'
    ? `${actor.collection}:${actor.id}`
    : actor.kind === 'admin'
      ? `_admins:${actor.id}`
      : actor.kind === 'system'
        ? 'system'
        : `address:${networkOf(actor.address)}`;

/** An address as limits count it: IPv4 whole, IPv6 by its /64 network (one household or host owns all of that). */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.padStart(4, '0').toLowerCase())
    .join(':');
}

/** Who did something, as audit and jobs note it. */
export const actorName = (actor: Actor): string =>
  actor.kind === 'account' ? `${actor.collection}:${actor.id}` : actor.kind === 'admin' ? `_admins:${actor.id}` : actor.kind;
