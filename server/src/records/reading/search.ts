/**
 * A search as SQL: which rows match, how well, and where the words stand.
 *
 * Worry: what is found tells of what it was found in, and a highlight shows it. Decision: the fields are those that the policy
 * gives this caller, asked while the plan is written, as for everything that a plan shows. Where they are all that is
 * searchable, the expression is the index's own; else it is another, and the rows are looked through.
 */
import { literal, ident } from '../../kit/sql.ts';
import { limits } from '../../kit/limits.ts';
import type { ParamList } from '../../expr/params.ts';
import type { Collection } from '../../schema/collection.ts';
import { markBegin as begin, markEnd as end, plainSigns, searchedText, vectorSql } from '../../schema/search.ts';
import type { Texts } from '../../db/connect.ts';
import type { Caller } from '../policy.ts';
import { searchedFields, type Search } from '../parse/search.ts';
import type { Selecting, Writer } from './select.ts';

/** Where the text stands among what a list's statement is sent. */
export const searchAt = 1;
/** How well a row matches, in a statement that has the join of `matchSql`. */
export const rankSql = 'searched.rank';

/** The condition on a row `r`, and the join that gives its rank. Behind an OFFSET it is worked out once, for rows that match. */
export function matchSql(
  caller: Caller,
  collection: Collection,
  params: ParamList,
  { near }: Search,
): { readonly match: string; readonly join: string } {
  const fields = searchedFields(caller, collection);
  const ranked = (rank: string): string => ` CROSS JOIN LATERAL (SELECT (${rank})::float8 AS rank OFFSET 0) searched`;
  if (fields.length === 0) return { match: 'FALSE', join: ranked('0') };
  if (near !== undefined) {
    const text = params.sent(searchAt, 'text');
    const alike = fields.map(
      (field) =>
        `${ident(near)}.strict_word_similarity(${text}, left(${searchedText(field, fields.length, 'r.')}, ${limits.search.compared}))`,
    );
    return { match: `${rankSql} >= ${params.add(limits.search.alike, 'float8')}`, join: ranked(`greatest(${alike.join(', ')})`) };
  }
  const words = wordsSql(params);
  const vector = vectorSql(fields, 'r.');
  return { match: `(${vector}) @@ ${words}`, join: ranked(`ts_rank_cd(${vector}, ${words})`) };
}

const wordsSql = (params: ParamList): string => `websearch_to_tsquery('simple'::regconfig, ${plainSigns(params.sent(searchAt, 'text'))})`;

const headline = literal(
  `StartSel=${begin}, StopSel=${end}, MaxFragments=2, MaxWords=24, MinWords=8, ShortWord=0, FragmentDelimiter=" … "`,
);

/** Adds `_rank` and `_highlight` to the record that `write` writes. `rank`: where the rank stands. */
export function withFound(
  { caller, params, columns }: Selecting,
  collection: Collection,
  { highlight, near }: Search,
  rank: string,
  write: Writer,
): Writer {
  columns.heavy = true;
  const at = columns.add(rank);
  const fields = searchedFields(caller, collection);
  // What is only alike has no word that could be marked.
  const marked = highlight && near === undefined ? fields : [];
  const words = marked.length === 0 ? '' : wordsSql(params);
  const shown = marked.map((field) => {
    const text = searchedText(field, fields.length, 'r.');
    return {
      name: JSON.stringify(field.name),
      isHtml: field.type === 'richtext',
      at: columns.add(`ts_headline('simple'::regconfig, ${text}, ${words}, ${headline})`),
    };
  });
  return (row, lists) => {
    const parts = shown.flatMap(({ name, isHtml, at: place }) => {
      const text = row[place] ?? '';
      return text.includes(begin) ? [`${name}:${JSON.stringify(marks(isHtml ? unescaped(text) : text))}`] : [];
    });
    const found = `,"_rank":${rankOf(row, at)}${highlight ? `,"_highlight":{${parts.join()}}` : ''}`;
    return `${write(row, lists).slice(0, -1)}${found}}`;
  };
}

const rankOf = (row: Texts, at: number): string => row[at] ?? '0';

/** Text as HTML with marks alone. */
const marks = (text: string): string =>
  text
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(begin, '<mark>')
    .replaceAll(end, '</mark>');

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };
/** The text of HTML whose tags are gone, as our own sanitising writes it. */
const unescaped = (html: string): string => html.replace(/&(?:lt|gt|quot|amp);/g, (entity) => entities[entity] ?? entity);
