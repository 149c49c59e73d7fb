/**
 * Versions of records as rows of their collection, so that rules, masks and answers are those of any read.
 *
 * A version holds the texts of its columns by the ids of fields. Here they get the names and types that the fields have now: a field
 * that came later, or that is gone, is not there; a value that the type of now does not take is null. What is computed is computed
 * anew. To-many relations are no part of a version: they read as they are now.
 */
import type { Statement } from '../../db/connect.ts';
import { ident, literal } from '../../kit/sql.ts';
import { columnFields, type Collection, type Field } from '../../schema/collection.ts';
import { sentAs, toJson, type ToJson } from '../../schema/json-text.ts';
import { bind, planned, type Template, type Writing } from '../plans.ts';
import { policyFor, readOf, refuseNever, type Caller } from '../policy.ts';
import { allHold, Columns, selectRecord, type Root, type Writer } from '../reading/select.ts';
import { isWritten, withComputed } from '../writing/plan.ts';

/** The version itself, or what an update made it from. */
type Image = 'version' | 'before';

export interface VersionsTemplate {
  readonly rows: Template;
  readonly write: Writer;
  readonly at: Readonly<Record<'id' | 'version' | 'action' | 'at' | 'actor' | 'request' | 'updated', number>>;
  /** Of fields that the caller may read in some records: where it stands whether he may in this one. */
  readonly masks: ReadonlyMap<string, number>;
}

const moment: ToJson = toJson({ kind: 'time' });

export interface PagePlan {
  readonly rows: Statement;
  readonly template: VersionsTemplate;
}

/** One more than asked, from a place on; the newest first, and for the page before the other way round. */
export function planPage(
  caller: Caller,
  collection: Collection,
  id: string,
  from: { at?: string; back: boolean; limit: number },
): PagePlan {
  const key = JSON.stringify(['history', collection.name, from.at !== undefined, from.back, from.limit]);
  const beyond = from.at === undefined ? '' : ` AND v.id ${from.back ? '>' : '<'} `;
  return plan(caller, key, [id, from.at], (writing) =>
    writeVersions(writing, collection, 'version', (sent) => ({
      where: beyond === '' ? 'TRUE' : `TRUE${beyond}${sent(1, 'int8')}`,
      rest: `ORDER BY v.id ${from.back ? 'ASC' : 'DESC'} LIMIT ${from.limit + 1}`,
    })),
  );
}

/** What those versions were made from. */
export const planBefore = (caller: Caller, collection: Collection, id: string, versions: readonly string[]): PagePlan =>
  plan(caller, JSON.stringify(['history before', collection.name]), [id, versions], (writing) =>
    writeVersions(writing, collection, 'before', (sent) => ({
      where: `v.id = ANY (${sent(1, 'int8[]')}) AND v.was IS NOT NULL`,
      rest: '',
    })),
  );

/** The newest version of that number. */
export const planVersion = (caller: Caller, collection: Collection, id: string, version: number): PagePlan =>
  plan(caller, JSON.stringify(['history one', collection.name]), [id, version], (writing) =>
    writeVersions(writing, collection, 'version', (sent) => ({
      where: `v.version = ${sent(1, 'int8')}`,
      rest: 'ORDER BY v.id DESC LIMIT 1',
    })),
  );

function plan(caller: Caller, key: string, sent: readonly unknown[], write: (writing: Writing) => VersionsTemplate): PagePlan {
  const { plan: template, constants } = planned(caller, key, [], write);
  return { template, rows: bind(template.rows, constants, sent) };
}

function writeVersions(
  writing: Writing,
  collection: Collection,
  image: Image,
  which: (sent: (index: number, type: string) => string) => { readonly where: string; readonly rest: string },
): VersionsTemplate {
  const { caller } = writing;
  const params = writing.params();
  const allowed = policyFor(caller, collection, 'history');
  refuseNever(caller, allowed);
  const root: Root = { alias: 'r', joins: [] };
  const columns = new Columns();
  const record = params.sent(0, 'uuid');
  const { where, rest } = which((index, type) => params.sent(index, type));
  const holds = allHold(caller, params, root, allowed);
  const shown = { ...collection, fields: columnFields(collection) };
  const write = selectRecord({ caller, params, columns, root }, shown, { expand: [] });
  const masks = new Map<string, number>();
  for (const field of shown.fields) {
    const condition = readOf(caller, collection, field);
    if (condition !== 'never' && condition.length > 0)
      masks.set(field.name, columns.add(`((${allHold(caller, params, root, condition)}) IS TRUE)`));
  }
  const at = {
    id: columns.add('v.id'),
    version: columns.add('v.version'),
    action: columns.add('v.action'),
    at: columns.add(sentAs({ kind: 'time' }, 'v.at')),
    actor: columns.add('v.actor'),
    request: columns.add('v.request'),
    updated: columns.add('v.was IS NOT NULL'),
  };
  const text = [
    `SELECT ${columns.sql.join(', ')}`,
    `FROM underpin.versions v CROSS JOIN LATERAL (${rowOf(collection, image)}) r${root.joins.join('')}`,
    `WHERE v.collection = ${literal(collection.id)} AND v.record = ${record} AND ${where} AND ${holds} ${rest}`,
  ];
  return { rows: writing.template(text.join('\n'), params), write, at, masks };
}

function rowOf(collection: Collection, image: Image): string {
  const body = image === 'version' ? 'v.body' : '(v.body || v.was)';
  const columns = columnFields(collection)
    .filter(isWritten)
    .map((field) => `${valueOf(field, `(${body} ->> ${literal(field.system ? field.name : field.id)})`)} AS ${ident(field.name)}`);
  return withComputed(collection, columns);
}

function valueOf(field: Field, text: string): string {
  const type = field.type.column(field.def)?.type ?? 'text';
  return type.startsWith('text COLLATE')
    ? `${text}::${type}`
    : `CASE WHEN underpin.fits(${text}, ${literal(type)}) THEN ${text}::${type} END`;
}

/** What is told of a version besides the record. */
export const aboutVersion = (row: readonly (string | null)[], { at }: VersionsTemplate): string => {
  const text = (index: number): string => JSON.stringify(row[index] ?? null);
  return `"version":${row[at.version] ?? 'null'},"action":${text(at.action)},"at":${moment(row[at.at] ?? '')},"by":${text(at.actor)},"request":${text(at.request)}`;
};
