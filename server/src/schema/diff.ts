/** What has to happen to come from one definition to another: operations in order, each with its SQL. Pure. */
import type { CollectionDef, FieldDef, IndexDef } from '@underpin/sdk/wire';
import { literal } from '../kit/sql.ts';
import { canonical } from './collection.ts';
import * as ddl from './ddl.ts';
import { isJunction } from './field-type.ts';
import type { Operation } from './operation.ts';
import { createSearchIndex, searchBuilt, searchDropped } from './search.ts';

type Stored = CollectionDef & { readonly id: string };

export function diffCollection(before: Stored | undefined, after: Stored | undefined): readonly Operation[] {
  if (before === undefined) return after === undefined ? [] : [created(after)];
  if (after === undefined) return [dropped(before)];
  const operations: Operation[] = [];
  if (before.name !== after.name) {
    operations.push({
      kind: 'rename_collection',
      collection: after.name,
      summary: `rename ${before.name} to ${after.name}`,
      sql: ddl.renameTable(before.name, after.name),
    });
  }
  operations.push(...searchDropped(before, after), ...diffFields(before, after));
  operations.push(...diffIndexes(before, after), ...searchBuilt(before, after), ...diffHistory(before, after));
  // Of fields only those that stay: the rules of one that comes or goes come and go with it.
  const inBoth = before.fields.map(({ id }) => id).filter((id) => after.fields.some((field) => field.id === id));
  const rulesOf = ({ rules, guard, fields }: Stored): string =>
    canonical([rules ?? {}, guard, inBoth.map((id) => fields.find((field) => field.id === id)?.rules)]);
  if (rulesOf(before) !== rulesOf(after))
    operations.push({ kind: 'change_rules', collection: after.name, summary: `change rules of ${after.name}`, sql: [] });
  return operations;
}

/** Who keeps no history any more has none: it would hold what nobody could see or take away. */
function diffHistory(before: Stored, after: Stored): Operation[] {
  const [was, is] = [before.history ?? false, after.history ?? false];
  if (canonical(was) === canonical(is)) return [];
  const of = `FROM underpin.versions WHERE collection = ${literal(after.id)}`;
  const change = { kind: 'change_history' as const, collection: after.name };
  if (is !== false) return [{ ...change, summary: `keep the history of ${after.name}${is === true ? '' : ` for ${is.keep}`}`, sql: [] }];
  return [
    {
      ...change,
      summary: `drop the history of ${after.name}`,
      // What no version was made of yet goes with them.
      sql: [`DELETE ${of}`, `DELETE ${of.replace('versions', 'effects')}`],
      counts: { deleted: `SELECT count(*) ${of}` },
      hazard: 'DELETES_DATA',
    },
  ];
}

const created = (after: Stored): Operation => ({
  kind: 'create_collection',
  collection: after.name,
  summary: `create ${after.name} with ${after.fields.length} fields`,
  sql: [...ddl.createTable(after), ...(after.indexes ?? []).map((index) => ddl.createIndex(after, index)), ...createSearchIndex(after)],
});

const dropped = (before: Stored): Operation => ({
  kind: 'drop_collection',
  collection: before.name,
  summary: `drop ${before.name} with all its records`,
  sql: ddl.dropTable(before),
  counts: { deleted: ddl.countRows(before.name) },
  hazard: 'DELETES_DATA',
});

function diffFields(before: Stored, after: Stored): Operation[] {
  const old = new Map(before.fields.map((field) => [field.id, field]));
  const kept = new Set(after.fields.map((field) => field.id));
  const renamed = after.fields.filter(
    (field) => old.get(field.id) !== undefined && old.get(field.id)?.name !== field.name && !isJunction(field),
  );
  const gone = before.fields.filter((field) => !kept.has(field.id));
  const isComputed = (field: FieldDef): boolean => field.type === 'computed';
  // A computed field depends on the columns it mentions: it goes before them and comes after them.
  const recomputed = after.fields.filter((field) => {
    const was = old.get(field.id);
    return was !== undefined && isComputed(field) && ddl.computedKey(before, was) !== ddl.computedKey(after, field);
  });
  return [
    ...gone.filter(isComputed).map((field) => dropField(before.name, after.name, field)),
    ...recomputed.map((field) => recompute(after, field, 'drop', ...ddl.dropColumn(after.name, old.get(field.id) ?? field))),
    ...gone.filter((field) => !isComputed(field)).map((field) => dropField(before.name, after.name, field)),
    ...renameFields(
      after,
      renamed.filter((field) => !recomputed.includes(field)).map((field) => [old.get(field.id)?.name ?? field.name, field.name]),
    ),
    ...after.fields
      .filter((field) => !isComputed(field))
      .flatMap((field) => {
        const was = old.get(field.id);
        return was === undefined ? [addField(before, after, field)] : changeField(before.name, after, was, field);
      }),
    ...after.fields.filter((field) => isComputed(field) && !old.has(field.id)).map((field) => addField(before, after, field)),
    ...recomputed.map((field) => recompute(after, field, 'add', ...ddl.addColumn(after, field))),
    // What was computed takes its indexes with it when it goes.
    ...(after.indexes ?? [])
      .filter((index) => index.fields.some((name) => recomputed.some((field) => field.name === name.replace(/^-/, ''))))
      .map((index): Operation => ({
        kind: 'add_index',
        collection: after.name,
        summary: `build the index on ${index.fields.join(', ')} anew`,
        sql: [ddl.createIndex(after, index).replace('INDEX ', 'INDEX IF NOT EXISTS ')],
      })),
  ];
}

