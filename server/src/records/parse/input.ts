/** What a caller sends with a request for records, before anything is known of the collection: from a query string or a JSON body. */
import { failAt } from '../../kit/errors.ts';

/** From a query string everything is text. */
export interface Input {
  readonly filter?: unknown;
  readonly where?: unknown;
  readonly params?: unknown;
  readonly sort?: unknown;
  readonly fields?: unknown;
  readonly expand?: unknown;
  /** From a URL: `expand.comments.limit=3` → `comments` → `{ limit: '3' }`. */
  readonly expandOptions?: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly limit?: unknown;
  readonly cursor?: unknown;
  readonly page?: unknown;
  readonly count?: unknown;
  readonly search?: unknown;
  readonly highlight?: unknown;
  readonly can?: unknown;
  /** Of an export. */
  readonly format?: unknown;
  /** Whether parameters are text, to be read as the type they are compared with. */
  readonly text: boolean;
}

/** A request that may have been asked before: its text, if that says all of it, and how to read it. */
export interface Query {
  readonly text?: string;
  read(): Input;
}

const parameters = {
  list: ['filter', 'sort', 'fields', 'expand', 'limit', 'cursor', 'page', 'count', 'search', 'highlight', 'can'],
  shape: ['fields', 'expand', 'can'],
  export: ['filter', 'sort', 'fields', 'expand', 'limit', 'search', 'format'],
  live: ['filter', 'sort', 'fields', 'expand', 'limit'],
  history: ['limit', 'cursor'],
} as const;
const bodyNames = [...parameters.list, 'where', 'params'];
const expandOption = /^expand\.([a-z0-9_.]+)\.(fields|limit|sort|filter)$/;

/** The parameters of a query string. Unknown ones and repeated ones are refused. */
export function inputOfUrl(query: URLSearchParams, of: keyof typeof parameters): Input {
  const known: readonly string[] = parameters[of];
  const takesParams = known.includes('filter');
  const input: Record<string, unknown> = {};
  const params: Record<string, unknown> = Object.create(null);
  const expandOptions = new Map<string, Record<string, string>>();
  const seen = new Set<string>();
  for (const [name, value] of query) {
    if (seen.has(name)) throw failAt('invalid_request', `/${name}`, `"${name}" stands in the query twice`);
    seen.add(name);
    const [, path, option] = expandOption.exec(name) ?? [];
    if (takesParams && /^p\.[A-Za-z_][A-Za-z0-9_]*$/.test(name)) params[name.slice(2)] = value;
    else if (path !== undefined && option !== undefined && known.includes('expand'))
      expandOptions.set(path, { ...expandOptions.get(path), [option]: value });
    else if (known.includes(name)) input[name] = value;
    else throw failAt('invalid_request', `/${name}`, `There is no parameter "${name}"`);
  }
  return { ...input, params, expandOptions, text: true };
}

/** The same from a JSON body. */
export function inputOfBody(body: unknown): Input {
  return { ...membersOf(body, bodyNames), text: false };
}

/** An object with no other members than these. */
export function membersOf(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isObject(body)) throw failAt('invalid_request', '', 'The body must be a JSON object');
  for (const name of Object.keys(body))
    if (!known.includes(name)) throw failAt('invalid_request', `/${name}`, `There is no member "${name}"`);
  return body;
}

/** `a,b,c` or `["a","b","c"]`. */
export function names(asked: unknown, name: string, most: number): readonly string[] {
  const parts = typeof asked === 'string' ? asked.split(',').map((part) => part.trim()) : asked;
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string' && part !== ''))
    throw failAt('invalid_request', `/${name}`, `${name} must list names`);
  if (parts.length > most) throw failAt('limit_exceeded', `/${name}`, `${name} may list at most ${most}`);
  return parts;
}

export function wholeNumber(asked: unknown, name: string, least: number, most: number): number | undefined {
  if (asked === undefined || asked === null) return undefined;
  const value = typeof asked === 'string' && /^\d{1,16}$/.test(asked) ? Number(asked) : asked;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw failAt(
      'invalid_request',
      `/${name}`,
      `${name} must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''}`,
    );
  }
  return value;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
