/**
 * The expression of a computed field → SQL of a generated column. For Postgres only, over the columns of its own row, so
 * it may do what rules may not: `* /`, round, lower, concat, coalesce. Absence goes through everything but coalesce;
 * a division by zero is absent; a comparison is true or false.
 */
import { ExprError, ruleLimits, type Ast, type Span } from '@underpin/sdk/expr/ast';
import { parse } from '@underpin/sdk/expr/parse';
import type { Ty } from '@underpin/sdk/expr/model';
import { ident, literal } from '../kit/sql.ts';

export interface Computed {
  readonly sql: string;
  readonly ty: Ty;
  /** Where fields are named, for renames. */
  readonly mentions: readonly (Span & { readonly field: string })[];
}

type Kind = 'text' | 'int' | 'number' | 'decimal' | 'bool';
interface Part {
  readonly sql: string;
  readonly kind: Kind;
}
const kinds: ReadonlySet<string> = new Set(['text', 'int', 'number', 'decimal', 'bool']);
const columnTypes: Readonly<Record<Kind, string>> = {
  text: 'text COLLATE "C"',
  int: 'bigint',
  number: 'double precision',
  decimal: 'numeric',
  bool: 'boolean',
};
export const computedColumnType = (ty: Ty): string => columnTypes[kindOf(ty) ?? 'text'];

const kindOf = (ty: Ty): Kind | undefined => (kinds.has(ty.kind) && ty.kind !== 'list' ? narrowed(ty.kind) : undefined);
const narrowed = (kind: string): Kind | undefined =>
  kind === 'text' || kind === 'int' || kind === 'number' || kind === 'decimal' || kind === 'bool' ? kind : undefined;

