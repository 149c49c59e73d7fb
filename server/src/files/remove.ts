/**
 * How a file goes. Worry: bytes without a row are never found again, a row without bytes is a promise that is not kept, and somebody may
 * name the file in this very moment. Decision: first the row says that it ends, in a transaction that holds it and sees nobody name
 * it; who names it later is told that there is none. Then the bytes go, and last the row. Why it is enough: whatever breaks off in
 * between leaves a row that says so, and the next sweep goes on with it.
 */
import { withTx, type Ctx } from '../ctx.ts';
import { ownerOf } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { storedName } from './names.ts';

/** DELETE /files/:id: a pending one by whom it belongs to, and by admins any that no record names. */
export async function removeFile(ctx: Ctx, asked: string): Promise<void> {
  const id = parseId(asked);
  if (id === undefined) throw fail('not_found');
  const { actor } = ctx;
  const isAdmin = actor.kind === 'system' || (actor.kind === 'admin' && actor.role !== 'viewer');
  await withTx(ctx, async (inside) => {
    const { rows } = await inside.db.run({
      text: 'SELECT owner, attached FROM underpin.files WHERE id = $1 AND ended IS NULL FOR UPDATE',
      values: [id],
    });
    const [row] = rows;
    if (row === undefined || !(isAdmin || row['owner'] === ownerOf(actor))) throw fail('not_found');
    const ended = await end(inside, [id]);
    if (ended.length === 0) throw fail('conflict', 'A record names this file; take it out there.');
    if (row['attached'] !== null && !isAdmin) throw fail('conflict', 'A record named this file; it goes by itself within a day.');
  });
  await clear(ctx, [id]);
}

/** What came of an upload that failed. */
export async function discard(ctx: Ctx, id: string): Promise<void> {
  await end(ctx, [id]);
  await clear(ctx, [id]);
}

/** Marks those that nobody names; gives back which. Their rows are locked already where somebody may want to name them. */
export async function end(ctx: Ctx, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await ctx.db.run({
    text: 'UPDATE underpin.files f SET ended = $2 WHERE id = ANY ($1) AND ended IS NULL AND NOT EXISTS (SELECT FROM underpin.file_uses u WHERE u.file = f.id) RETURNING id',
    values: [ids, new Date(ctx.now)],
  });
  return rows.map(({ id }) => String(id));
}

/** Takes away what ended: bytes, then rows. */
export async function clear(ctx: Ctx, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { rows } = await ctx.db.run({ text: 'SELECT size FROM underpin.thumbs WHERE file = $1', values: [id] });
    for (const { size } of rows) await ctx.storage.remove(storedName(id, String(size)));
    await ctx.storage.remove(storedName(id));
    await ctx.db.run({ text: 'DELETE FROM underpin.thumbs WHERE file = $1', values: [id] });
    await ctx.db.run({ text: 'DELETE FROM underpin.files WHERE id = $1 AND ended IS NOT NULL', values: [id] });
  }
}
