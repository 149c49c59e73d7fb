/** What may come next in a rule: fields, ways through relations, parts of the caller, functions, and the values of a choice. */
import { functions } from '@underpin/sdk/expr/calls';
import type { Vocabulary } from '@underpin/sdk/expr/findings';
import type { CollectionModel, Scope, Ty } from '@underpin/sdk/expr/model';
import { authParts, names, requestParts } from '@underpin/sdk/expr/names';
import { typeName } from '@underpin/sdk/expr/values';
import { meaningBefore, readTo, type Meaning, type Reading } from './reading.ts';

export interface Choice {
  readonly label: string;
  readonly kind: 'field' | 'word' | 'function' | 'method' | 'value' | 'variable';
  /** Its type, or how it is called. */
  readonly detail: string;
  /** What is put in, where it is more than the label; `${}` is where the cursor goes. */
  readonly insert?: string;
  /** Stands before the others. */
  readonly first?: boolean;
}
export interface Choices {
  readonly from: number;
  readonly choices: readonly Choice[];
}

/** The name at a place and its type, for who points at it. */
export const describe = (text: string, at: number, vocabulary: Vocabulary): { start: number; end: number; type: string } | null => {
  const { pieces } = readTo(text, vocabulary);
  const index = pieces.findIndex(({ kind, start, end }) => kind === 'name' && start <= at && at <= end);
  const piece = pieces[index];
  if (!piece) return null;
  const { variables } = readTo(text.slice(0, piece.end), vocabulary);
  const means = meaningBefore(pieces, index + 1, vocabulary, variables);
  const ty: Ty | undefined =
    means?.kind === 'value'
      ? means.ty
      : means?.kind === 'many'
        ? { kind: 'list', of: { kind: 'id', of: means.to } }
        : means?.kind === 'row'
          ? { kind: 'id', of: means.collection }
          : undefined;
  if (!ty) return null;
  const values = ty.kind === 'text' && ty.values ? `: ${ty.values.join(', ')}` : '';
  return { start: piece.start, end: piece.end, type: `${typeText(ty)}${values}` };
};

export const complete = (text: string, at: number, vocabulary: Vocabulary, scope: Scope): Choices | null => {
  const reading = readTo(text.slice(0, at), vocabulary);
  const { pieces } = reading;
  const last = pieces.at(-1);
  if (last?.open) return { from: last.start + 1, choices: valuesOf(comparedWith(reading, pieces.length - 1, vocabulary)).map(bare) };
  if (last?.kind === 'string' && last.end === at) return null;
  const isTyping = last?.kind === 'name' && last.end === at;
  const before = isTyping ? pieces.length - 1 : pieces.length;
  const from = isTyping ? last.start : at;
  if (pieces[before - 1]?.text === '.') {
    const of = meaningBefore(pieces, before - 1, vocabulary, reading.variables);
    return of ? { from, choices: partsOf(of, vocabulary) } : null;
  }
  const compared = comparedWith(reading, before, vocabulary);
  return { from, choices: [...valuesOf(compared), ...callerOf(compared), ...startsOf(vocabulary, scope, reading)] };
};

/** A type as one speaks of it; ids are records here. */
const typeText = (ty: Ty): string => {
  if (ty.kind === 'id' && ty.of !== undefined) return `a record of ${ty.of}`;
  if (ty.kind === 'list' && ty.of.kind === 'id' && ty.of.of !== undefined) return `records of ${ty.of.of}`;
  return typeName(ty);
};

const bare = (choice: Choice): Choice => ({ ...choice, label: String(JSON.parse(choice.label)) });