/** Refuses with ExprError; `fields` are the columns of the row, without computed ones. */
export function compileComputed(text: string, fields: ReadonlyMap<string, Ty>): Computed {
  const mentions: (Span & { field: string })[] = [];
  const refuse = (at: Span, code: string, message: string): ExprError => new ExprError(code, message, at);

  const column = (name: string, at: Span): Part => {
    const ty = fields.get(name);
    const kind = ty === undefined ? undefined : kindOf(ty);
    if (ty === undefined) throw refuse(at, 'unknown_field', `Unknown field "${name}"`);
    if (kind === undefined) throw refuse(at, 'unsupported', `A computed field cannot use "${name}", which is ${ty.kind}`);
    mentions.push({ field: name, start: at.start, end: at.end });
    return { sql: ident(name), kind };
  };
  const numeric = (part: Part, at: Span): Part => {
    if (part.kind !== 'int' && part.kind !== 'number' && part.kind !== 'decimal')
      throw refuse(at, 'type_mismatch', `A number is needed, this is ${part.kind}`);
    return part;
  };
  const wider = (a: Part, b: Part): Kind =>
    a.kind === b.kind ? a.kind : a.kind === 'number' || b.kind === 'number' ? 'number' : 'decimal';
  const cast = (part: Part, kind: Kind): string =>
    part.kind === kind ? part.sql : kind === 'number' ? `(${part.sql})::double precision` : `(${part.sql})::numeric`;
  const common = (parts: readonly Part[], at: Span): Kind => {
    const [first, ...rest] = parts;
    if (first === undefined) throw refuse(at, 'arity', 'Something is needed here');
    return rest.reduce<Kind>((kind, part) => {
      if (part.kind === kind) return kind;
      return wider(numeric({ sql: '', kind }, at), numeric(part, at));
    }, first.kind);
  };

  const arithmetic = (op: string, left: Part, right: Part, at: Span): Part => {
    if (op === '+' && left.kind === 'text' && right.kind === 'text') return { sql: `(${left.sql} || ${right.sql})`, kind: 'text' };
    const kind = wider(numeric(left, at), numeric(right, at));
    const result = op === '/' && kind === 'int' ? 'number' : kind;
    const [a, b] = [cast(left, result), cast(right, result)];
    return { sql: op === '/' ? `(${a} / NULLIF(${b}, 0))` : `(${a} ${op} ${b})`, kind: result };
  };
  const condition = (ast: Ast): string => {
    const part = compile(ast);
    if (part.kind !== 'bool') throw refuse(ast, 'not_bool', `A condition is needed, this is ${part.kind}`);
    return `coalesce(${part.sql}, false)`;
  };
  const binary = (ast: Extract<Ast, { type: 'binary' }>): Part => {
    const { op } = ast;
    if (op === '&&' || op === '||')
      return { sql: `(${condition(ast.left)} ${op === '&&' ? 'AND' : 'OR'} ${condition(ast.right)})`, kind: 'bool' };
    if (op === 'in') throw refuse(ast, 'unsupported', '"in" is not for computed fields');
    const [left, right] = [compile(ast.left), compile(ast.right)];
    if (op === '+' || op === '-' || op === '*' || op === '/') return arithmetic(op, left, right, ast);
    const kind = common([left, right], ast);
    const [a, b] = [cast(left, kind), cast(right, kind)];
    const sql = op === '!=' ? `(NOT coalesce(${a} = ${b}, false))` : `coalesce(${a} ${op === '==' ? '=' : op} ${b}, false)`;
    return { sql, kind: 'bool' };
  };
  const call = (ast: Extract<Ast, { type: 'call' }>): Part => {
    const args = (ast.receiver === undefined ? ast.args : [ast.receiver, ...ast.args]).map(compile);
    const [first, second, ...more] = args;
    if (first === undefined) throw refuse(ast, 'arity', `${ast.name}() needs something to work on`);
    switch (ast.name) {
      case 'round': {
        const digits = ast.args.at(-1);
        if (more.length > 0 || (second !== undefined && !(digits?.type === 'number' && /^\d$/.test(digits.raw))))
          throw refuse(ast, 'arity', 'round(x) or round(x, digits) with digits from 0 to 9');
        numeric(first, ast);
        const rounded = `round((${first.sql})::numeric, ${digits?.type === 'number' && second !== undefined ? digits.raw : 0})`;
        return first.kind === 'number'
          ? { sql: `(${rounded})::double precision`, kind: 'number' }
          : first.kind === 'int'
            ? first
            : { sql: rounded, kind: 'decimal' };
      }
      case 'lower':
        if (first.kind !== 'text' || second !== undefined) throw refuse(ast, 'type_mismatch', 'lower() takes one text');
        return { sql: `lower(${first.sql} COLLATE "C")`, kind: 'text' };
      case 'concat':
        if (args.some(({ kind }) => kind !== 'text')) throw refuse(ast, 'type_mismatch', 'concat() takes texts');
        return { sql: `(${args.map(({ sql }) => sql).join(' || ')})`, kind: 'text' };
      case 'coalesce': {
        const kind = common(args, ast);
        return { sql: `coalesce(${args.map((part) => cast(part, kind)).join(', ')})`, kind };
      }
      default:
        throw refuse(
          ast,
          'unknown_function',
          `"${ast.name}" is no function of computed fields; there are round, lower, concat and coalesce`,
        );
    }
  };
  const compile = (ast: Ast): Part => {
    switch (ast.type) {
      case 'number':
        return /^-?\d{1,15}$/.test(ast.raw)
          ? { sql: `${ast.raw}::bigint`, kind: 'int' }
          : { sql: `${literal(ast.raw)}::double precision`, kind: 'number' };
      case 'string':
        if (ast.value.includes('\0') || !ast.value.isWellFormed()) throw refuse(ast, 'bad_string', 'Text cannot hold this');
        return { sql: `${literal(ast.value)}::text`, kind: 'text' };
      case 'bool':
        return { sql: String(ast.value), kind: 'bool' };
      case 'name':
        return column(ast.name, ast);
      case 'get':
        if (ast.of.type === 'name' && ast.of.name === 'record') return column(ast.name, { start: ast.nameStart, end: ast.end });
        throw refuse(ast, 'unsupported', 'A computed field sees the fields of its own record only');
      case 'not':
        return { sql: `(NOT ${condition(ast.of)})`, kind: 'bool' };
      case 'negate': {
        const part = numeric(compile(ast.of), ast);
        return { sql: `(- ${part.sql})`, kind: part.kind };
      }
      case 'binary':
        return binary(ast);
      case 'conditional': {
        const [then, otherwise] = [compile(ast.then), compile(ast.otherwise)];
        const kind = common([then, otherwise], ast);
        return { sql: `(CASE WHEN ${condition(ast.test)} THEN ${cast(then, kind)} ELSE ${cast(otherwise, kind)} END)`, kind };
      }
      case 'call':
        return call(ast);
      default:
        throw refuse(ast, 'unsupported', 'This is not for computed fields');
    }
  };
  const { sql, kind } = compile(parse(text, ruleLimits, { products: true }));
  return { sql, ty: { kind }, mentions };
}
