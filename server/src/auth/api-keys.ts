/**
 * API keys → who is asking. A key is `upk_`, eight characters to know it by, and 32 random bytes; we keep the SHA-256 of it.
 *
 * It is looked up once in each process and remembered like a session (authenticate.ts): until Postgres says that the key, or the
 * account that it acts as, has changed, and not at all while nothing is heard. What ends by itself is asked at every request.
 */
import { isIP, type BlockList } from 'node:net';
import { slot } from '../kit/cache.ts';
import { sha256 } from '../kit/crypto.ts';
import { failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import type { Actor, ApiKey } from '../kit/actor.ts';
import { systemCtx, type Base, type Ctx } from '../ctx.ts';
import { rowColumns } from '../records/rules/memory.ts';
import { freshSchema, schemaOf, type Schema } from '../schema/load.ts';
import { scopesFromRow } from './key-scopes.ts';
import { isWithin, networksOf } from '../kit/networks.ts';
import { Remembered } from './remembered.ts';

interface Known {
  readonly key: ApiKey;
  readonly version: number;
  /** ms since 1970: when it expires, or its overlap with its successor ends. */
  readonly ends: number;
  /** Undefined: from anywhere. */
  readonly networks: BlockList | undefined;
  readonly forward: boolean;
  readonly account: { readonly id: string; readonly collection: string; readonly row: Readonly<Record<string, unknown>> } | undefined;
  used: number;
}
const memory = slot('api keys', () => new Remembered<Known>());

export function followKeys(base: Base): void {
  const keys = base.cache.get(memory);
  const forgetAll = (): void => keys.forgetAll();
  base.listener.on('key', (id) => keys.forgetWhere((one) => one.key.id === id), forgetAll);
  base.listener.on('account', (id) => keys.forgetWhere((one) => one.account?.id === id), forgetAll);
}

export function forgetKeys(base: Base, isMeant: (id: string | undefined) => boolean): void {
  base.cache.get(memory).forgetWhere(({ key, account }) => isMeant(key.id) || isMeant(account?.id));
}

export const isApiKey = (token: string): boolean => token.startsWith('upk_');
const form = /^upk_[0-9a-f]{8}_[\w-]{43}$/;

/** Where a request comes from: the address of its connection, and the one that it names with X-Client-Address. */
export interface From {
  readonly address: string;
  readonly client: string | undefined;
}

/** Undefined for a key that is none, has ended, or is used from elsewhere than it may be: nobody is told which. */
export async function actorOfKey(base: Base, text: string, { address, client }: From): Promise<Actor | undefined> {
  const known = await knownKey(base, text);
  if (known === undefined || known.ends <= base.clock()) return undefined;
  if (known.networks !== undefined && !isWithin(known.networks, address)) return undefined;
  noteUse(base, known);
  const visitor = known.forward && client !== undefined;
  if (visitor && isIP(client) === 0) throw failAt('invalid_request', '/X-Client-Address', 'X-Client-Address must be an IP address');
  return actorFor(known, visitor ? { address: client, visitor } : { address });
}

function actorFor({ key, account }: Known, from: { readonly address: string; readonly visitor?: boolean }): Actor {
  if (account === undefined) return { kind: 'service', key, ...from };
  return { kind: 'account', collection: account.collection, id: account.id, session: '', record: account.row, key, ...from };
}

async function knownKey(base: Base, text: string): Promise<Known | undefined> {
  if (!form.test(text)) return undefined;
  const ctx = systemCtx(base);
  const schema = freshSchema(base) ?? (await schemaOf(ctx));
  const keys = base.cache.get(memory);
  const hash = sha256(text);
  const id = hash.toString('base64');
  const before = keys.get(id);
  if (before !== undefined && before.version === schema.version && base.listener.isFresh()) return before;
  return keys.read(id, schema.version, () => lookUp(ctx, schema, hash));
}

/** Who comes with what a key made: as the key itself would, wherever from, while it is good. */
export async function actorBehindKey(base: Base, id: string, address: string): Promise<Actor | undefined> {
  const ctx = systemCtx(base);
  const known = await lookUp(ctx, await schemaOf(ctx), id);
  return known === undefined || known.ends <= base.clock() ? undefined : actorFor(known, { address });
}

/** By its hash, or by its id. */
async function lookUp(ctx: Ctx, schema: Schema, by: Buffer | string): Promise<Known | undefined> {
  const columns = 'id, kind, collection, account, scopes, addresses, expires, rate, forward, last_used';
  const { rows } = await ctx.db.run(
    typeof by === 'string'
      ? { text: `SELECT ${columns}, NULL AS overlaps FROM underpin.api_keys WHERE NOT disabled AND id = $1`, values: [by] }
      : {
          name: 'key-look',
          text: `SELECT ${columns}, CASE WHEN hash = $1 THEN NULL ELSE previous_ends END AS overlaps
                 FROM underpin.api_keys WHERE NOT disabled AND (hash = $1 OR previous = $1)`,
          values: [by],
        },
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const account = row['kind'] === 'account' ? await accountOf(ctx, schema, String(row['collection']), String(row['account'])) : undefined;
  if (row['kind'] === 'account' && account === undefined) return undefined;
  const moment = (value: unknown): number => (value instanceof Date ? value.getTime() : Infinity);
  const { scopes, addresses, rate, last_used: used } = row;
  return {
    key: { id: String(row['id']), scopes: scopesFromRow(scopes), rate: rate === null ? undefined : Number(rate) },
    version: schema.version,
    ends: Math.min(moment(row['expires']), moment(row['overlaps'])),
    networks: Array.isArray(addresses) && addresses.length > 0 ? networksOf(addresses.map(String)) : undefined,
    forward: row['forward'] === true,
    account,
    used: used instanceof Date ? used.getTime() : 0,
  };
}

/** The account that a key acts as, where it is there and not disabled. */
export async function accountOf(ctx: Ctx, schema: Schema, collectionId: string, id: string): Promise<Known['account']> {
  const collection = schema.byId.get(collectionId);
  if (collection?.kind !== 'auth') return undefined;
  const { rows } = await ctx.db.run({
    text: `SELECT ${rowColumns(collection, 'a')} FROM ${collection.table} a WHERE a."id" = $1 AND NOT a."disabled"`,
    values: [id],
  });
  const row = rows[0];
  return row === undefined ? undefined : { id, collection: collection.name, row };
}

/** When it was used last, at most once a minute, and never while a request waits for it. */
function noteUse(base: Base, known: Known): void {
  const now = base.clock();
  if (now - known.used < limits.apiKey.noted) return;
  known.used = now;
  void base.database.app
    .run({
      name: 'key-used',
      text: 'UPDATE underpin.api_keys SET last_used = $2 WHERE id = $1 AND (last_used IS NULL OR last_used < $3)',
      values: [known.key.id, new Date(now), new Date(now - limits.apiKey.noted)],
    })
    .catch((error: unknown) => base.log.warn({ err: error }, 'could not note that a key was used'));
}
