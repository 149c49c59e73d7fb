/** The scopes of API keys: what they may name, how they are checked, how they are stored. What has no line here no key can do. */
import type { KeyScope } from '@underpin/sdk/wire';
import { ExprError } from '@underpin/sdk/expr/ast';
import { z } from 'zod';
import type { Scope } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import type { Collection } from '../schema/collection.ts';
import type { Schema } from '../schema/load.ts';
import { scopeRule } from '../schema/rules.ts';
import { canonicalText } from '../schema/validate.ts';

const recordActions = ['list', 'view', 'create', 'update', 'delete', 'history'] as const;
/** Doors besides records, and what is done at them. */
const doors = { schema: ['read', 'change'], explain: ['read', 'test'] } as const;
/** Without `view` these could never be done: what may not be viewed is not there. */
const needView: readonly string[] = ['list', 'update', 'delete', 'history'];

const scope = z.strictObject({
  on: z.string().max(100),
  actions: z.array(z.string().max(20)).min(1).max(10),
  filter: z.string().max(limits.apiKey.filter).optional(),
  /** As it is read; who sends it back is not refused for it, and it says nothing. */
  collection: z.unknown().optional(),
});
export const scopesInput = z.array(scope).max(limits.apiKey.scopes);

export interface StoredScope extends KeyScope {
  /** The id of the collection. */
  readonly collection?: string;
}

/** Scopes as they are stored, or 400 with the place of what does not do. `asAccount`: for a key that acts as an account. */
export function checkScopes(schema: Schema, sent: z.infer<typeof scopesInput>, asAccount: boolean): readonly StoredScope[] {
  const seen = new Set<string>();
  return sent.map((one, index) => {
    const at = `/scopes/${index}`;
    if (seen.has(one.on)) throw refused(`${at}/on`, `"${one.on}" is named twice`);
    seen.add(one.on);
    const collection = collectionOf(schema, one.on);
    const door = isDoor(one.on) && !asAccount ? doors[one.on] : undefined;
    const allowed: readonly string[] | undefined = collection === undefined ? door : recordActions;
    if (allowed === undefined) throw refused(`${at}/on`, unknownScope(schema, asAccount));
    const unknown = one.actions.findIndex((action) => !allowed.includes(action));
    if (unknown >= 0) throw refused(`${at}/actions/${unknown}`, `must be one of ${allowed.join(', ')}`);
    const blind = collection !== undefined && !one.actions.includes('view') && one.actions.some((action) => needView.includes(action));
    if (blind) throw refused(`${at}/actions`, `${needView.join(', ')} need view too`);
    const actions = allowed.filter((action) => one.actions.includes(action));
    if (one.filter === undefined) return { on: one.on, actions, ...(collection === undefined ? {} : { collection: collection.id }) };
    if (collection === undefined) throw refused(`${at}/filter`, 'is for records only');
    return { on: one.on, actions, collection: collection.id, filter: checkFilter(schema, collection, one.filter, `${at}/filter`) };
  });
}

const refused = (pointer: string, message: string) =>
  fail('invalid_request', { detail: message, errors: [{ pointer, code: 'invalid_request', message }] });

const isDoor = (on: string): on is keyof typeof doors => Object.hasOwn(doors, on);

/** `records:posts`, `accounts:users`: which of both says whether people sign in to it. Our own collections are in no scope. */
function collectionOf(schema: Schema, on: string): Collection | undefined {
  const [, kind, name = ''] = /^(records|accounts):(.+)$/.exec(on) ?? [];
  const found = kind === undefined ? undefined : schema.byName.get(name);
  return found === undefined || found.system || (found.kind === 'auth') !== (kind === 'accounts') ? undefined : found;
}

const unknownScope = (schema: Schema, asAccount: boolean): string => {
  const records = schema.collections.flatMap((one) => (one.system ? [] : [`${one.kind === 'auth' ? 'accounts' : 'records'}:${one.name}`]));
  return `must be one of ${[...records, ...(asAccount ? [] : Object.keys(doors))].join(', ')}`;
};

function checkFilter(schema: Schema, collection: Collection, text: string, pointer: string): string {
  try {
    const canonical = canonicalText(text);
    for (const place of ['read', 'create'] as const) scopeRule(schema, collection, canonical, place);
    return canonical;
  } catch (error) {
    if (error instanceof ExprError) throw refused(pointer, error.message);
    throw error;
  }
}

const stored = z.array(
  z.object({ on: z.string(), actions: z.array(z.string()), collection: z.string().optional(), filter: z.string().optional() }),
);

/** What was stored, for the policy to ask. */
export const scopesFromRow = (value: unknown): readonly Scope[] =>
  stored.parse(value).flatMap(({ on, actions, collection, filter }): readonly Scope[] => {
    const may = new Set(actions);
    if (isDoor(on)) return [{ on, actions: may }];
    return collection === undefined ? [] : [{ on: 'records', collection, actions: may, ...(filter === undefined ? {} : { filter }) }];
  });
