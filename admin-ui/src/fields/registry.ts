/** The field types that have an editor, a cell and a filter of their own. Everything else falls back to JSON. */
import type { FieldDef } from '@underpin/sdk/wire';
import { BoolCell, DateCell, HtmlCell, JsonCell, NumberCell, PlaceCell, RelationCell, SelectCell, TextCell, UrlCell } from './cells.tsx';
import { BoolEditor, DateEditor, DayEditor, SelectEditor } from './ChoiceEditors.tsx';
import { FileCell } from './file/FileCell.tsx';
import { FileEditor } from './file/FileEditor.tsx';
import { GeoEditor } from './GeoEditor.tsx';
import { EQUALITY, ORDERED, quoted, TEXTUAL, type FieldKind } from './kind.ts';
import { RelationEditor } from './RelationEditor.tsx';
import { DecimalEditor, EmailEditor, JsonEditor, NumberEditor, RichTextEditor, TextEditor, UrlEditor } from './TextEditors.tsx';

const text: FieldKind = {
  Editor: TextEditor,
  Cell: TextCell,
  operators: TEXTUAL,
  literal: quoted,
  example: (field) => (typeof field.default === 'string' ? field.default : `Some ${field.name}`),
};

const fallback: FieldKind = {
  Editor: JsonEditor,
  Cell: JsonCell,
  operators: ['empty', 'present'],
  literal: (value) => JSON.stringify(value ?? null),
  example: () => null,
};

const choices = (field: FieldDef): readonly string[] => (Array.isArray(field.values) ? field.values.map(String) : []);

const kinds: Readonly<Record<string, FieldKind>> = {
  text,
  id: { ...text, operators: EQUALITY },
  richtext: { ...text, Editor: RichTextEditor, Cell: HtmlCell, example: (field) => `<p>Some ${field.name}</p>` },
  email: { ...text, Editor: EmailEditor, example: () => 'ann@example.com' },
  url: { ...text, Editor: UrlEditor, Cell: UrlCell, example: () => 'https://example.com/' },
  number: {
    Editor: NumberEditor,
    Cell: NumberCell,
    align: 'right',
    operators: ORDERED,
    literal: (value) => String(value ?? 0),
    example: (field) => (typeof field.default === 'number' ? field.default : typeof field['min'] === 'number' ? field['min'] : 1),
  },
  decimal: {
    Editor: DecimalEditor,
    Cell: NumberCell,
    align: 'right',
    operators: ORDERED,
    literal: (value) => String(value ?? 0),
    example: () => '9.90',
  },
  bool: {
    Editor: BoolEditor,
    Cell: BoolCell,
    operators: EQUALITY,
    literal: (value) => String(value === true),
    example: (field) => field.default ?? true,
  },
  date: {
    Editor: DateEditor,
    Cell: DateCell,
    operators: ORDERED,
    literal: (value) => `timestamp(${quoted(value)})`,
    example: () => '2026-01-31T12:00:00.000Z',
  },
  day: {
    Editor: DayEditor,
    Cell: TextCell,
    operators: ORDERED,
    literal: (value) => `day(${quoted(value)})`,
    example: () => '2026-01-31',
  },
  select: {
    Editor: SelectEditor,
    Cell: SelectCell,
    operators: EQUALITY,
    literal: quoted,
    example: (field) => field.default ?? choices(field)[0] ?? null,
  },
  relation: {
    Editor: RelationEditor,
    Cell: RelationCell,
    operators: EQUALITY,
    literal: quoted,
    example: (field) => (field.many === true ? [] : `ID_OF_${(field.to ?? 'record').toUpperCase()}`),
  },
  geo: { ...fallback, Editor: GeoEditor, Cell: PlaceCell, example: () => ({ lat: 52.52, lon: 13.4 }) },
  file: {
    ...fallback,
    Editor: FileEditor,
    Cell: FileCell,
    example: (field) => (field.many === true ? [] : 'ID_OF_AN_UPLOADED_FILE'),
  },
  json: { ...fallback, example: () => ({ any: 'value' }) },
};

/** A computed value looks, sorts and filters like a value of the type that its expression returns. */
const resultType = (field: FieldDef): string => {
  const returns = typeof field['returns'] === 'string' ? field['returns'] : 'text';
  return returns === 'int' ? 'number' : returns;
};

export const kindOf = (field: FieldDef): FieldKind => {
  const type = isComputed(field) ? resultType(field) : field.type;
  return Object.hasOwn(kinds, type) ? (kinds[type] ?? fallback) : fallback;
};
export const isComputed = (field: FieldDef): boolean => field.type === 'computed';
