/** GET /records/:collection/:id/history: the line of a read, over the versions of one record. */
import type { Ctx } from '../../ctx.ts';
import type { Texts } from '../../db/connect.ts';
import { fail, failAt } from '../../kit/errors.ts';
import { parseId } from '../../kit/ids.ts';
import { limits } from '../../kit/limits.ts';
import { isFollowed, type Collection } from '../../schema/collection.ts';
import { collectionNamed, schemaOf } from '../../schema/load.ts';
import { parseCursor, printCursor, type Position } from '../parse/cursor.ts';
import { wholeNumber, type Input } from '../parse/input.ts';
import { callerOf, policyFor, refuseHidden, refuseNever, type Caller } from '../policy.ts';
import { planGet } from '../reading/plan.ts';
import { noLists } from '../reading/select.ts';
import { settleHistory } from './settled.ts';
import { aboutVersion, planBefore, planPage } from './versions.ts';

/** The page as the JSON text of the answer; the newest version first. */
export async function listHistory(ctx: Ctx, name: string, id: string, input: Input): Promise<string> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const limit = wholeNumber(input.limit, 'limit', 1, limits.list.max) ?? limits.list.fallback; // 400
  ctx.timing?.step('parse');
  refuseNever(caller, policyFor(caller, collection, 'history')); // 401, 403
  ctx.timing?.step('policy');
  const key = keptId(collection, id); // 404
  const identity = JSON.stringify(['history', collection.id, key]);
  const position = positionOf(ctx, identity, input.cursor); // 400
  const back = position?.direction === 'prev';
  const page = planPage(caller, collection, key, { ...(position === undefined ? {} : { at: position.values[0] ?? '' }), back, limit });
  ctx.timing?.step('plan');
  await settleHistory(ctx, collection); // 503
  const found = await ctx.db.texts(page.rows);
  const kept = found.slice(0, limit);
  const rows = back ? kept.reverse() : kept;
  if (rows.length === 0 && position === undefined) await refuseUnseen(ctx, caller, collection, key); // 404
  const { at, write } = page.template;
  const before = await beforeOf(
    ctx,
    caller,
    collection,
    key,
    rows.filter((row) => row[at.updated] === 't').map((row) => row[at.id] ?? ''),
  );
  ctx.timing?.step('sql');
  const data = rows.map(
    (row) => `{${aboutVersion(row, page.template)},"record":${write(row, noLists)},"before":${before.get(row[at.id] ?? '') ?? 'null'}}`,
  );
  const place = (row: Texts | undefined, direction: Position['direction']): string | null =>
    row === undefined ? null : printCursor(ctx, identity, { direction, values: [row[at.id] ?? null] });
  const more = found.length > limit;
  const next = place(back || more ? rows.at(-1) : undefined, 'next');
  const prev = place((back ? more : position !== undefined) ? rows[0] : undefined, 'prev');
  const text = `{"data":[${data.join()}],"page":${JSON.stringify({ limit, next, prev })}}`;
  ctx.timing?.step('serialize');
  return text;
}

/** The record's id, of a collection that keeps versions. */
export function keptId(collection: Collection, id: string): string {
  if (!isFollowed(collection)) throw fail('not_found', `"${collection.name}" keeps no history.`);
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  return key;
}

function positionOf(ctx: Ctx, identity: string, cursor: unknown): Position | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  if (typeof cursor !== 'string') throw failAt('invalid_request', '/cursor', 'The cursor must be one that this server gave');
  return parseCursor(ctx, identity, 1, cursor);
}

/** No version that he may see: of a record that he may see there is none yet, of any other he is told nothing. */
async function refuseUnseen(ctx: Ctx, caller: Caller, collection: Collection, id: string): Promise<void> {
  const [row] = await ctx.db.texts(planGet(caller, collection, id, { fields: [], expand: [], can: [] }).row);
  if (row === undefined) throw fail('not_found');
}

/** What updates made the versions from, as far as he may see it. */
async function beforeOf(
  ctx: Ctx,
  caller: Caller,
  collection: Collection,
  id: string,
  versions: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (versions.length === 0) return new Map();
  const { rows, template } = planBefore(caller, collection, id, versions);
  return new Map((await ctx.db.texts(rows)).map((row) => [row[template.at.id] ?? '', template.write(row, noLists)]));
}
