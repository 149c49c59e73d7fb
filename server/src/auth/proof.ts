/** Some things are done only by somebody who showed a moment ago that it is he: who signed in within ten minutes. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';

export async function requireProof(ctx: Ctx): Promise<void> {
  const { actor } = ctx;
  const session = actor.kind === 'admin' || actor.kind === 'account' ? actor.session : '';
  const { rows } =
    session === '' ? { rows: [] } : await ctx.db.run({ text: 'SELECT created FROM underpin.sessions WHERE id = $1', values: [session] });
  const signedIn = rows[0]?.['created'];
  if (signedIn instanceof Date && signedIn.getTime() > ctx.now - limits.session.proof) return;
  throw fail('proof_required', 'Sign in again first: this is for sessions that began within the last ten minutes.');
}
