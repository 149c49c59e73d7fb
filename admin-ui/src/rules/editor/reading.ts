/**
 * A rule as far as it is typed: tokens before the cursor, and what the names there stand for. Lenient where the parser is not,
 * because half a rule is no rule.
 */
import { authParts, requestParts } from '@underpin/sdk/expr/names';
import type { Vocabulary } from '@underpin/sdk/expr/findings';
import type { Ty } from '@underpin/sdk/expr/model';

export interface Piece {
  readonly kind: 'name' | 'string' | 'other';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A string that has not ended. */
  readonly open: boolean;
}
/** What a name stands for. */
export type Meaning =
  | { readonly kind: 'row'; readonly collection: string }
  | { readonly kind: 'many'; readonly to: string }
  | { readonly kind: 'value'; readonly ty: Ty }
  | { readonly kind: 'words'; readonly of: 'auth' | 'request' | 'collections' | 'changed' };
export interface Reading {
  readonly pieces: readonly Piece[];
  /** The variables of the quantifiers that the cursor stands in. */
  readonly variables: ReadonlyMap<string, Meaning>;
}

const PIECE = /([A-Za-z_]\w*)|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|\$\w*|\d[\w.]*|==|!=|<=|>=|&&|\|\||\S/g;
const QUANTIFIERS = new Set(['exists', 'all', 'exists_one']);

export const piecesOf = (text: string): readonly Piece[] =>
  [...text.matchAll(PIECE)].map((match) => {
    const [whole, name, string] = match;
    const closed = string !== undefined && string.length > 1 && string.endsWith(string.charAt(0)) && !/(^|[^\\])(\\\\)*\\.$/.test(string);
    const kind = name !== undefined ? 'name' : string !== undefined ? 'string' : 'other';
    return { kind, text: whole, start: match.index, end: match.index + whole.length, open: string !== undefined && !closed };
  });

export const readTo = (text: string, vocabulary: Vocabulary): Reading => {
  const pieces = piecesOf(text);
  const frames: { variable?: readonly [string, Meaning] }[] = [];
  const variables = (): Map<string, Meaning> => new Map(frames.flatMap(({ variable }) => (variable ? [variable] : [])));
  pieces.forEach((piece, at) => {
    if (piece.text === ')') frames.pop();
    if (piece.text !== '(') return;
    const called = pieces[at - 1];
    const item = pieces[at + 1];
    const isBound = called !== undefined && QUANTIFIERS.has(called.text) && item?.kind === 'name' && pieces[at + 2]?.text === ',';
    const over = isBound ? meaningBefore(pieces, at - 2, vocabulary, variables()) : undefined;
    const means: Meaning | undefined =
      over?.kind === 'many'
        ? { kind: 'row', collection: over.to }
        : over?.kind === 'value' && over.ty.kind === 'list'
          ? { kind: 'value', ty: over.ty.of }
          : undefined;
    frames.push(item && means ? { variable: [item.text, means] } : {});
  });
  return { pieces, variables: variables() };
};

/** What stands before the piece at `dot` (`a.b` before the second dot of `a.b.`), if it can be told. */
export const meaningBefore = (
  pieces: readonly Piece[],
  dot: number,
  vocabulary: Vocabulary,
  variables: ReadonlyMap<string, Meaning>,
): Meaning | undefined => {
  const last = pieces[dot - 1];
  if (last?.text === ')') return ofCall(pieces, dot - 1);
  if (last?.kind !== 'name') return undefined;
  if (pieces[dot - 2]?.text !== '.') return ofName(last.text, vocabulary, variables);
  const before = meaningBefore(pieces, dot - 2, vocabulary, variables);
  return before && ofPart(before, last.text, vocabulary);
};

/** Calls are told by their name alone: what comes after them is text or a number. */
const ofCall = (pieces: readonly Piece[], close: number): Meaning | undefined => {
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (pieces[at]?.text === ')') depth += 1;
    if (pieces[at]?.text === '(') depth -= 1;
    if (depth > 0) continue;
    const name = pieces[at - 1]?.text;
    return name === 'lowerAscii'
      ? { kind: 'value', ty: { kind: 'text' } }
      : name === 'size'
        ? { kind: 'value', ty: { kind: 'int' } }
        : undefined;
  }
  return undefined;
};

const ofName = (name: string, vocabulary: Vocabulary, variables: ReadonlyMap<string, Meaning>): Meaning | undefined => {
  const variable = variables.get(name);
  if (variable) return variable;
  if (name === 'record' || name === 'next') return { kind: 'row', collection: vocabulary.collection };
  if (name === 'auth' || name === 'request' || name === 'collections' || name === 'changed') return { kind: 'words', of: name };
  if (name === 'now') return { kind: 'value', ty: { kind: 'time' } };
  return ofField(vocabulary, vocabulary.collection, name);
};

const ofPart = (before: Meaning, name: string, vocabulary: Vocabulary): Meaning | undefined => {
  if (before.kind === 'row') return ofField(vocabulary, before.collection, name);
  if (before.kind === 'many') return undefined;
  if (before.kind === 'value') {
    const { ty } = before;
    return ty.kind === 'id' && ty.of !== undefined ? ofField(vocabulary, ty.of, name) : undefined;
  }
  if (before.of === 'collections') return vocabulary.schema.collection(name) ? { kind: 'many', to: name } : undefined;
  if (before.of === 'changed') return { kind: 'value', ty: { kind: 'bool' } };
  const ty = before.of === 'request' ? requestParts.get(name) : (authParts.get(name) ?? vocabulary.auth.get(name));
  return ty && { kind: 'value', ty };
};

const ofField = (vocabulary: Vocabulary, collection: string, name: string): Meaning | undefined => {
  const field = vocabulary.schema.collection(collection)?.fields.get(name);
  if (!field) return undefined;
  return field.many ? { kind: 'many', to: field.many.to } : { kind: 'value', ty: field.ty };
};
