/**
 * A write is one statement: it locks the row, judges it, judges the row that is to be, and writes only where
 * everything holds; what it answers says which part did not.
 *
 * Worry: asking first and doing afterwards leaves a gap in which another request changes the row, and a rule that held
 * when asked does not hold when done. A transaction with several statements closes the gap and costs round trips.
 * Decision: `old` is the stored row under FOR UPDATE, `next` the row after the write, built from `old` and the values
 * sent; `judged` holds one boolean for each thing that may refuse; INSERT, UPDATE or DELETE takes its row from `judged`
 * where all are true. Why it is enough: the lock is held from the judging to the write, a concurrent writer's newer row
 * is what FOR UPDATE returns after waiting, and a statement is all or nothing without a transaction around it.
 *
 * Most writes are allowed, and the judging costs more than the write. So where nothing stands in the way of it (no list is
 * written, and no judgement needs a join or the row before and after at once), a write begins with the plain statement whose
 * WHERE asks the same (plain.ts); only where that wrote nothing is this one run, which says why, or writes after all.
 */
import type { Statement } from '../../db/connect.ts';
import type { ParamList } from '../../expr/params.ts';
import type { Failure } from '../../kit/errors.ts';
import { ownerOf } from '../../kit/actor.ts';
import { ident } from '../../kit/sql.ts';
import { columnFields, holdsFiles, type Collection, type Field } from '../../schema/collection.ts';
import { compiled } from '../../schema/ddl.ts';
import type { Value, Values } from '../parse/values.ts';
import { bind, type Planned, type Template, type Writing } from '../plans.ts';
import type { Caller } from '../policy.ts';
import { Columns, type Root } from '../reading/select.ts';
import { freeFiles, freeIds, isFree, type Judging } from './judge.ts';
import type { ListWrite, Sent } from './lists.ts';
import { noteOf, notedAt, noting } from './note.ts';
import type { PlainWrite } from './plain.ts';
import { selectWritten, type Answer } from './written.ts';

export interface WritePlan {
  /** Run first where there is one. */
  readonly plain: { readonly statement: Statement; readonly answer: Answer } | undefined;
  readonly statement: Statement;
  readonly answer: Answer;
  readonly refusals: readonly (() => Failure)[];
}
export interface WriteTemplate extends Omit<WritePlan, 'statement' | 'plain'> {
  readonly plain: PlainWrite | undefined;
  readonly statement: Template;
}

export const bound = ({ plan, constants }: Planned<WriteTemplate>, sent: readonly unknown[]): WritePlan => ({
  ...plan,
  plain: plan.plain && { ...plan.plain, statement: bind(plan.plain.statement, constants, sent) },
  // Bound only when it is run.
  get statement() {
    return bind(plan.statement, constants, sent);
  },
});

/** What a write sends, in this order, with who it is where that is noted; each value takes three places: itself, or what is added; what is removed, or of files who he is; what is free. */
export const at = { id: 0, now: 1, version: 2, noted: notedAt, values: notedAt + 1 } as const;
const perValue = 3;

export function sentOf(caller: Caller, id: string, ifVersion: number | undefined, values: readonly Value[]): readonly unknown[] {
  const each = values.flatMap(({ field, value, change }) => {
    if (holdsFiles(field)) return [value, ownerOf(caller.ctx.actor), freeFiles(caller)];
    if (field.junction === undefined) return [value, null, null];
    const target = field.to === undefined ? undefined : caller.schema.byName.get(field.to);
    const free = target === undefined ? [] : freeIds(caller, target);
    return change?.kind === 'list' ? [change.add, change.remove, free] : [value, null, free];
  });
  return [id, new Date(caller.ctx.now), ifVersion, noteOf(caller), ...each];
}
export const placed = (values: readonly Value[]): readonly Sent[] =>
  values.map((value, index) => ({ value, at: at.values + perValue * index }));

/** All that the writing of a plan looks at, besides the policy. */
export function keyOf(
  kind: string,
  caller: Caller,
  collection: Collection,
  { values, sent }: Pick<Values, 'values' | 'sent'>,
  more: unknown,
): string {
  const { actor } = caller.ctx;
  const each = values.map(({ field, value, change }) => {
    const target = field.to === undefined ? undefined : caller.schema.byName.get(field.to);
    const own = target !== undefined && isFree(caller, target, value);
    return [field.name, change?.kind, value === null, own];
  });
  return JSON.stringify([kind, collection.name, actor.kind === 'account' ? actor.collection : actor.kind, each, [...sent], more]);
}

export const tablesOf = (lists: readonly ListWrite[]): ReadonlyMap<string, string> =>
  new Map(lists.map(({ field, table }) => [field.name, table]));
/** Tells the trigger of the junctions that this record's version is counted by us. */
export const announce = (lists: readonly ListWrite[], id: string): string =>
  lists.length === 0 ? '' : `, set_config('underpin.writing', ${id}::text, true) AS writing`;

export const isWritten = (field: Field): boolean => field.type.name !== 'computed';

/** The row that is to be, with what Postgres will compute from it, so that rules may ask for that too. */
export function withComputed(collection: Collection, columns: readonly string[], from = ''): string {
  const computed = collection.fields
    .filter((field) => !isWritten(field))
    .map((field) => `(${compiled(collection.def, field.def).sql}) AS ${ident(field.name)}`);
  const row = `SELECT ${columns.join(', ')}${from}`;
  return computed.length === 0 ? row : `SELECT b.*, ${computed.join(', ')} FROM (${row}) b`;
}

export const returning = (collection: Collection): string =>
  columnFields(collection)
    .map((field) => `t.${ident(field.name)}`)
    .join(', ');
export const returningNoted = (collection: Collection, params: ParamList): string =>
  [returning(collection), ...noting(collection, params)].join(', ');

/** The record as the caller may view it now, or nothing but id and version. */
export function writeAnswer(
  writing: Writing,
  collection: Collection,
  params: ParamList,
  judging: Judging,
  lists: readonly ListWrite[],
): { readonly sql: string; readonly answer: Answer } {
  const { caller } = writing;
  const root: Root = { alias: 'done', joins: [], many: tablesOf(lists) };
  const columns = new Columns();
  const { visible, write } = selectWritten(caller, collection, params, columns, root);
  const id = columns.add('done."id"');
  const version = columns.add('done."version"');
  const judged = judging.list.map((_one, index) => columns.add(`judged.ok${index}`));
  return {
    sql: `SELECT ${columns.sql.join(', ')} FROM judged LEFT JOIN done ON true${root.joins.join('')}`,
    answer: { id, version, visible, write, judged },
  };
}
