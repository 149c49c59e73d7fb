/** The parameters of one statement: every value is bound, with the type of what it stands beside. */
import type { CompareClass, ConstValue } from '@underpin/sdk/expr/ir';
import type { Ty } from '@underpin/sdk/expr/model';
import { toPoint } from '@underpin/sdk/expr/places';

const types = {
  text: 'text',
  id: 'uuid',
  int: 'int8',
  number: 'float8',
  decimal: 'numeric',
  bool: 'bool',
  time: 'timestamptz',
  day: 'date',
  duration: 'float8',
  json: 'jsonb',
  geo: 'point',
} as const;

export const pgType = (ty: Ty): string => (ty.kind === 'list' ? `${pgType(ty.of)}[]` : types[ty.kind]);

export class ParamList {
  readonly values: unknown[] = [];
  #aliases = 0;

  nextAlias(): number {
    return ++this.#aliases;
  }

  /** Binds a value; the answer is its placeholder with a cast, as `$3::int8`. */
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  /** Binds a constant of the language in the form that Postgres reads. */
  constant(value: ConstValue, ty: Ty): string {
    if (value === null) return `NULL::${pgType(ty)}`;
    if (ty.kind === 'list')
      return this.list(Array.isArray(value) ? value : [], ty.of.kind === 'list' || ty.of.kind === 'geo' ? 'json' : ty.of.kind);
    return this.add(ty.kind === 'geo' ? boundPoint(value) : bound(value, ty.kind), pgType(ty));
  }

  list(items: readonly ConstValue[], as: CompareClass): string {
    return this.add(
      items.map((item) => bound(item, as)),
      `${types[as]}[]`,
    );
  }
}

/** Postgres writes the longitude first. */
const boundPoint = (value: ConstValue): string | null => {
  const point = toPoint(value);
  return point && `(${point.lon},${point.lat})`;
};

const bound = (value: ConstValue, as: CompareClass): unknown =>
  as === 'time' && typeof value === 'number'
    ? new Date(value).toISOString()
    : as === 'json'
      ? JSON.stringify(value)
      : as === 'decimal'
        ? String(value)
        : value;
