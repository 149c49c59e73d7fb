/** Comparisons, `in` and the string functions in SQL: TRUE where they hold, NULL or FALSE elsewhere. */
import type { ConstValue, Ir, Row } from '@underpin/sdk/expr/ir';
import { isTotal } from '@underpin/sdk/expr/ir';
import type { ParamList } from './params.ts';

type Compare = Extract<Ir, { op: 'compare' }>;
type In = Extract<Ir, { op: 'in' }>;
type StringTest = Extract<Ir, { op: 'string' }>;

export interface Comparisons {
  compare(ir: Compare): string;
  /** TRUE exactly where two values are not equal. */
  differs(ir: Compare): string;
  within(ir: In): string;
  matches(ir: StringTest): string;
}

/** `value` and `column` write what is compared. */
export function createComparisons(params: ParamList, value: (ir: Ir) => string, column: (row: Row, field: string) => string): Comparisons {
  /** NULL is not distinct from NULL, but in the language two absent values are not equal either. */
  const differs = (ir: Compare): string => {
    // Emitted once: the rows inside a quantifier have their place in the one statement that it makes.
    const left = comparable(ir.left, ir);
    const distinct = `${left} IS DISTINCT FROM ${comparable(ir.right, ir)}`;
    const oneIsPresent = [ir.left, ir.right].some((side) => (side.op === 'const' && side.value !== null) || isTotal(side));
    return oneIsPresent ? distinct : `(${distinct} OR ${left} IS NULL)`;
  };
  const comparable = (side: Ir, ir: Compare | In): string =>
    ir.as === 'number' && side.ty.kind !== 'number'
      ? `(${value(side)})::float8`
      : ir.as === 'decimal' && side.ty.kind !== 'decimal'
        ? `(${value(side)})::numeric`
        : value(side);

  const symbols = { eq: '=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const;
  const compare = (ir: Compare): string => {
    if (ir.as === 'json') return compareJson(ir);
    const text = `${comparable(ir.left, ir)} ${symbols[ir.how]} ${comparable(ir.right, ir)}`;
    return ir.as === 'text' && ir.how !== 'eq' ? `${text} COLLATE "C"` : text;
  };

  const compareJson = (ir: Compare): string => {
    if (ir.how === 'eq') {
      const contained = containment(ir.left, ir.right) ?? containment(ir.right, ir.left);
      return contained ?? `${asJson(ir.left)} = ${asJson(ir.right)}`;
    }
    const typed = ir.left.ty.kind === 'json' ? ir.right.ty.kind : ir.left.ty.kind;
    // Ids and days are texts in json, and are ordered as such.
    const isText = typed === 'text' || typed === 'id' || typed === 'day';
    const side = (of: Ir): string => {
      if (of.ty.kind === 'json') return isText ? jsonText(value(of)) : jsonNumber(value(of));
      return typed === 'text' ? value(of) : `(${value(of)})::${isText ? 'text' : 'float8'}`;
    };
    return `${side(ir.left)} ${symbols[ir.how]} ${side(ir.right)}${isText ? ' COLLATE "C"' : ''}`;
  };
  /** `meta.plan == "pro"` as `meta @> '{"plan":"pro"}'`, which a GIN index serves; not for array positions, which `@>` does not know. */
  const containment = (path: Ir, constantSide: Ir): string | undefined => {
    if (path.op !== 'path' || path.of.op !== 'column' || constantSide.op !== 'const') return undefined;
    if (typeof constantSide.value === 'object' || constantSide.ty.kind === 'time' || path.path.some((step) => /^-?\d+$/.test(step)))
      return undefined;
    const nested = (now: ConstValue): string => {
      const leaf = constantSide.ty.kind === 'decimal' ? Number(now) : now;
      return JSON.stringify(path.path.reduceRight<ConstValue>((inner, step) => ({ [step]: inner }), leaf));
    };
    return `${column(path.of.row, path.of.field)} @> ${params.derived(constantSide, nested, 'jsonb')}`;
  };
  const asJson = (ir: Ir): string =>
    ir.ty.kind === 'json' ? value(ir) : ir.ty.kind === 'decimal' ? `to_jsonb((${value(ir)})::float8)` : `to_jsonb(${value(ir)})`;
  const jsonText = (sql: string): string => `(CASE WHEN jsonb_typeof(${sql}) = 'string' THEN ${sql} #>> '{}' END)`;
  const jsonNumber = (sql: string): string => `(CASE WHEN jsonb_typeof(${sql}) = 'number' THEN (${sql})::float8 END)`;

  const within = (ir: In): string => {
    const { list } = ir;
    if (ir.as === 'json') {
      // A stored list holds texts.
      return list.op === 'const'
        ? `${asJson(ir.value)} = ANY(${params.list(list, 'json')})`
        : `${jsonText(value(ir.value))} = ANY(${value(list)})`;
    }
    if (list.op === 'const') return `${comparable(ir.value, ir)} = ANY(${params.list(list, ir.as)})`;
    return ir.value.op === 'const' ? `${value(list)} @> ARRAY[${value(ir.value)}]` : `${value(ir.value)} = ANY(${value(list)})`;
  };

  const matches = (ir: StringTest): string => {
    const whole = ir.value.ty.kind === 'json' ? jsonText(value(ir.value)) : value(ir.value);
    if (ir.part.op === 'const') {
      const pattern = (now: ConstValue): string => {
        const escaped = String(now).replace(/[\\%_]/g, (special) => `\\${special}`);
        return { startsWith: `${escaped}%`, endsWith: `%${escaped}`, contains: `%${escaped}%` }[ir.how];
      };
      return `${whole} LIKE ${params.derived(ir.part, pattern, 'text')}`;
    }
    const part = value(ir.part);
    if (ir.how === 'startsWith') return `starts_with(${whole}, ${part})`;
    if (ir.how === 'contains') return `strpos(${whole}, ${part}) > 0`;
    return `(right(${whole}, char_length(${part})) = ${part} AND char_length(${whole}) >= char_length(${part}))`;
  };

  return { compare, differs, within, matches };
}
