/**
 * Typos are forgiven: where a search finds nothing at all, it looks for what is alike, by the trigrams of words.
 *
 * Worry: likeness has no index and every record is looked at. Decision: it is given half a second, and what takes longer
 * found nothing. It is asked only where the caller's own view has no match, so that it tells nothing of other records; and
 * not where he used an operator, since what is to be left out is not to be found by its likeness.
 */
import { withTx, type Ctx } from '../../ctx.ts';
import { isPgProblem } from '../../db/pg-errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import type { Schema } from '../../schema/load.ts';
import { fetchLists } from './follow.ts';
import type { Asked } from '../parse/list.ts';
import { planList } from './plan.ts';
import type { Caller } from '../policy.ts';
import { nearMark } from '../parse/search.ts';
import { serializePage } from './serialize.ts';

/** A list that goes on where one of likeness stopped. */
export async function resumed(ctx: Ctx, schema: Schema, asked: Asked): Promise<Asked> {
  if (asked.search === undefined || asked.cursor?.startsWith(nearMark) !== true) return asked;
  const near = await trigrams(ctx, schema);
  return near === undefined ? asked : alike(asked, near);
}

const alike = (asked: Asked, near: string): Asked => ({
  ...asked,
  ...(asked.search === undefined ? {} : { search: { ...asked.search, near } }),
  ...(asked.cursor === undefined ? {} : { cursor: asked.cursor.slice(nearMark.length) }),
  identity: `${asked.identity}${nearMark}`,
});

const operator = /["“”„«»]|(?:^|\s)-/;

/** The page of what is alike, where that is to be looked for and something was found. */
export async function findNear(ctx: Ctx, caller: Caller, collection: Collection, asked: Asked): Promise<string | undefined> {
  if (asked.search === undefined || asked.nothing || asked.cursor !== undefined || operator.test(asked.search.text)) return undefined;
  const near = await trigrams(ctx, caller.schema);
  if (near === undefined) return undefined;
  if (asked.page !== undefined && asked.page > 1 && (await matches(ctx, caller, collection, asked))) return undefined;
  const plan = planList(caller, collection, alike(asked, near));
  try {
    const { rows, count } = await withTx(ctx, async ({ db }) => {
      await db.run({ text: `SET LOCAL statement_timeout = ${limits.search.near}` });
      const found = await db.texts(plan.rows);
      return { rows: found, count: plan.count === undefined ? undefined : await db.texts(plan.count) };
    });
    if (rows.length === 0 && asked.page === undefined) return undefined;
    const lists = await fetchLists(ctx, plan.follows, rows, plan.constants);
    return serializePage(ctx, plan, { rows, lists, total: count === undefined ? undefined : Number(count[0]?.[0]) });
  } catch (error) {
    if (isPgProblem(error) && error.code === '57014') return undefined;
    throw error;
  }
}

/** Whether the words themselves are found, on an earlier page. */
async function matches(ctx: Ctx, caller: Caller, collection: Collection, { page: _page, ...asked }: Asked): Promise<boolean> {
  const plan = planList(caller, collection, { ...asked, limit: 1, expand: [], count: { kind: 'none' } });
  return (await ctx.db.texts(plan.rows)).length > 0;
}

const known = new WeakMap<Schema, string>();
/** The Postgres schema of pg_trgm; undefined where it is not installed, or not for us. */
async function trigrams(ctx: Ctx, schema: Schema): Promise<string | undefined> {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const [row] = await ctx.db.texts({
    text: `SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
           WHERE e.extname = 'pg_trgm' AND has_schema_privilege(n.oid, 'USAGE')`,
  });
  const found = row?.[0] ?? undefined;
  if (found !== undefined) known.set(schema, found);
  return found;
}
