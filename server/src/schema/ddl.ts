/**
 * The SQL of schema changes. Constraints and indexes are named after the stable id of their field, so that a rename
 * touches nothing else and an error of Postgres leads back to the field it is about.
 */
import { createHash } from 'node:crypto';
import type { CollectionDef, FieldDef, IndexDef } from '@underpin/sdk/wire';
import { ident, literal } from '../kit/sql.ts';
import { expressionOf } from './definition.ts';
import { isJunction as isMany, type ColumnSpec } from './field-type.ts';
import { fieldType } from './fields/index.ts';
import type { Ty } from '@underpin/sdk/expr/model';
import { junctionTable } from './collection.ts';
import { createFileTriggers, dropFileTriggers } from './file-triggers.ts';
import { compileComputed, computedColumnType, type Computed } from './computed.ts';
import { conversion, isConversion } from './convert.ts';

type Stored = CollectionDef & { readonly id: string };

const table = (name: string): string => `public.${ident(name)}`;
const short = (id: string | undefined): string => (id ?? '').replaceAll('-', '');
export const checkName = (field: FieldDef): string => `check_${short(field.id)}`;
export const foreignKeyName = (field: FieldDef): string => `fk_${short(field.id)}`;
const relationIndexName = (field: FieldDef): string => `ix_${short(field.id)}`;
export const indexName = (of: Stored, index: IndexDef): string =>
  `${index.unique === true ? 'ux' : 'ix'}_${createHash('sha256')
    .update([of.id, ...index.fields.map((name) => fieldKey(of, name))].join())
    .digest('hex')
    .slice(0, 32)}`;

/** An index's column by the stable id of its field, so that a rename changes no index. */
export const fieldKey = (of: Stored, name: string): string => {
  const plain = name.replace(/^-/, '');
  return `${name.startsWith('-') ? '-' : ''}${of.fields.find((field) => field.name === plain)?.id ?? plain}`;
};

function specOf(field: FieldDef): ColumnSpec {
  const spec = fieldType(field.type)?.column(field);
  if (spec === undefined) throw new Error(`"${field.name}" has no column`);
  return spec;
}

const junctionRule = (field: FieldDef): 'CASCADE' | 'RESTRICT' => (field['onDelete'] === 'set null' ? 'CASCADE' : 'RESTRICT');

/** The junction table of a to-many relation, with an index for each way. */
function createJunction(name: string, field: FieldDef): readonly string[] {
  const junction = junctionTable(field.id ?? '');
  const plain = junction.replace('underpin.', '');
  const onDelete = junctionRule(field);
  const bump = (event: string, rows: 'OLD' | 'NEW'): string =>
    `CREATE TRIGGER changed_${event.toLowerCase()} AFTER ${event} ON ${junction} REFERENCING ${rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION underpin.junction_changed()`;
  return [
    `CREATE TABLE ${junction} (source uuid NOT NULL CONSTRAINT ${foreignKeyName(field)}_source REFERENCES ${table(name)} ("id") ON DELETE CASCADE, target uuid NOT NULL, position bigint NOT NULL, PRIMARY KEY (source, target))`,
    ...junctionTarget(field, onDelete),
    `CREATE INDEX ${plain}_target ON ${junction} (target, source)`,
    `CREATE INDEX ${plain}_order ON ${junction} (source, position)`,
    bump('INSERT', 'NEW'),
    bump('UPDATE', 'NEW'),
    bump('DELETE', 'OLD'),
  ];
}

const junctionTarget = (field: FieldDef, onDelete: string): readonly string[] => [
  `ALTER TABLE ${junctionTable(field.id ?? '')} ADD CONSTRAINT ${foreignKeyName(field)}_target FOREIGN KEY (target) REFERENCES ${table(field.to ?? '')} ("id") ON DELETE ${onDelete}`,
];

