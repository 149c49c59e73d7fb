/**
 * What hangs on another table by one value of the row alone: `collections.members.exists(m, m.room == room && m.user == auth.id)`,
 * `room.members.exists(m, m.user == auth.id)`, `auth.id in room.members`.
 *
 * Worry: such a rule is the commonest there is, and asking Postgres anew for each caller whenever anybody writes a message does not
 * carry far. Decision: what the caller is a member of is a set of values, the same whatever row is judged. Where it is known
 * (memberships.ts keeps it up to date from the log), the part of the rule is `room in [those values]`: it speaks of the row alone, is looked up
 * in a hash index as any other, and who is a member of the same is in one group. Why it is enough: for every row both say the
 * same as long as the set is that of the place in the log; when it changes, whoever was judged by it is judged anew.
 */
import type { CompareClass, Ir, Many, Row } from '@underpin/sdk/expr/ir';
import { nodesOf, rebuild } from '@underpin/sdk/expr/walk';
import { nameOfIr } from '../groups/asking.ts';
import { conjuncts } from '../matching/equalities.ts';
import type { Collection } from '../../schema/collection.ts';
import type { Schema } from '../../schema/load.ts';
import { naming } from '../../schema/model.ts';
import { unquoted } from '../matching/row.ts';

/** Whose values of which column are the set. */
export type Source = { readonly name: string; readonly table: string } & (
  | { readonly kind: 'records'; readonly collection: Collection; readonly condition: Ir; readonly key: string }
  /** Of a junction table: the other side of those that are linked to one. */
  | { readonly kind: 'links'; readonly key: 'source' | 'target'; readonly by: 'source' | 'target'; readonly id: string }
);

interface Membership {
  readonly source: Source;
  /** The value of the row that is looked for. */
  readonly value: Ir;
  readonly as: CompareClass;
}

/** The sets that conditions hang on. */
export const sourcesOf = (schema: Schema, irs: readonly Ir[]): readonly Source[] => {
  const found = irs.flatMap((ir) => [...nodesOf(ir)]).flatMap((node) => membershipOf(schema, node)?.source ?? []);
  return [...new Map(found.map((source) => [source.name, source])).values()];
};

/** The condition with what is known in place of the sets. */
export function withSets(schema: Schema, ir: Ir, known: (source: Source) => readonly string[] | undefined): Ir {
  const membership = membershipOf(schema, ir);
  const values = membership && known(membership.source);
  if (membership === undefined || values === undefined) return rebuild(ir, (part) => withSets(schema, part, known));
  const { value, as } = membership;
  const { start, end } = ir;
  return {
    op: 'in',
    as,
    value,
    list: { op: 'const', value: values, ty: { kind: 'list', of: value.ty }, start, end },
    ty: ir.ty,
    start,
    end,
  };
}

function membershipOf(schema: Schema, ir: Ir): Membership | undefined {
  if (ir.op === 'member') return linked(schema, ir.many, ir.value);
  if (ir.op !== 'quantifier' || ir.how !== 'exists' || 'list' in ir.over) return undefined;
  const { many, row } = ir.over;
  const collection = schema.byName.get(many.to);
  if (collection === undefined) return undefined;
  const parts = conjuncts(ir.body);
  const own = parts.filter((part) => speaksOf(part, row, collection));
  const others = parts.filter((part) => !own.includes(part));
  const joined = many.row === undefined ? equated(others, row) : others.length === 0 ? backOf(schema, many) : undefined;
  if (joined === undefined || !isPlain(joined.value)) return undefined;
  const { start, end, ty } = ir;
  const condition: Ir = { op: 'and', of: own.map((part) => rooted(part, row)), ty, start, end };
  const name = JSON.stringify([collection.id, joined.key, nameOfIr(condition)]);
  const source = { kind: 'records', name, table: unquoted(collection.table), collection, condition, key: joined.key } as const;
  return { source, value: joined.value, as: joined.as };
}

interface Joined {
  readonly key: string;
  readonly value: Ir;
  readonly as: CompareClass;
}

/** `m.room == room`: the one thing that is said of both. */
function equated(parts: readonly Ir[], each: Row): Joined | undefined {
  const [part, ...more] = parts;
  if (part?.op !== 'compare' || part.how !== 'eq' || more.length > 0) return undefined;
  for (const [theirs, value] of [
    [part.left, part.right],
    [part.right, part.left],
  ] as const)
    if (theirs.op === 'column' && theirs.row.id === each.id && theirs.row.origin.kind === 'each' && isOfRecord(value))
      return theirs.ty.kind === value.ty.kind ? { key: theirs.field, value, as: part.as } : undefined;
  return undefined;
}

/** The records that point back to the row, or to one that it points to. */
function backOf(schema: Schema, { row, field }: Many): Joined | undefined {
  const value = row && idOf(row);
  if (row === undefined || field === undefined || value === undefined) return undefined;
  const link = naming(schema).many(row.collection, field);
  return link.kind === 'column' ? { key: link.field, value, as: 'id' } : undefined;
}

/** `auth.id in members`. */
function linked(schema: Schema, { row, field }: Many, sought: Ir): Membership | undefined {
  const value = row && idOf(row);
  if (row === undefined || field === undefined || value === undefined) return undefined;
  if (sought.op !== 'const' || typeof sought.value !== 'string') return undefined;
  const link = naming(schema).many(row.collection, field);
  if (link.kind !== 'junction') return undefined;
  const { here: key, there: by } = link;
  const name = JSON.stringify([link.table, key, sought.value]);
  return { source: { kind: 'links', name, table: unquoted(link.table), key, by, id: sought.value }, value, as: 'id' };
}

/** The id of the record that is judged, or of one that it points to. */
function idOf(row: Row): Ir | undefined {
  const at = { start: 0, end: 0, ty: { kind: 'id', of: row.collection } } as const;
  if (row.origin.kind === 'record') return { op: 'column', row, field: 'id', ...at };
  if (row.origin.kind !== 'hop' || row.origin.row.origin.kind !== 'record') return undefined;
  return { op: 'column', row: row.origin.row, field: row.origin.field, ...at };
}

const isOfRecord = (ir: Ir): boolean => ir.op === 'column' && ir.row.origin.kind === 'record';
/** What is equal in one spelling only. */
const isPlain = ({ ty }: Ir): boolean => ty.kind === 'id' || ty.kind === 'text';

/** Whether it says something of that record alone, which the log tells. */
function speaksOf(ir: Ir, row: Row, collection: Collection): boolean {
  return [...nodesOf(ir)].every((node) => {
    if (node.op === 'context' || node.op === 'changed' || node.op === 'distance' || node.op === 'member' || node.op === 'count')
      return false;
    if (node.op === 'quantifier' && 'many' in node.over) return false;
    if (node.op !== 'column') return true;
    const field = collection.byName.get(node.field);
    const isTold = field !== undefined && field.junction === undefined && field.type.name !== 'computed';
    return isTold && node.row.id === row.id && node.row.origin.kind === 'each';
  });
}

/** The same said of the record that is judged. */
function rooted(ir: Ir, row: Row): Ir {
  const root: Row = { id: row.id, collection: row.collection, origin: { kind: 'record' } };
  const move = (part: Ir): Ir => (part.op === 'column' ? { ...part, row: root } : rebuild(part, move));
  return move(ir);
}
