/**
 * GET /records/:collection/export: all that matches, as a stream.
 *
 * Worry: a hundred thousand records fill the memory of who makes them all at once, and a reader that is slow holds whatever
 * they come from. Decision: page after page by the cursor of every list, the next one asked for when the last was taken. So
 * no connection and no transaction is held while the reader reads; what is written meanwhile may be in it or not, as in
 * any list that one pages through, and no record is in it twice unless it was moved behind the place.
 */
import type { Ctx } from '../ctx.ts';
import { failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { csvHeader, csvLine } from './reading/csv.ts';
import { wholeNumber, type Input } from './parse/input.ts';
import { run } from './list.ts';
import { parseList, type Asked } from './parse/list.ts';
import { planList } from './reading/plan.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import { visibleFields } from './reading/select.ts';
import { pageOf } from './reading/serialize.ts';

export const exportTypes = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  json: 'application/json; charset=utf-8',
} as const;
type Format = keyof typeof exportTypes;

export interface Export {
  readonly format: Format;
  readonly chunks: AsyncIterable<string>;
}

/** Refuses before anything is sent; what is asked of Postgres is asked while it is read. */
export async function exportRecords(ctx: Ctx, name: string, input: Input): Promise<Export> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const format = formatOf(input.format); // 400
  if (format === 'csv' && input.expand !== undefined)
    throw failAt('invalid_request', '/expand', 'A table has no place for related records; export ndjson');
  const most = wholeNumber(input.limit, 'limit', 1, Number.MAX_SAFE_INTEGER);
  const asked = parseList(caller, collection, { read: () => ({ ...input, limit: Math.min(most ?? limits.list.max, limits.list.max) }) }); // 400
  refuseNever(caller, policyFor(caller, collection, 'list')); // 401, 403
  const pages = pagesOf(ctx, (cursor) => planList(caller, collection, cursor === undefined ? asked : placedAt(asked, cursor)), most);
  const names = visibleFields(caller, collection, asked.fields).map((field) => field.name);
  return { format, chunks: printed(format, names, pages) };
}

const placedAt = (asked: Asked, cursor: string): Asked => ({ ...asked, cursor });

function formatOf(asked: unknown): Format {
  if (asked === 'csv' || asked === 'ndjson' || asked === 'json') return asked;
  throw failAt('invalid_request', '/format', `format must be one of ${Object.keys(exportTypes).join(', ')}`);
}

/** The records of each page as JSON. */
async function* pagesOf(
  ctx: Ctx,
  plan: (cursor: string | undefined) => ReturnType<typeof planList>,
  most = Infinity,
): AsyncGenerator<readonly string[]> {
  let left = most;
  let cursor: string | undefined;
  do {
    const planned = plan(cursor);
    const { records, page } = pageOf(ctx, planned, await run(ctx, planned));
    yield records.slice(0, left);
    left -= records.length;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && left > 0);
}

async function* printed(format: Format, names: readonly string[], pages: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  let first = true;
  if (format === 'csv') yield csvHeader(names);
  if (format === 'json') yield '[';
  for await (const records of pages) {
    if (records.length === 0) continue;
    if (format === 'csv') yield records.map((record) => csvLine(names, record)).join('');
    else if (format === 'ndjson') yield `${records.join('\n')}\n`;
    else yield `${first ? '' : ','}\n${records.join(',\n')}`;
    first = false;
  }
  if (format === 'json') yield '\n]\n';
}
