/**
 * The rows of a list as they are stored: every column as Postgres's text, with the snapshot in which they were read as the first. For live queries, whose rows come through the change log in this form too.
 */
import type { Statement } from '../../db/connect.ts';
import { createEmitter } from '../../expr/sql.ts';
import type { Collection } from '../../schema/collection.ts';
import { naming } from '../../schema/model.ts';
import { orderBy } from '../parse/cursor.ts';
import type { Asked } from '../parse/list.ts';
import { bind, planned } from '../plans.ts';
import { policyFor, refuseNever, type Caller } from '../policy.ts';
import { shapeOfKey } from './follow.ts';
import { allHold, callerView, type Root } from './select.ts';

export interface Imaged {
  /** The columns of a row under an alias. */
  readonly columns: (alias: string) => string;
  readonly limit: number;
}

export function planImages(
  caller: Caller,
  collection: Collection,
  asked: Pick<Asked, 'filter' | 'sort' | 'nothing'>,
  { columns, limit }: Imaged,
): Statement {
  const key = JSON.stringify(['images', collection.name, asked.sort.map(shapeOfKey), limit, asked.nothing]);
  const { plan, constants } = planned(caller, key, asked.filter, (writing) => {
    const params = writing.params();
    const allowed = policyFor(writing.caller, collection, 'list');
    refuseNever(writing.caller, allowed);
    const root: Root = { alias: 'r', joins: [] };
    const where = [
      asked.nothing ? 'FALSE' : 'TRUE',
      allHold(writing.caller, params, root, allowed),
      allHold(writing.caller, params, root, asked.filter, { view: callerView(writing.caller) }),
    ];
    const sorted = asked.sort.map(({ ir }) => {
      const emitter = createEmitter({ naming: naming(caller.schema), params, record: root.alias, view: callerView(writing.caller) });
      const sql = emitter.value(ir);
      root.joins.push(emitter.joins());
      return sql;
    });
    const rows = [
      `SELECT ${columns(root.alias)} FROM ${collection.table} r${root.joins.join('')}`,
      `WHERE ${where.join(' AND ')} ${asked.sort.length === 0 ? '' : `ORDER BY ${orderBy(asked.sort, sorted)}`} LIMIT ${limit}`,
    ];
    const text = `SELECT s.snapshot, q.* FROM (SELECT pg_current_snapshot()::text AS snapshot) s LEFT JOIN LATERAL (${rows.join(' ')}) q ON true`;
    return writing.template(text, params);
  });
  return bind(plan, constants, []);
}
