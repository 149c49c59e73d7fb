/** Who is asking. Made by auth/authenticate.ts, read by policy and limits. */
export type AdminRole = 'owner' | 'admin' | 'viewer';

/** What a key may: actions on the records of one collection, or at one of the other doors. */
export interface Scope {
  readonly on: 'records' | 'schema' | 'explain';
  /** The id of the collection: a scope follows a rename, and is not inherited by what takes the name. */
  readonly collection?: string;
  readonly actions: ReadonlySet<string>;
  /** Which records, in the language of rules. */
  readonly filter?: string;
}
/** One object for as long as a key, its account and the schema stay as they are: what is known of a caller hangs on it. */
export interface ApiKey {
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Requests in ten seconds; undefined: as every caller. */
  readonly rate: number | undefined;
}

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
      /** Where it is a key that acts as the account: narrowed by its scopes. */
      readonly key?: ApiKey;
      readonly visitor?: boolean;
    }
  /** A service key: within its scopes it may, outside it may not, whatever rules say. `visitor`: the address is that of whom it speaks for. */
  | { readonly kind: 'service'; readonly address: string; readonly key: ApiKey; readonly visitor?: boolean }
  | { readonly kind: 'admin'; readonly address: string; readonly id: string; readonly session: string; readonly role: AdminRole }
  /** We ourselves: demo, command line. Judged as an owner. */
  | { readonly kind: 'system'; readonly address: string };

export const isPrivileged = (actor: Actor): boolean => actor.kind === 'admin' || actor.kind === 'system';

const guestDomain = '@guest.invalid';
/** The address of an account that has none: unique, and nobody's (RFC 2606). */
export const guestAddress = (id: string): string => `${id}${guestDomain}`;
export const isGuestAddress = (email: unknown): boolean => typeof email === 'string' && email.endsWith(guestDomain);

/** The key that somebody came with. */
export const apiKeyOf = (actor: Actor): ApiKey | undefined =>
  actor.kind === 'account' || actor.kind === 'service' ? actor.key : undefined;

/** The ids of his account, his session and his key. */
export const idsOf = (actor: Actor): readonly string[] => [
  ...('id' in actor ? [actor.id] : []),
  ...('session' in actor ? [actor.session] : []),
  ...[apiKeyOf(actor)?.id ?? []].flat(),
];

/** Whether a service key may do something at a door that is not records. */
export const hasScope = (actor: Actor, on: Scope['on'], action: string): boolean =>
  actor.kind === 'service' && actor.key.scopes.some((scope) => scope.on === on && scope.actions.has(action));

/** To whom an upload belongs until a record names it. A key has but what it uploaded itself: it may less than its account. */
export const ownerOf = (actor: Actor): string =>
  actor.kind === 'account' && actor.key === undefined ? `account:${actor.id}` : callerKey(actor);

/** The caller for repetitions and cursors: the key, else the account, else the address. */
export function callerKey(actor: Actor): string {
  const key = apiKeyOf(actor);
  return key === undefined ? personKey(actor) : `key:${key.id}`;
}

/** The caller for limits: the same, and for a key that speaks for others each of them. */
export const limitKey = (actor: Actor): string =>
  apiKeyOf(actor) !== undefined && 'visitor' in actor && actor.visitor === true
    ? `${callerKey(actor)} ${networkOf(actor.address)}`
    : callerKey(actor);

const personKey = (actor: Actor): string =>
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
export function actorName(actor: Actor): string {
  const key = apiKeyOf(actor);
  const person = actor.kind === 'account' ? `${actor.collection}:${actor.id}` : actor.kind === 'admin' ? `_admins:${actor.id}` : actor.kind;
  return key === undefined ? person : actor.kind === 'service' ? `_api_keys:${key.id}` : `${person} by _api_keys:${key.id}`;
}
