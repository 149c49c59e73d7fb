/**
 * The parameters of one statement: every value is bound, with the type of what it stands beside.
 *
 * A statement is written once for all requests of one shape and bound anew for each. So a parameter is no value but the place
 * where its value is found: a constant of a condition (by the slot that it has among all constants of the shape's conditions),
 * or something that the request sends (by its index). What a schema itself fixes is bound as it is.
 */
import type { CompareClass, ConstValue, Ir } from '@underpin/sdk/expr/ir';
import type { Ty } from '@underpin/sdk/expr/model';
import { toPoint } from '@underpin/sdk/expr/places';
import { literal } from '../kit/sql.ts';
import { isLiteral, type Const } from './shape.ts';

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

/** What one run of a statement is bound with. */
export interface Bound {
  readonly constants: readonly ConstValue[];
  readonly sent: readonly unknown[];
}
type Source = (bound: Bound) => unknown;

/** The constants of a shape's conditions, numbered in the order in which they were learnt. */
export class Slots {
  readonly #slots = new Map<Ir, number>();
  #count = 0;

  learn(constants: readonly Const[]): void {
    for (const one of constants) this.#slots.set(one, this.#count++);
  }
  of(ir: Const): number | undefined {
    return this.#slots.get(ir);
  }
}

export class ParamList {
  readonly #sources: Source[] = [];
  readonly #slots: Slots | undefined;
  #aliases = 0;

  /** `slots`: of a statement that is kept. Without them it is bound once, and its constants are those it was written with. */
  constructor(slots?: Slots) {
    this.#slots = slots;
  }

  nextAlias(): number {
    return ++this.#aliases;
  }

  /** Binds a value that is the same in every run; the answer is its placeholder with a cast, as `$3::int8`. */
  add(value: unknown, type: string): string {
    return this.#add(() => value, type);
  }

  /** Binds what the request sends at an index. */
  sent(index: number, type: string): string {
    return this.#add(({ sent }) => sent[index], type);
  }

  /** Binds a constant of the language in the form that Postgres reads. What a rule spells out stands in the text itself. */
  constant(ir: Const): string {
    const { ty, value } = ir;
    if (value === null) return `NULL::${pgType(ty)}`;
    return ty.kind === 'list'
      ? this.list(ir, ty.of.kind === 'list' ? 'json' : ty.of.kind)
      : this.derived(ir, (now) => plain(now, ty.kind), pgType(ty));
  }

  /** A list of constants, compared as `as`. */
  list(ir: Const, as: CompareClass | 'geo'): string {
    return this.derived(
      ir,
      (now) => (Array.isArray(now) ? now.filter((item) => item !== null).map((item) => plain(item, as)) : []),
      `${types[as]}[]`,
    );
  }

  /** Something that follows from a constant, as a pattern does from a text. */
  derived(ir: Const, make: (value: ConstValue) => unknown, type: string): string {
    if (isLiteral(ir)) {
      const written = inText(make(ir.value));
      if (written !== undefined) return `${written}::${type}`;
    }
    if (this.#slots === undefined) return this.add(make(ir.value), type);
    const slot = this.#slots.of(ir);
    // Bound as it is, it would be the first caller's in every run.
    if (slot === undefined) throw new Error('a statement that is kept has a constant that was not learnt');
    return this.#add(({ constants }) => make(constants[slot] ?? null), type);
  }

  bind(bound: Bound): unknown[] {
    return this.#sources.map((source) => source(bound));
  }

  /** What a statement that is not kept is bound with. */
  get values(): unknown[] {
    return this.bind({ constants: [], sent: [] });
  }

  #add(source: Source, type: string): string {
    this.#sources.push(source);
    return `$${this.#sources.length}::${type}`;
  }
}

/** Postgres writes the longitude first. */
const boundPoint = (value: ConstValue): string | null => {
  const point = toPoint(value);
  return point && `(${point.lon},${point.lat})`;
};

const plain = (value: ConstValue, as: CompareClass | 'geo'): unknown =>
  as === 'time' && typeof value === 'number'
    ? new Date(value).toISOString()
    : as === 'json'
      ? JSON.stringify(value)
      : as === 'geo'
        ? boundPoint(value)
        : as === 'decimal'
          ? String(value)
          : value;

/** As a literal of SQL: texts, numbers and lists of them. */
function inText(value: unknown): string | undefined {
  if (typeof value === 'string') return literal(value);
  if (typeof value === 'number' || typeof value === 'boolean') return `'${String(value)}'`;
  if (!Array.isArray(value)) return undefined;
  const items = value.map(inText);
  return items.includes(undefined) ? undefined : `ARRAY[${items.join(', ')}]`;
}