/** A plain default as SQL; undefined where there is none or it is an expression (those are ours to fill in). */
export function staticDefault(field: FieldDef): string | undefined {
  const { empty } = isMany(field) || field.type === 'computed' ? {} : specOf(field);
  if (empty !== undefined) return empty;
  const value = isMany(field) ? undefined : field.default;
  if (value === undefined || value === null || expressionOf(value) !== undefined) return undefined;
  const { type } = specOf(field);
  const stored = fieldType(field.type)?.input(field).parse(value);
  return `${literal(String(stored))}::${type.replace(/ COLLATE.*/, '')}`;
}

/** The types of a definition's own columns, for its computed fields. */
const columnTypes = (of: CollectionDef): ReadonlyMap<string, Ty> =>
  new Map(
    of.fields.flatMap((field) =>
      field.type === 'computed' ? [] : [[field.name, fieldType(field.type)?.ty(field) ?? { kind: 'json' }] as const],
    ),
  );

export const compiled = (of: CollectionDef, field: FieldDef): Computed => compileComputed(String(field['expr']), columnTypes(of));

/** What a computed field is, with fields by their ids: the same before and after a rename. */
export function computedKey(of: CollectionDef, field: FieldDef): string {
  const { mentions } = compiled(of, field);
  const text = String(field['expr']);
  return [...mentions]
    .sort((a, b) => b.start - a.start)
    .reduce(
      (key, { start, end, field: name }) =>
        `${key.slice(0, start)}{${of.fields.find((other) => other.name === name)?.id ?? name}}${key.slice(end)}`,
      text,
    );
}

const isNeverNull = (field: FieldDef): boolean => field.required === true || specOf(field).empty !== undefined;

const columnSql = (of: CollectionDef, field: FieldDef): string => {
  if (field.type === 'computed') {
    const { sql, ty } = compiled(of, field);
    return `${ident(field.name)} ${computedColumnType(ty)} GENERATED ALWAYS AS (${sql}) STORED`;
  }
  const { type, check } = specOf(field);
  const fallback = staticDefault(field);
  return [
    ident(field.name),
    type,
    isNeverNull(field) ? 'NOT NULL' : '',
    fallback === undefined ? '' : `DEFAULT ${fallback}`,
    check === undefined ? '' : `CONSTRAINT ${checkName(field)} CHECK (${check(ident(field.name))})`,
  ]
    .filter((part) => part !== '')
    .join(' ');
};

/** What goes with a column: a foreign key with its index, or the triggers that count files. */
const belongings = (name: string, field: FieldDef): readonly string[] => {
  if (isMany(field)) return createJunction(name, field);
  if (field.type === 'computed') return [];
  const { references, holdsFiles } = specOf(field);
  if (holdsFiles === true) return createFileTriggers(table(name), field);
  if (references === undefined) return [];
  return [
    `ALTER TABLE ${table(name)} ADD CONSTRAINT ${foreignKeyName(field)} FOREIGN KEY (${ident(field.name)}) REFERENCES ${table(references.collection)} ("id") ON DELETE ${references.onDelete}`,
    `CREATE INDEX ${relationIndexName(field)} ON ${table(name)} (${ident(field.name)})`,
  ];
};

const accountColumns = [
  '"email" text COLLATE "C" NOT NULL',
  '"verified" boolean NOT NULL DEFAULT false',
  `"roles" text[] NOT NULL DEFAULT '{}'`,
  '"disabled" boolean NOT NULL DEFAULT false',
];

/** Born with an index on (created, id): the order of every list that does not ask for another. */
export function createTable(def: Stored): readonly string[] {
  const name = table(def.name);
  const columns = [
    // Ours bring their ids; the default is for rows that come from elsewhere.
    '"id" uuid PRIMARY KEY DEFAULT gen_random_uuid()',
    '"created" timestamptz(3) NOT NULL DEFAULT now()',
    '"updated" timestamptz(3) NOT NULL DEFAULT now()',
    '"version" bigint NOT NULL DEFAULT 1',
    ...(def.kind === 'auth' ? accountColumns : []),
    ...def.fields.filter((field) => !isMany(field)).map((field) => columnSql(def, field)),
  ];
  return [
    `CREATE TABLE ${name} (\n  ${columns.join(',\n  ')}\n)`,
    `CREATE INDEX ix_created_${short(def.id)} ON ${name} ("created", "id")`,
    `CREATE TRIGGER touch BEFORE UPDATE ON ${name} FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION underpin.touch()`,
    ...(def.kind === 'auth'
      ? [
          `CREATE UNIQUE INDEX ux_email_${short(def.id)} ON ${name} ("email")`,
          `CREATE TRIGGER account_changed AFTER UPDATE OR DELETE ON ${name} FOR EACH ROW EXECUTE FUNCTION underpin.account_changed()`,
        ]
      : []),
    ...def.fields.flatMap((field) => belongings(def.name, field)),
  ];
}