const recompute = (after: Stored, field: FieldDef, step: 'drop' | 'add', ...sql: readonly string[]): Operation => ({
  kind: 'change_field',
  collection: after.name,
  field: field.name,
  summary: step === 'drop' ? `compute ${after.name}.${field.name} anew` : `fill ${after.name}.${field.name}`,
  sql,
});

/** Two fields may swap their names: each renamed field goes by way of a name that no field can have. */
const renameFields = (after: Stored, pairs: readonly (readonly [string, string])[]): Operation[] => {
  const taken = new Set(pairs.map(([from]) => from));
  const direct = pairs.every(([, to]) => !taken.has(to));
  return pairs.map(([from, to], index) => ({
    kind: 'rename_field',
    collection: after.name,
    field: to,
    summary: `rename ${after.name}.${from} to ${to}`,
    sql: direct
      ? [ddl.renameColumn(after.name, from, to)]
      : [
          ...(index === 0 ? pairs.map(([name], at) => ddl.renameColumn(after.name, name, `__renamed_${at}`)) : []),
          ...(index === pairs.length - 1 ? pairs.map(([, name], at) => ddl.renameColumn(after.name, `__renamed_${at}`, name)) : []),
        ],
  }));
};

const dropField = (table: string, collection: string, field: FieldDef): Operation => ({
  kind: 'drop_field',
  collection,
  field: field.name,
  summary: `drop ${collection}.${field.name}`,
  sql: ddl.dropColumn(collection, field),
  counts: { deleted: ddl.countValues(table, field) },
  hazard: 'DELETES_DATA',
});

const addField = (before: Stored, after: Stored, field: FieldDef): Operation => ({
  kind: 'add_field',
  collection: after.name,
  field: field.name,
  summary: `add ${after.name}.${field.name} (${field.type})`,
  sql: ddl.addColumn(after, field),
  ...(field.required === true && !isJunction(field) && ddl.staticDefault(field) === undefined
    ? { counts: { withoutValue: ddl.countRows(before.name) }, hazard: 'MAY_FAIL' as const }
    : {}),
});

/** A change of settings: the old check, the old foreign key and the old null constraint give way to the new ones. */
function changeField(oldTable: string, after: Stored, was: FieldDef, field: FieldDef): Operation[] {
  const table = after.name;
  const sql = ddl.alterColumn(after, was, field);
  if (sql.length === 0) return [];
  const violations = ddl.countViolations(oldTable, was, field);
  return [
    {
      kind: 'change_field',
      collection: table,
      field: field.name,
      summary: `change ${table}.${field.name}`,
      sql,
      ...(violations === undefined ? {} : { counts: { doNotFit: violations }, hazard: 'MAY_FAIL' as const }),
    },
  ];
}

function diffIndexes(before: Stored, after: Stored): Operation[] {
  const ids = (of: Stored, index: IndexDef): string =>
    canonical([index.fields.map((name) => ddl.fieldKey(of, name)), index.unique ?? false]);
  const old = new Map((before.indexes ?? []).map((index) => [ids(before, index), index]));
  const wanted = new Map((after.indexes ?? []).map((index) => [ids(after, index), index]));
  return [
    ...[...old]
      .filter(([key]) => !wanted.has(key))
      .map(([, index]): Operation => ({
        kind: 'drop_index',
        collection: after.name,
        summary: `drop the index on ${index.fields.join(', ')}`,
        sql: [ddl.dropIndex(before, index)],
      })),
    ...[...wanted]
      .filter(([key]) => !old.has(key))
      .map(([, index]): Operation => ({
        kind: 'add_index',
        collection: after.name,
        summary: `add ${index.unique === true ? 'a unique' : 'an'} index on ${index.fields.join(', ')}`,
        sql: [ddl.createIndex(after, index)],
      })),
  ];
}