/** The type of what stands left of the comparison or the list in which the piece at `index` stands. */
const comparedWith = ({ pieces, variables }: Reading, index: number, vocabulary: Vocabulary): Ty | undefined => {
  let sign = index - 1;
  if (pieces[sign]?.text === ',' || pieces[sign]?.text === '[') {
    while (sign > 0 && pieces[sign]?.text !== '[') sign -= 1;
    sign -= 1;
  }
  if (!['==', '=', '!=', 'in'].includes(pieces[sign]?.text ?? '')) return undefined;
  const end = pieces[sign - 1]?.text === 'not' ? sign - 1 : sign;
  const left = meaningBefore(pieces, end, vocabulary, variables);
  return left?.kind === 'value' ? left.ty : undefined;
};

const valuesOf = (ty: Ty | undefined): Choice[] =>
  (ty?.kind === 'text' ? (ty.values ?? []) : []).map((value) => ({
    label: JSON.stringify(value),
    kind: 'value',
    detail: '',
    first: true,
  }));

/** An id is most often compared with the caller's. */
const callerOf = (ty: Ty | undefined): Choice[] =>
  ty?.kind === 'id' ? [{ label: 'auth.id', kind: 'word', detail: 'id', first: true }] : [];

const fieldsOf = (model: CollectionModel | undefined): Choice[] =>
  [...(model?.fields.values() ?? [])].map(({ name, ty }) => ({ label: name, kind: 'field', detail: typeText(ty) }));

const METHODS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  text: [
    ['startsWith', 'startsWith("${}")'],
    ['endsWith', 'endsWith("${}")'],
    ['contains', 'contains("${}")'],
    ['lowerAscii', 'lowerAscii()'],
    ['size', 'size()'],
  ],
  list: [
    ['exists', 'exists(${x}, ${})'],
    ['all', 'all(${x}, ${})'],
    ['exists_one', 'exists_one(${x}, ${})'],
    ['size', 'size()'],
  ],
};
const methodsOf = (kind: 'text' | 'list'): Choice[] =>
  (METHODS[kind] ?? []).map(([label, insert]) => ({ label, kind: 'method', detail: '()', insert }));

const parts = (known: Iterable<readonly [string, Ty]>): Choice[] =>
  [...known].map(([label, ty]) => ({ label, kind: 'word', detail: typeText(ty), ...(label === 'id' ? { first: true } : {}) }));

const partsOf = (of: Meaning, vocabulary: Vocabulary): Choice[] => {
  const fields = (name: string): Choice[] => fieldsOf(vocabulary.schema.collection(name));
  if (of.kind === 'row') return fields(of.collection);
  if (of.kind === 'many') return methodsOf('list');
  if (of.kind === 'value') {
    if (of.ty.kind === 'id') return of.ty.of === undefined ? [] : fields(of.ty.of);
    return of.ty.kind === 'text' || of.ty.kind === 'list' ? methodsOf(of.ty.kind) : [];
  }
  if (of.of === 'auth') return parts([...authParts, ...[...vocabulary.auth].filter(([name]) => !authParts.has(name))]);
  if (of.of === 'request') return parts(requestParts);
  if (of.of === 'changed') return fields(vocabulary.collection).map((field) => ({ ...field, detail: 'bool' }));
  return vocabulary.schema
    .names()
    .map((label) => ({ label, kind: 'word', detail: typeText({ kind: 'list', of: { kind: 'id', of: label } }) }));
};

/** Where an expression begins: variables, fields, the words of the scope, functions. */
const startsOf = (vocabulary: Vocabulary, scope: Scope, { variables }: Reading): Choice[] => [
  ...[...variables.keys()].map((label): Choice => ({ label, kind: 'variable', detail: '', first: true })),
  ...fieldsOf(vocabulary.schema.collection(vocabulary.collection)),
  ...[...names].flatMap(([label, isIn]): Choice[] => (isIn(scope) ? [{ label, kind: 'word', detail: '' }] : [])),
  ...['true', 'false', 'null'].map((label): Choice => ({ label, kind: 'value', detail: '' })),
  ...functions.map((label): Choice => ({ label, kind: 'function', detail: '()', insert: `${label}(\${})` })),
];