export const dropTable = (def: Stored): readonly string[] => [
  ...def.fields.filter(isMany).map(dropJunction),
  `DROP TABLE ${table(def.name)}`,
];
const fileTriggersGone = (name: string, field: FieldDef): readonly string[] =>
  field.type !== 'computed' && specOf(field).holdsFiles === true ? dropFileTriggers(table(name), field) : [];
const dropJunction = (field: FieldDef): string => `DROP TABLE ${junctionTable(field.id ?? '')}`;
export const renameTable = (from: string, to: string): readonly string[] => [`ALTER TABLE ${table(from)} RENAME TO ${ident(to)}`];
export const renameColumn = (name: string, from: string, to: string): string =>
  `ALTER TABLE ${table(name)} RENAME COLUMN ${ident(from)} TO ${ident(to)}`;
export const dropColumn = (name: string, field: FieldDef): readonly string[] =>
  isMany(field) ? [dropJunction(field)] : [...fileTriggersGone(name, field), `ALTER TABLE ${table(name)} DROP COLUMN ${ident(field.name)}`];

export const addColumn = (of: Stored, field: FieldDef): readonly string[] => [
  ...(isMany(field) ? [] : [`ALTER TABLE ${table(of.name)} ADD COLUMN ${columnSql(of, field)}`]),
  ...belongings(of.name, field),
];

export const createIndex = (of: Stored, index: IndexDef): string =>
  `CREATE ${index.unique === true ? 'UNIQUE ' : ''}INDEX ${indexName(of, index)} ON ${table(of.name)} (${index.fields.map((name) => `${ident(name.replace(/^-/, ''))}${name.startsWith('-') ? ' DESC' : ''}`).join(', ')})`;
export const dropIndex = (of: Stored, index: IndexDef): string => `DROP INDEX IF EXISTS public.${ident(indexName(of, index))}`;

/** What changes between two definitions of one column; renamed already. */
export function alterColumn(of: Stored, was: FieldDef, field: FieldDef): readonly string[] {
  if (field.type === 'computed') return [];
  if (isMany(was) !== isMany(field)) return isMany(field) ? oneToMany(of, field) : manyToOne(of, field);
  if (isMany(field)) {
    if (was['onDelete'] === field['onDelete']) return [];
    const drop = `ALTER TABLE ${junctionTable(field.id ?? '')} DROP CONSTRAINT ${foreignKeyName(was)}_target`;
    return [drop, ...junctionTarget(field, junctionRule(field))];
  }
  const [before, after] = [specOf(was), specOf(field)];
  const column = ident(field.name);
  const alter = (change: string): string => `ALTER TABLE ${table(of.name)} ${change}`;
  const [checkBefore, checkAfter] = [before.check?.(column), after.check?.(column)];
  const [defaultBefore, defaultAfter] = [staticDefault(was), staticDefault(field)];
  const converted = isConversion(was, field) ? conversion({ ...was, name: field.name }, field)?.using : undefined;
  const referenceChanges =
    before.references?.onDelete !== after.references?.onDelete || before.references?.collection !== after.references?.collection;
  const moved = converted !== undefined;
  return [
    ...(moved ? fileTriggersGone(of.name, was) : []),
    ...(isNeverNull(was) && !isNeverNull(field) ? [alter(`ALTER COLUMN ${column} DROP NOT NULL`)] : []),
    ...(checkBefore !== undefined && (moved || checkBefore !== checkAfter) ? [alter(`DROP CONSTRAINT IF EXISTS ${checkName(was)}`)] : []),
    ...(before.references !== undefined && referenceChanges ? [alter(`DROP CONSTRAINT IF EXISTS ${foreignKeyName(was)}`)] : []),
    ...(before.references !== undefined && after.references === undefined ? [`DROP INDEX IF EXISTS public.${relationIndexName(was)}`] : []),
    ...(defaultBefore !== undefined && (moved || defaultBefore !== defaultAfter) ? [alter(`ALTER COLUMN ${column} DROP DEFAULT`)] : []),
    ...(moved ? [alter(`ALTER COLUMN ${column} TYPE ${after.type} USING (${converted})`)] : []),
    ...(checkAfter !== undefined && (moved || checkBefore !== checkAfter)
      ? [alter(`ADD CONSTRAINT ${checkName(field)} CHECK (${checkAfter})`)]
      : []),
    ...(after.references !== undefined && referenceChanges
      ? belongings(of.name, field).slice(0, before.references === undefined ? 2 : 1)
      : []),
    ...(!isNeverNull(was) && isNeverNull(field) ? [alter(`ALTER COLUMN ${column} SET NOT NULL`)] : []),
    ...(defaultAfter !== undefined && (moved || defaultBefore !== defaultAfter)
      ? [alter(`ALTER COLUMN ${column} SET DEFAULT ${defaultAfter}`)]
      : []),
    ...(moved && after.holdsFiles === true ? createFileTriggers(table(of.name), field) : []),
  ];
}

