/** What the dashboard knows about one field type. A type without an entry in the registry is shown and edited as JSON. */
import type { ComponentType } from 'react';
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';

export interface EditorProps {
  readonly label: string;
  readonly field: FieldDef;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly onBlur?: () => void;
  /** Says that what stands in the input is no value (null: it is one again); the form then refuses to save. */
  readonly onProblem: (message: string | null) => void;
  readonly error?: string | undefined;
  readonly helper?: string | undefined;
  readonly required?: boolean;
  readonly disabled?: boolean;
}

export interface CellProps {
  readonly value: unknown;
  readonly field: FieldDef;
  readonly record: Readonly<Record<string, unknown>>;
  /** The collection that a relation points to. */
  readonly target: CollectionInfo | undefined;
}

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'startsWith' | 'empty' | 'present';
export const EQUALITY: readonly Operator[] = ['==', '!=', 'empty', 'present'];
export const TEXTUAL: readonly Operator[] = ['contains', '==', '!=', 'startsWith', 'empty', 'present'];
export const ORDERED: readonly Operator[] = ['==', '!=', '<', '<=', '>', '>=', 'empty', 'present'];

export interface FieldKind {
  readonly Editor: ComponentType<EditorProps>;
  readonly Cell: ComponentType<CellProps>;
  readonly align?: 'right';
  readonly operators: readonly Operator[];
  /** The value of an editor as the rule language writes it. */
  readonly literal: (value: unknown) => string;
  /** A value that the server would take, for examples; null where none can be made up. */
  readonly example: (field: FieldDef) => unknown;
}

/** Lists of more than a hundred records are answered as null, and named in `_more`. */
export const isTooLong = (record: Readonly<Record<string, unknown>> | undefined, field: FieldDef): boolean =>
  Array.isArray(record?.['_more']) && record['_more'].includes(field.name);

export const quoted = (value: unknown): string => JSON.stringify(String(value ?? ''));
