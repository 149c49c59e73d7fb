/**
 * The SQL of schema changes. Constraints and indexes are named after the stable id of their field, so that a rename
 * touches nothing else and an error of Postgres leads back to the field it is about.
 */
import { createHash } from 'node:crypto';
import type { CollectionDef, FieldDef, IndexDef } from '@underpin/sdk/wire';
import { ident, literal } from '../kit/sql.ts';
import { expressionOf } from './definition.ts';
import type { ColumnSpec } from './field-type.ts';
import { fieldType } from './fields/index.ts';
import { junctionTable } from './collection.ts';

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
const isMany = (field: FieldDef): boolean => field.many === true;

/** The junction table of a to-many relation, with an index for each way. */
function createJunction(name: string, field: FieldDef): readonly string[] {
  const junction = junctionTable(field.id ?? '');
  const plain = junction.replace('underpin.', '');
  const onDelete = field['onDelete'] === 'set null' ? 'CASCADE' : 'RESTRICT';
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
  const value = isMany(field) ? undefined : field.default;
  if (value === undefined || value === null || expressionOf(value) !== undefined) return undefined;
  const { type } = specOf(field);
  const stored = fieldType(field.type)?.input(field).parse(value);
  return `${literal(String(stored))}::${type.replace(/ COLLATE.*/, '')}`;
}

const columnSql = (field: FieldDef): string => {
  const { type, check } = specOf(field);
  const fallback = staticDefault(field);
  return [
    ident(field.name),
    type,
    field.required === true ? 'NOT NULL' : '',
    fallback === undefined ? '' : `DEFAULT ${fallback}`,
    check === undefined ? '' : `CONSTRAINT ${checkName(field)} CHECK (${check(ident(field.name))})`,
  ]
    .filter((part) => part !== '')
    .join(' ');
};

const foreignKey = (name: string, field: FieldDef): readonly string[] => {
  if (isMany(field)) return createJunction(name, field);
  const { references } = specOf(field);
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
    '"id" uuid PRIMARY KEY',
    '"created" timestamptz(3) NOT NULL DEFAULT now()',
    '"updated" timestamptz(3) NOT NULL DEFAULT now()',
    '"version" bigint NOT NULL DEFAULT 1',
    ...(def.kind === 'auth' ? accountColumns : []),
    ...def.fields.filter((field) => !isMany(field)).map(columnSql),
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
    ...def.fields.flatMap((field) => foreignKey(def.name, field)),
  ];
}

export const dropTable = (def: Stored): readonly string[] => [
  ...def.fields.filter(isMany).map(dropJunction),
  `DROP TABLE ${table(def.name)}`,
];
const dropJunction = (field: FieldDef): string => `DROP TABLE ${junctionTable(field.id ?? '')}`;
export const renameTable = (from: string, to: string): readonly string[] => [`ALTER TABLE ${table(from)} RENAME TO ${ident(to)}`];
export const renameColumn = (name: string, from: string, to: string): string =>
  `ALTER TABLE ${table(name)} RENAME COLUMN ${ident(from)} TO ${ident(to)}`;
export const dropColumn = (name: string, field: FieldDef): string =>
  isMany(field) ? dropJunction(field) : `ALTER TABLE ${table(name)} DROP COLUMN ${ident(field.name)}`;

export const addColumn = (name: string, field: FieldDef): readonly string[] => [
  ...(isMany(field) ? [] : [`ALTER TABLE ${table(name)} ADD COLUMN ${columnSql(field)}`]),
  ...foreignKey(name, field),
];

export const createIndex = (of: Stored, index: IndexDef): string =>
  `CREATE ${index.unique === true ? 'UNIQUE ' : ''}INDEX ${indexName(of, index)} ON ${table(of.name)} (${index.fields.map((name) => `${ident(name.replace(/^-/, ''))}${name.startsWith('-') ? ' DESC' : ''}`).join(', ')})`;
export const dropIndex = (of: Stored, index: IndexDef): string => `DROP INDEX IF EXISTS public.${ident(indexName(of, index))}`;

/** What changes between two definitions of one column; renamed already. */
export function alterColumn(name: string, was: FieldDef, field: FieldDef): readonly string[] {
  if (isMany(field)) {
    if (was['onDelete'] === field['onDelete']) return [];
    const drop = `ALTER TABLE ${junctionTable(field.id ?? '')} DROP CONSTRAINT ${foreignKeyName(was)}_target`;
    return [drop, ...junctionTarget(field, field['onDelete'] === 'set null' ? 'CASCADE' : 'RESTRICT')];
  }
  const before = specOf(was);
  const after = specOf(field);
  const column = ident(field.name);
  const alter = (change: string): string => `ALTER TABLE ${table(name)} ${change}`;
  const sql: string[] = [];
  const checkBefore = before.check?.(column);
  const checkAfter = after.check?.(column);
  if (checkBefore !== checkAfter) {
    if (checkBefore !== undefined) sql.push(alter(`DROP CONSTRAINT IF EXISTS ${checkName(was)}`));
    if (checkAfter !== undefined) sql.push(alter(`ADD CONSTRAINT ${checkName(field)} CHECK (${checkAfter})`));
  }
  if (before.references?.onDelete !== after.references?.onDelete) {
    sql.push(alter(`DROP CONSTRAINT IF EXISTS ${foreignKeyName(was)}`), ...foreignKey(name, field).slice(0, 1));
  }
  if ((was.required ?? false) !== (field.required ?? false))
    sql.push(alter(`ALTER COLUMN ${column} ${field.required === true ? 'SET' : 'DROP'} NOT NULL`));
  const fallback = staticDefault(field);
  if (staticDefault(was) !== fallback)
    sql.push(alter(`ALTER COLUMN ${column} ${fallback === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${fallback}`}`));
  return sql;
}

export const countRows = (name: string): string => `SELECT count(*) AS count FROM ${table(name)}`;
export const countValues = (name: string, field: FieldDef): string =>
  isMany(field)
    ? `SELECT count(*) AS count FROM ${junctionTable(field.id ?? '')}`
    : `SELECT count(${ident(field.name)}) AS count FROM ${table(name)}`;

/** How many rows a changed field would refuse; undefined where it refuses nothing that the old one took. */
export function countViolations(name: string, was: FieldDef, field: FieldDef): string | undefined {
  if (isMany(field)) return undefined;
  const column = ident(was.name);
  const check = specOf(field).check?.(column);
  const problems = [
    ...(field.required === true && was.required !== true ? [`${column} IS NULL`] : []),
    ...(check !== undefined && check !== specOf(was).check?.(column) ? [`NOT (${check})`] : []),
  ];
  return problems.length === 0 ? undefined : `SELECT count(*) AS count FROM ${table(name)} WHERE ${problems.join(' OR ')}`;
}
