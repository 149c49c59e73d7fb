/** Searches: words that are asked for, how they are spelled, and what of them stands in a text. */
import type { Stored } from '@underpin/sdk/expr/findings';
import { ident } from '../../src/kit/sql.ts';
import type { Collection, Field } from '../../src/schema/collection.ts';
import type { TestApp } from '../support/app.ts';
import type { Judge } from './judge.ts';
import type { Random } from './random.ts';
import { words } from './values.ts';

/** Any of these: all of those words, or words in a row, and none of those. */
export interface Search {
  readonly any: readonly { readonly all: readonly (readonly string[])[]; readonly none: readonly string[] }[];
  readonly highlight: boolean;
}
export const printSearch = ({ any }: Search): string =>
  any
    .map(({ all, none }) =>
      [...all.map((row) => (row.length > 1 ? `"${row.join(' ')}"` : row[0])), ...none.map((word) => `-${word}`)].join(' '),
    )
    .join(' or ');

export function randomSearch(random: Random): Search {
  const word = (): string => random.pick(words);
  const plain = (...all: string[][]) => ({ all, none: [] });
  const any = random.branch<Search['any']>([
    [4, () => [plain([word()])]],
    [1, () => [plain([word().toUpperCase()])]],
    [1, () => [plain([word()], [word()])]],
    [2, () => [plain([word()]), plain([word()])]],
    [2, () => [plain([word(), word()])]],
    [1, () => [{ all: [[word()]], none: [word()] }]],
    [1, () => [{ all: [], none: [word()] }]],
    // No word of the suite, but like one.
    [2, () => [plain([random.pick(['hazle', 'ceder', 'brich', 'willw'])])]],
  ]);
  return { any, highlight: random.chance(0.7) };
}

/** The fields that he may search: those that he reads in every record. In the order of their ids, as the words of all stand in one row. */
export const searchedBy = (judge: Judge, collection: Collection): readonly Field[] =>
  searchable(collection).filter((field) => {
    const { never, parts } = judge.mask(collection, field);
    return !never && parts.length === 0;
  });
export const searchable = ({ fields }: Collection): readonly Field[] =>
  fields.filter(({ def }) => def.searchable !== undefined).sort((a, b) => (String(a.def.id) < String(b.def.id) ? -1 : 1));

const wordsIn = (text: string): readonly string[] => text.toLowerCase().match(/[a-z]+/g) ?? [];
const textIn = (row: Stored, { name }: Field): string => String(row[name] ?? '');

export function isFound({ any }: Search, row: Stored, fields: readonly Field[]): boolean {
  const found = ` ${fields.flatMap((field) => wordsIn(textIn(row, field))).join(' ')} `;
  const has = (asked: readonly string[]): boolean => found.includes(` ${asked.join(' ').toLowerCase()} `);
  return any.some(({ all, none }) => all.every(has) && !none.some((word) => has([word])));
}

/** What is alike is looked for where no word is left out and none must stand beside another. */
export const isForgiving = ({ any }: Search): boolean =>
  any.every(({ all, none }) => none.length === 0 && all.every((row) => row.length === 1));

/** How well each row matches and how alike it is, as Postgres says of these fields and no others. */
export interface Scores {
  readonly rank: ReadonlyMap<string, number>;
  readonly alike: ReadonlyMap<string, number>;
}
export async function scoresOf(up: TestApp, { table }: Collection, fields: readonly Field[], search: Search): Promise<Scores> {
  const vector = fields.map(
    ({ name, def }) => `setweight(to_tsvector('simple', coalesce(${ident(name)}, '')), '${String(def.searchable)}')`,
  );
  const alike = fields.map(({ name }) => `underpin.strict_word_similarity($1, coalesce(${ident(name)}, ''))`);
  const rank = `ts_rank_cd(${vector.join(' || ')}, websearch_to_tsquery('simple', $1))`;
  const rows = await up.sql(
    `SELECT "id"::text AS id, (${rank})::float8 AS rank, greatest(${alike.join(', ')})::float8 AS alike FROM ${table}`,
    [printSearch(search)],
  );
  const column = (name: string): ReadonlyMap<string, number> => new Map(rows.map((row) => [String(row['id']), Number(row[name])]));
  return { rank: column('rank'), alike: column('alike') };
}

const escaped: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const asHtml = (text: string): string => text.replace(/[&<>"]/g, (sign) => escaped[sign] ?? sign);

/** Each field in which a word stands that was asked for, with every such word marked. */
export function highlights({ any }: Search, row: Stored, fields: readonly Field[]): Readonly<Record<string, string>> {
  const wanted = new Set(any.flatMap(({ all }) => all.flat()).map((word) => word.toLowerCase()));
  return Object.fromEntries(
    fields.flatMap((field) => {
      const text = textIn(row, field);
      const marked = asHtml(text).replace(/[A-Za-z]+/g, (word) => (wanted.has(word.toLowerCase()) ? `<mark>${word}</mark>` : word));
      return wordsIn(text).some((word) => wanted.has(word)) ? [[field.name, marked]] : [];
    }),
  );
}
