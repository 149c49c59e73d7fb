/** A query once its types have done their work: as parameters of a URL, or as a body. */
import { refuseUndefined } from './filter.ts';
import type { Filter, ParamValue } from './filter.ts';

export interface PlainCondition {
  readonly where?: unknown;
  readonly filter?: Filter | string;
  readonly params?: Readonly<Record<string, ParamValue>>;
}
export interface PlainQuery extends PlainCondition {
  readonly sort?: readonly string[];
  readonly fields?: readonly string[] | undefined;
  readonly expand?: object | undefined;
  readonly search?: string;
  readonly highlight?: boolean | undefined;
  readonly can?: readonly string[] | undefined;
  readonly limit?: number;
  readonly cursor?: string;
  readonly page?: number;
  readonly count?: string | number;
}
type TextCondition = Omit<PlainCondition, 'filter'> & { readonly filter?: string };

/** The query with its filter as text; throws where a value is missing that the caller meant to give. */
export function withText<Q extends PlainCondition>(query: Q): Omit<Q, 'filter'> & TextCondition {
  const { filter, ...rest } = query;
  if (query.where !== undefined) refuseUndefined(query.where, 'where');
  const params = typeof filter === 'object' ? { ...query.params, ...filter.params } : query.params;
  refuseUndefined(Object.values(params ?? {}), 'params');
  const text = typeof filter === 'object' ? filter.text : filter;
  return { ...rest, ...(text !== undefined && { filter: text }), ...(params && { params }) };
}

/** The query as parameters of a URL; undefined if it says what only a body can: `where`, and lists or null as parameters. */
export function toSearch({ where, params, expand, highlight, ...plain }: PlainQuery & TextCondition): URLSearchParams | undefined {
  const values = Object.entries(params ?? {});
  const isPlain = values.every(([, value]) => value !== null && (typeof value !== 'object' || value instanceof Date));
  if (where !== undefined || !isPlain) return undefined;
  const search = toSelection({ fields: plain.fields, expand });
  if (highlight) search.set('highlight', '1');
  for (const [name, value] of Object.entries({ ...plain, fields: undefined })) if (value !== undefined) search.set(name, String(value));
  for (const [name, value] of values) search.set(`p.${name}`, value instanceof Date ? value.toISOString() : String(value));
  return search;
}

/** The parameters of an export; a stream is a GET, so all of it must fit into a URL. */
export function toExport(query: PlainQuery & { readonly format: string }): URLSearchParams {
  const search = toSearch(withText(query));
  if (!search) throw new TypeError('export() takes what a URL can say: filter instead of where, and no lists or null as parameters');
  return search;
}

/** A condition that is there: one that is missing, or empty because nothing was put into it, must not become "all". */
export function toCondition(condition: PlainCondition): object {
  const { where, filter, params } = withText(condition);
  const isEmpty = where === undefined || (typeof where === 'object' && where !== null && Object.keys(where).length === 0);
  if (isEmpty && !filter) throw new TypeError('A condition is missing; filter: "true" means all');
  return { where, filter, params };
}

export function toSelection({ fields, expand, can }: Pick<PlainQuery, 'fields' | 'expand' | 'can'>): URLSearchParams {
  const search = new URLSearchParams({ ...(fields && { fields: fields.join() }), ...(can && { can: can.join() }) });
  const paths = expand ? addExpand(search, expand, '') : [];
  if (paths.length > 0) search.set('expand', paths.join());
  return search;
}

/** `expand=author,author.team&expand.author.fields=name` */
function addExpand(search: URLSearchParams, expand: object, prefix: string): string[] {
  return Object.entries(expand).flatMap(([name, part]: [string, unknown]) => {
    if (part === undefined) return [];
    const path = `${prefix}${name}`;
    if (typeof part !== 'object' || part === null) return [path];
    const inner: string[] = [];
    // cast: Object.entries gives any for what is of no known type; nothing is presumed of it.
    for (const [setting, value] of Object.entries(part) as [string, unknown][]) {
      if (setting === 'expand' && typeof value === 'object' && value !== null) inner.push(...addExpand(search, value, `${path}.`));
      else if (setting === 'where') throw new TypeError(`expand.${path}.where needs list(); here it is expand.${path}.filter, as text`);
      else if (value !== undefined) search.set(`expand.${path}.${setting}`, String(value));
    }
    return [path, ...inner];
  });
}
