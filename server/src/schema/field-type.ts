/**
 * What a field type says: one file in fields/, listed in fields/index.ts. DDL, validation, serializer, language,
 * dashboard and generated types all ask it, and know no type by name.
 */
import type { z } from 'zod';
import type { Ty } from '@underpin/sdk/expr/model';
import type { FieldDef } from '@underpin/sdk/wire';

/** How a column is made. */
export interface ColumnSpec {
  /** The SQL type with collation, as `text COLLATE "C"`. */
  readonly type: string;
  /** A condition on the column, given quoted. */
  readonly check?: (column: string) => string;
  /** The table pointed to, for a foreign key. */
  readonly references?: { readonly collection: string; readonly onDelete: 'RESTRICT' | 'SET NULL' | 'CASCADE' };
  /** What stands for no value, where that is never NULL. */
  readonly empty?: string;
  /** Whether its values name files, which triggers count. */
  readonly holdsFiles?: true;
}

export interface FieldTypeSpec<S> {
  readonly name: string;
  /** Which input the dashboard draws. */
  readonly widget: string;
  readonly group: 'text' | 'number' | 'choice' | 'time' | 'relation' | 'file' | 'structure' | 'computed';
  /** What the rule language may do with it; shown in the editor's completion and the docs. */
  readonly operators: readonly string[];
  readonly about: string;
  readonly settings: z.ZodType<S>;
  /** The type in the language. What it looks like in an answer (json-text.ts) and in generated code follows from it. */
  ty(settings: S): Ty;
  /** Absent where the values live in a table of their own. */
  column(settings: S): ColumnSpec | undefined;
  /** Checks a value from outside and turns it into what is bound; null is handled before. */
  input(settings: S): z.ZodType<unknown>;
  /** What is stored of what was bound, as SQL over it; absent: just that. */
  stored?(settings: S, sql: string): string;
}

/** A field type with its settings' type forgotten: each member takes settings as stored and parses them itself. */
export interface FieldType {
  readonly name: string;
  readonly widget: string;
  readonly group: string;
  readonly operators: readonly string[];
  readonly about: string;
  readonly settings: z.ZodType<unknown>;
  ty(settings: unknown): Ty;
  column(settings: unknown): ColumnSpec | undefined;
  input(settings: unknown): z.ZodType<unknown>;
  stored(settings: unknown, sql: string): string;
}

export function defineField<S>(spec: FieldTypeSpec<S>): FieldType {
  // A definition is never changed, only replaced: what follows from it is worked out once.
  const inputs = new WeakMap<object, z.ZodType<unknown>>();
  const input = (settings: unknown): z.ZodType<unknown> => {
    if (typeof settings !== 'object' || settings === null) return spec.input(spec.settings.parse(settings));
    const known = inputs.get(settings) ?? spec.input(spec.settings.parse(settings));
    inputs.set(settings, known);
    return known;
  };
  return {
    ...spec,
    ty: (settings) => spec.ty(spec.settings.parse(settings)),
    column: (settings) => spec.column(spec.settings.parse(settings)),
    input,
    stored: (settings, sql) => spec.stored?.(spec.settings.parse(settings), sql) ?? sql,
  };
}

/** Whether its values are rows of a table of their own: a list of records. */
export const isJunction = ({ type, many }: FieldDef): boolean => type === 'relation' && many === true;

/** Sets of operators that several types share. */
export const equality = ['==', '!=', 'in'] as const;
export const ordering = [...equality, '<', '<=', '>', '>='] as const;
export const textual = [...ordering, 'startsWith', 'endsWith', 'contains', 'lowerAscii', 'size', '+'] as const;
