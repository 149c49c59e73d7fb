/**
 * The checked, typed form of an expression: about twenty kinds of node that the folder, the SQL back end and the
 * evaluator all read. A node of type bool may be a predicate (total: never absent) or a bare nullable value; back
 * ends ask `isTotal`.
 */
import type { Span } from './ast.ts';
import type { Ty } from './model.ts';

/** A record that an expression looks at: a root (`record`, `next`), a to-one hop from another, or a quantifier's variable. */
export interface Row {
  readonly id: number;
  readonly collection: string;
  readonly origin:
    | { readonly kind: 'record' }
    | { readonly kind: 'next' }
    | { readonly kind: 'hop'; readonly row: Row; readonly field: string }
    | { readonly kind: 'each' };
}

/** The list of records that `in`, `size` and quantifiers range over. `row` absent: a whole collection (`collections.x`). */
export interface Many {
  readonly row?: Row;
  readonly field?: string;
  readonly to: string;
}

/** How two values are compared: the class both sides were brought to. */
export type CompareClass = 'text' | 'id' | 'int' | 'number' | 'decimal' | 'bool' | 'time' | 'day' | 'duration' | 'json';

export type Scalar = string | number | boolean | null;
/** Constant values: time and duration in ms, day as `YYYY-MM-DD`, decimal as text, json as parsed, a point as `{ lat, lon }`. */
export type ConstValue = Scalar | readonly ConstValue[] | { readonly [key: string]: ConstValue };

export type Ir = Span & { readonly ty: Ty } & (
    | { readonly op: 'const'; readonly value: ConstValue }
    /** A value known per request: `auth.*`, `now`, `request.*`, `today.<zone>`. Folding replaces each by a const. */
    | { readonly op: 'context'; readonly path: readonly string[] }
    | { readonly op: 'column'; readonly row: Row; readonly field: string }
    /** A path into a json value. */
    | { readonly op: 'path'; readonly of: Ir; readonly path: readonly string[] }
    /** A quantifier's variable over a list of plain values. */
    | { readonly op: 'element'; readonly id: number }
    | { readonly op: 'changed'; readonly field: string }
    | {
        readonly op: 'compare';
        readonly how: 'eq' | 'lt' | 'le' | 'gt' | 'ge';
        readonly as: CompareClass;
        readonly left: Ir;
        readonly right: Ir;
      }
    | { readonly op: 'absent'; readonly of: Ir }
    | { readonly op: 'and' | 'or'; readonly of: readonly Ir[] }
    | { readonly op: 'not'; readonly of: Ir }
    | { readonly op: 'in'; readonly as: CompareClass; readonly value: Ir; readonly list: Ir }
    | { readonly op: 'member'; readonly value: Ir; readonly many: Many }
    | { readonly op: 'string'; readonly how: 'startsWith' | 'endsWith' | 'contains'; readonly value: Ir; readonly part: Ir }
    | { readonly op: 'lower'; readonly of: Ir }
    | { readonly op: 'size'; readonly of: Ir }
    | { readonly op: 'count'; readonly many: Many }
    | { readonly op: 'concat'; readonly left: Ir; readonly right: Ir }
    | { readonly op: 'arith'; readonly sign: '+' | '-'; readonly left: Ir; readonly right: Ir }
    | { readonly op: 'shift'; readonly time: Ir; readonly by: Ir; readonly sign: 1 | -1 }
    | { readonly op: 'between'; readonly left: Ir; readonly right: Ir }
    /** In metres, between two points. */
    | { readonly op: 'distance'; readonly left: Ir; readonly right: Ir }
    | { readonly op: 'conditional'; readonly test: Ir; readonly then: Ir; readonly otherwise: Ir }
    | {
        readonly op: 'quantifier';
        readonly how: 'exists' | 'all' | 'exists_one';
        readonly over: { readonly many: Many; readonly row: Row } | { readonly list: Ir; readonly element: number };
        readonly body: Ir;
      }
  );

const totals: ReadonlySet<Ir['op']> = new Set(['and', 'or', 'not', 'compare', 'absent', 'in', 'member', 'string', 'quantifier', 'changed']);
/** Whether a boolean node is a predicate, which is never absent; a bare column or context value may be. */
export const isTotal = (ir: Ir): boolean => totals.has(ir.op) || (ir.op === 'const' && ir.value !== null);
