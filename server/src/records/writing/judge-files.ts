/**
 * A record may name a file that its writer uploaded and nobody named yet, or one that he may read: through any record and field that
 * show it to him. What he may not is as if there were none. What a record named before he need not see to leave it there.
 */
import type { ParamList } from '../../expr/params.ts';
import { failAt } from '../../kit/errors.ts';
import { ident, literal } from '../../kit/sql.ts';
import { holdsFiles, type Field } from '../../schema/collection.ts';
import { allowedSql, fileSettings } from '../../schema/fields/file.ts';
import type { Caller } from '../policy.ts';
import { readableFile } from '../reading/file-access.ts';
import type { Judging } from './judge.ts';
import type { Sent } from './lists.ts';

/** `places`: where a write sends the value, who he is, and the ids that he may name in any case. `old`: the stored row, where there is one. */
export function judgeFiles(caller: Caller, judging: Judging, params: ParamList, places: readonly Sent[], old: string | undefined): void {
  for (const {
    value: { field, value },
    at,
  } of places) {
    if (!holdsFiles(field) || value === null) continue;
    const column = ident(field.name);
    const before = old === undefined ? '' : ` WHERE one <> ALL (underpin.file_ids(${old}.${column}))`;
    const named = `unnest(underpin.file_ids(n.${column})) one${before}`;
    const there = `f.whole IS NOT NULL AND f.ended IS NULL AND ${mayName(caller, judging, params, at)}`;
    const none = `NOT EXISTS (SELECT 1 FROM (SELECT one FROM ${named}) x WHERE NOT EXISTS (SELECT 1 FROM underpin.files f WHERE f.id = x.one AND ${there}))`;
    judging.sql(none, () => failAt('reference_violation', `/${field.name}`, `"${field.name}" names no file`));
    // What counts against a quota is what was uploaded for the field.
    const { maxSize, types, quota, quotaPerAccount } = fileSettings(field.def);
    const counted = quota === undefined && quotaPerAccount === undefined ? '' : ` AND f.field = ${literal(field.id)}`;
    const fits = `f.size <= ${maxSize} AND ${allowedSql(types, 'f.type', literal)}${counted}`;
    judging.sql(`NOT EXISTS (SELECT 1 FROM (SELECT one FROM ${named}) x JOIN underpin.files f ON f.id = x.one WHERE NOT (${fits}))`, () =>
      failAt('validation_failed', `/${field.name}`, misfit(field)),
    );
  }
}

function misfit(field: Field): string {
  const { maxSize, types, quota, quotaPerAccount } = fileSettings(field.def);
  const bounded = quota === undefined && quotaPerAccount === undefined ? '' : ', uploaded for it';
  return `"${field.name}" takes files of at most ${maxSize} bytes${types.length === 0 ? '' : ` and of the types ${types.join(', ')}`}${bounded}`;
}

function mayName(caller: Caller, judging: Judging, params: ParamList, at: number): string {
  if (caller.privileged) return 'TRUE';
  const mine = `(f.attached IS NULL AND f.owner = ${params.sent(at + 1, 'text')})`;
  const { sql, conditions } = readableFile(caller, params, 'f.id');
  judging.conditions.push(...conditions);
  return `(${mine} OR f.id = ANY (${params.sent(at + 2, 'uuid[]')}) OR ${sql})`;
}
