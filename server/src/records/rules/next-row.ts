/** The row that a write would make, in memory: what a trace of a create or update rule is told of. */
import { toConst } from '@underpin/sdk/expr/context';
import type { Stored } from '@underpin/sdk/expr/findings';
import type { ConstValue } from '@underpin/sdk/expr/ir';
import { isChanged } from '@underpin/sdk/expr/operate';
import type { Collection, Field } from '../../schema/collection.ts';
import type { Value, Values } from '../parse/values.ts';

/** `before`: the stored row, or the empty one of a create with its id and moments. */
export function nextRow(before: Stored, { values }: Values): Stored {
  return { ...before, ...Object.fromEntries(values.map((value) => [value.field.name, after(before[value.field.name] ?? null, value)])) };
}

/** `changed.f` of a write: sent, and another value than before; at create, sent. */
export const changesOf =
  (collection: Collection, { sent }: Values, before: Stored | null, next: Stored) =>
  (name: string): boolean => {
    const ty = collection.byName.get(name)?.ty;
    if (ty === undefined || !sent.has(name)) return false;
    return before === null || isChanged(ty, before[name] ?? null, next[name] ?? null);
  };

function after(before: ConstValue, { field, value, change }: Value): ConstValue {
  if (change?.kind === 'inc')
    return toConst(typeof before === 'string' ? sum(before, String(value)) : Number(before ?? 0) + Number(value), field.ty);
  if (change?.kind !== 'list') return written(field, value);
  const kept = (Array.isArray(before) ? before.map(String) : []).filter((id) => !change.remove.includes(id));
  return [...kept, ...change.add.filter((id) => !kept.includes(id))];
}

/** What an input made of a body, which is what is bound, in the form of the language. */
function written(field: Field, value: unknown): ConstValue {
  if (typeof value !== 'string') return toConst(value, field.ty);
  if (field.ty.kind === 'json') {
    const parsed: unknown = JSON.parse(value);
    return toConst(parsed, field.ty);
  }
  if (field.ty.kind !== 'geo') return toConst(value, field.ty);
  const [lon, lat] = value.slice(1, -1).split(',').map(Number);
  return toConst({ lat, lon }, field.ty);
}

/** Two decimals, exactly. */
function sum(a: string, b: string): string {
  const places = Math.max(...[a, b].map((text) => text.split('.')[1]?.length ?? 0));
  const scaled = (text: string): bigint => {
    const [whole = '0', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(places, '0'));
  };
  const total = scaled(a) + scaled(b);
  const digits = (total < 0n ? -total : total).toString().padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return total < 0n ? `-${text}` : text;
}
