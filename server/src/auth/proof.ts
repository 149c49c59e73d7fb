/** Some things are done only by somebody who showed a moment ago that it is he: who signed in within ten minutes. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';

export async function requireProof(ctx: Ctx): Promise<void> {
  const { actor } = ctx;
  if ((actor.kind === 'admin' || actor.kind === 'account') && (await isRecent(ctx, actor.session))) return;
  throw fail('proof_required', 'Sign in again first: this is for sessions that began within the last ten minutes.');
}

/** Whether a session began within the last ten minutes; a key has none. */
export async function isRecent(ctx: Ctx, session: string): Promise<boolean> {
  if (session === '') return false;
  const { count } = await ctx.db.run({
    text: 'SELECT FROM underpin.sessions WHERE id = $1 AND created > $2',
    values: [session, new Date(ctx.now - limits.session.proof)],
  });
  return count > 0;
}
