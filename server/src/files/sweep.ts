/**
 * What nobody needs goes after a day: uploads that did not come to their end, files that no record came to name, and those that none
 * names any more. And bytes that have no row at all, as a restored database leaves them.
 */
import type { SweepAnswer } from '@underpin/sdk/wire';
import { withTx, type Ctx } from '../ctx.ts';
import { limits } from '../kit/limits.ts';
import { clear, end } from './remove.ts';

type Why = SweepAnswer['files'][number]['why'];
type Swept = SweepAnswer['files'][number];

const shown = 100;
const atOnce = 200;

/** `$1`: before when. */
const candidates = `
  SELECT f.id, f.name, f.size, CASE WHEN f.whole IS NULL THEN 'begun' WHEN f.attached IS NULL THEN 'pending' ELSE 'orphaned' END AS why,
    CASE WHEN f.whole IS NULL THEN f.created WHEN f.attached IS NULL THEN f.whole ELSE coalesce(f.released, f.attached) END AS since
  FROM underpin.files f
  WHERE f.ended IS NULL AND NOT EXISTS (SELECT FROM underpin.file_uses u WHERE u.file = f.id)
    AND CASE WHEN f.whole IS NULL THEN f.created WHEN f.attached IS NULL THEN f.whole ELSE coalesce(f.released, f.attached) END < $1`;

/** `strays`: whether all that lies in the store is looked at. */
export async function sweepFiles(
  ctx: Ctx,
  { dryRun, strays }: { readonly dryRun: boolean; readonly strays: boolean },
): Promise<SweepAnswer> {
  const before = new Date(ctx.now - limits.files.kept);
  const found = new Found();
  if (dryRun) for (const one of await look(ctx, before, '')) found.add(one);
  else
    for (let some = await take(ctx, before); some.length > 0; some = await take(ctx, before)) {
      await clear(
        ctx,
        some.map(({ id }) => id),
      );
      some.forEach((one) => found.add(one));
    }
  if (!dryRun) await clearLeft(ctx);
  if (strays)
    for await (const name of strayNames(ctx, before)) {
      if (!dryRun) await ctx.storage.remove(name.name);
      found.add({ id: '', name: name.name, size: 0, why: 'stray', since: name.changed.toISOString() });
    }
  return { dryRun, ...found.amount, files: found.first };
}

class Found {
  readonly first: Swept[] = [];
  readonly amount = { count: 0, size: 0 };
  add(one: Swept): void {
    if (this.first.length < shown) this.first.push(one);
    this.amount.count += 1;
    this.amount.size += one.size;
  }
}

async function look(ctx: Ctx, before: Date, more: string): Promise<readonly Swept[]> {
  const { rows } = await ctx.db.run({ text: `${candidates}${more}`, values: [before] });
  return rows.map(({ id, name, size, why, since }) => ({
    id: String(id),
    name: String(name),
    size: Number(size),
    why: isWhy(why) ? why : 'orphaned',
    since: since instanceof Date ? since.toISOString() : '',
  }));
}
const isWhy = (value: unknown): value is Why => value === 'begun' || value === 'pending' || value === 'orphaned';

/** Some of them, marked: first held, then looked at again, so that whoever names one now is either seen or comes too late. */
const take = (ctx: Ctx, before: Date): Promise<readonly Swept[]> =>
  withTx(ctx, async (inside) => {
    const held = await look(inside, before, ` ORDER BY f.id LIMIT ${atOnce} FOR UPDATE OF f SKIP LOCKED`);
    const ended = new Set(
      await end(
        inside,
        held.map(({ id }) => id),
      ),
    );
    return held.filter(({ id }) => ended.has(id));
  });

/** Those that were marked by one who did not come to take them away. */
async function clearLeft(ctx: Ctx): Promise<void> {
  const { rows } = await ctx.db.run({
    text: 'SELECT id FROM underpin.files WHERE ended < $1',
    values: [new Date(ctx.now - limits.files.lease)],
  });
  await clear(
    ctx,
    rows.map(({ id }) => String(id)),
  );
}

const ours = /^[0-9a-f]{2}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-\d+x\d+)?$/;

/**
 * Worry: a database that was lost and begun anew knows none of the files, and would have them all taken away before anybody has put its
 * backup back. Decision: what is older than the database is left alone. One that was restored is as old as the one that it was taken of.
 */
async function* strayNames(ctx: Ctx, before: Date): AsyncGenerator<{ readonly name: string; readonly changed: Date }> {
  const { rows } = await ctx.db.run({ text: 'SELECT min(applied) AS made FROM underpin.migrations' });
  const made = rows[0]?.['made'];
  if (!(made instanceof Date)) return;
  let some: { readonly name: string; readonly changed: Date }[] = [];
  const strays = async (): Promise<typeof some> => {
    const known = await knownNames(
      ctx,
      some.map(({ name }) => name),
    );
    const left = some.filter(({ name }) => !known.has(name));
    some = [];
    return left;
  };
  for await (const { name, changed } of ctx.storage.list()) {
    // What has another form is nothing that we could have put there.
    if (changed >= before || changed < made || !ours.test(name)) continue;
    some.push({ name, changed });
    if (some.length >= atOnce) yield* await strays();
  }
  yield* await strays();
}

/** Which of these names have a row: `ab/<id>`, or of a thumb `ab/<id>-<size>`. */
async function knownNames(ctx: Ctx, names: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await ctx.db.run({
    text: `SELECT n.name FROM unnest($1::text[]) AS n (name)
           WHERE EXISTS (SELECT FROM underpin.files f WHERE f.id = underpin.id_of(substr(n.name, 4, 36)) AND n.name = right(f.id::text, 2) || '/' || f.id)
              OR EXISTS (SELECT FROM underpin.thumbs t WHERE t.file = underpin.id_of(substr(n.name, 4, 36)) AND n.name = right(t.file::text, 2) || '/' || t.file || '-' || t.size)`,
    values: [names],
  });
  return new Set(rows.map(({ name }) => String(name)));
}
