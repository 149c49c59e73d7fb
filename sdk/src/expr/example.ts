/** What a search chose, told as an example. */
import { callerId, recordId } from './domains.ts';
import type { Example } from './findings.ts';
import type { ConstValue } from './ir.ts';
import type { Ty } from './model.ts';
import { isList } from './scalar.ts';

/** A field of a record and the values it may have, of which it has the one at `at`. */
export interface Choice {
  readonly key: string;
  readonly collection: string;
  readonly id: string;
  readonly field: string;
  readonly ty: Ty;
  readonly values: readonly ConstValue[];
  at: number;
}

interface About {
  readonly who: 'anonymous' | 'account';
  readonly collection: string;
  readonly accounts: readonly string[];
}

/** Every choice that was made, put together as the caller, the record and those around them. */
export function exampleOf(trail: readonly Choice[], { who, collection, accounts }: About): Example {
  const parts = new Map<string, { collection: string; id: string; row: Record<string, ConstValue> }>();
  for (const choice of trail) {
    const { id, field, ty, values, at } = choice;
    const key = `${choice.collection}/${id}`;
    const part = parts.get(key) ?? { collection: choice.collection, id, row: {} };
    parts.set(key, part);
    put(part.row, field.split('.'), shown(values[at] ?? null, ty));
  }
  const id = String(parts.get('record/')?.row['id'] ?? recordId);
  const account = String(parts.get('auth/')?.row['collection'] ?? accounts[0] ?? 'users');
  const next = parts.get('next/')?.row;
  const own = parts.get(`${collection}/${id}`)?.row ?? {};
  const caller = parts.get(`${account}/${callerId}`)?.row ?? {};
  for (const key of ['record/', 'auth/', 'next/', 'sent/', 'request/', `${collection}/${id}`, `${account}/${callerId}`]) parts.delete(key);
  const related = [...parts.values()].map((part) => ({
    collection: part.collection,
    record: { ...(part.id === '' ? {} : { id: part.id }), ...part.row },
  }));
  return {
    auth: who === 'anonymous' ? null : { id: callerId, collection: account, ...caller },
    record: { id, ...own },
    ...(next ? { next } : {}),
    related,
  };
}

const shown = (value: ConstValue, ty: Ty): ConstValue =>
  ty.kind === 'time' && typeof value === 'number' ? new Date(value).toISOString() : value;

/** `meta.plan` is a key of what stands at `meta`. */
function put(row: Record<string, ConstValue>, [first = '', ...rest]: readonly string[], value: ConstValue): void {
  const [next] = rest;
  const inner = row[first];
  if (next === undefined) row[first] = value;
  else {
    const object: Record<string, ConstValue> = typeof inner === 'object' && inner !== null && !isList(inner) ? { ...inner } : {};
    put(object, rest, value);
    row[first] = object;
  }
}
