/** The triggers of a column that names files: it holds what is known of them, and they are counted (migrations/0010_files.sql). */
import type { FieldDef } from '@underpin/sdk/wire';
import { ident, literal } from '../kit/sql.ts';

const triggers = {
  described_new: 'BEFORE INSERT',
  described: 'BEFORE UPDATE',
  used_new: 'AFTER INSERT',
  used: 'AFTER UPDATE',
  unused: 'AFTER DELETE',
  emptied: 'AFTER TRUNCATE',
} as const;
type Kind = keyof typeof triggers;
const kinds: readonly Kind[] = ['described_new', 'described', 'used_new', 'used', 'unused', 'emptied'];

const nameOf = (kind: Kind, field: FieldDef): string => `files_${kind}_${(field.id ?? '').replaceAll('-', '')}`;

/** Rows that leave the column as it is cost nothing. */
function whenOf(kind: Kind, column: string): string {
  if (kind === 'emptied') return 'FOR EACH STATEMENT';
  if (kind === 'described' || kind === 'used')
    return `FOR EACH ROW WHEN (NEW.${column} IS DISTINCT FROM OLD.${column} OR NEW."id" <> OLD."id")`;
  return `FOR EACH ROW WHEN (${kind === 'unused' ? 'OLD' : 'NEW'}.${column} IS NOT NULL)`;
}

export const createFileTriggers = (table: string, field: FieldDef): readonly string[] =>
  kinds.map((kind) => {
    const action = triggers[kind].startsWith('BEFORE') ? 'describe_files' : 'use_files';
    return `CREATE TRIGGER ${nameOf(kind, field)} ${triggers[kind]} ON ${table} ${whenOf(kind, ident(field.name))} EXECUTE FUNCTION underpin.${action}(${literal(field.id ?? '')})`;
  });

export const dropFileTriggers = (table: string, field: FieldDef): readonly string[] =>
  kinds.map((kind) => `DROP TRIGGER IF EXISTS ${nameOf(kind, field)} ON ${table}`);
