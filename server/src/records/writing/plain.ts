/**
 * The plain form of a write, where it has one: INSERT, UPDATE or DELETE whose WHERE is all that could refuse it. It writes and
 * answers, or it does nothing at all; then the judging form (plan.ts) is run and says why. A row that was locked by another
 * writer is judged anew by Postgres once the lock is free, so that here too nothing lies between asking and doing.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { nodesOf, rowOf } from '@underpin/sdk/expr/walk';
import type { ParamList } from '../../expr/params.ts';
import { ident } from '../../kit/sql.ts';
import type { Collection } from '../../schema/collection.ts';
import type { Judging } from './judge.ts';
import type { Template, Writing } from '../plans.ts';
import { Columns, type Root } from '../reading/select.ts';
import { noting } from './note.ts';
import { selectWritten, type Answer } from './written.ts';

export interface PlainWrite {
  readonly statement: Template;
  readonly answer: Answer;
}

const joined = (joins: readonly string[]): string => joins.join('');

/** `next`: the columns of the row to be, as `value AS name`. A new row may be joined to whatever judges it. */
export function plainInsert(
  writing: Writing,
  collection: Collection,
  params: ParamList,
  { columns, next, judging }: { readonly columns: readonly string[]; readonly next: string; readonly judging: Judging },
): PlainWrite {
  const conditions = judging.list.map(({ sql }) => sql);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const into = `INSERT INTO ${collection.table} AS t (${columns.join(', ')})`;
  return returned(
    writing,
    collection,
    params,
    `${into} SELECT ${columns.map((column) => `n.${column}`).join(', ')} FROM (${next}) n${joined(judging.root.joins)}${where}`,
  );
}

/** `sets`: what is assigned. Judged on the stored row alone, which an UPDATE cannot join to others. */
export function plainUpdate(
  writing: Writing,
  collection: Collection,
  params: ParamList,
  { id, sets, judging }: { readonly id: string; readonly sets: readonly string[]; readonly judging: Judging },
): PlainWrite | undefined {
  if (joined(judging.root.joins) !== '') return undefined;
  return returned(writing, collection, params, `UPDATE ${collection.table} t SET ${sets.join(', ')} WHERE ${whole(id, judging)}`);
}

export function plainDelete(
  writing: Writing,
  collection: Collection,
  params: ParamList,
  { id, judging }: { readonly id: string; readonly judging: Judging },
): PlainWrite | undefined {
  if (joined(judging.root.joins) !== '') return undefined;
  const text = `DELETE FROM ${collection.table} t WHERE ${whole(id, judging)} RETURNING ${['t."id"', ...noting(collection, params)].join(', ')}`;
  return {
    statement: writing.template(text, params),
    answer: { id: 0, version: undefined, visible: undefined, write: undefined, judged: [] },
  };
}

const whole = (id: string, judging: Judging): string =>
  [`t.${ident('id')} = ${id}`, ...judging.list.map(({ sql }) => `(${sql})`)].join(' AND ');

/** RETURNING cannot join: where what is shown depends on other rows, the written row is joined to them outside. */
function returned(writing: Writing, collection: Collection, params: ParamList, write: string): PlainWrite {
  const root: Root = { alias: 't', joins: [] };
  const columns = new Columns();
  const shown = selectWritten(writing.caller, collection, params, columns, root);
  const answer: Answer = { id: columns.add('t."id"'), version: columns.add('t."version"'), ...shown, judged: [] };
  const joins = joined(root.joins);
  const noted = noting(collection, params);
  const text =
    joins === ''
      ? `${write} RETURNING ${[...columns.sql, ...noted].join(', ')}`
      : `WITH w AS (${write} RETURNING ${['t.*', ...noted].join(', ')}) SELECT ${columns.sql.join(', ')} FROM w t${joins}`;
  return { statement: writing.template(text, params), answer };
}

/** Whether a condition speaks of the row to be, or of what changes. */
export function speaksOfNext(ir: Ir): boolean {
  for (const node of nodesOf(ir)) {
    let row = rowOf(node);
    while (row?.origin.kind === 'hop') row = row.origin.row;
    if (node.op === 'changed' || row?.origin.kind === 'next') return true;
  }
  return false;
}