/** A reference becomes a list of one, or none. */
const oneToMany = (of: Stored, field: FieldDef): readonly string[] => [
  ...createJunction(of.name, field),
  `INSERT INTO ${junctionTable(field.id ?? '')} (source, target, position) SELECT "id", ${ident(field.name)}, 1 FROM ${table(of.name)} WHERE ${ident(field.name)} IS NOT NULL`,
  `ALTER TABLE ${table(of.name)} DROP COLUMN ${ident(field.name)}`,
];

/** A list of at most one becomes a reference. */
const manyToOne = (of: Stored, field: FieldDef): readonly string[] => [
  ...addColumn(of, { ...field, required: false }),
  `UPDATE ${table(of.name)} t SET ${ident(field.name)} = j.target FROM ${junctionTable(field.id ?? '')} j WHERE j.source = t."id"`,
  ...(field.required === true ? [`ALTER TABLE ${table(of.name)} ALTER COLUMN ${ident(field.name)} SET NOT NULL`] : []),
  dropJunction(field),
];

export const countRows = (name: string): string => `SELECT count(*) AS count FROM ${table(name)}`;
export const countValues = (name: string, field: FieldDef): string =>
  isMany(field)
    ? `SELECT count(*) AS count FROM ${junctionTable(field.id ?? '')}`
    : `SELECT count(${ident(field.name)}) AS count FROM ${table(name)}`;

/** How many rows a changed field would refuse; undefined where it refuses nothing that the old one took. */
export function countViolations(name: string, was: FieldDef, field: FieldDef): string | undefined {
  const rows = (where: string): string => `SELECT count(*) AS count FROM ${table(name)} t WHERE ${where}`;
  if (isMany(was) && !isMany(field)) {
    const links = `(SELECT count(*) FROM ${junctionTable(was.id ?? '')} j WHERE j.source = t."id")`;
    return rows(field.required === true ? `${links} <> 1` : `${links} > 1`);
  }
  if (isMany(field) || field.type === 'computed') return undefined;
  const column = ident(was.name);
  const check = isConversion(was, field) ? conversion(was, field)?.fits : specOf(field).check?.(column);
  const same = !isConversion(was, field) && check === specOf(was).check?.(column);
  const problems = [
    ...(field.required === true && was.required !== true ? [`${column} IS NULL`] : []),
    ...(check !== undefined && !same ? [`(${column} IS NOT NULL AND NOT (${check}))`] : []),
  ];
  return problems.length === 0 ? undefined : rows(problems.join(' OR '));
}
