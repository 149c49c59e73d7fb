/** Who did what: one row for each act on the schema, rules, accounts and sessions, in the transaction of the act. */
import { actorName } from '../kit/actor.ts';
import { newId } from '../kit/ids.ts';
import type { Ctx } from '../ctx.ts';

export type Audited =
  | 'collection.created'
  | 'collection.changed'
  | 'collection.dropped'
  | 'owner.created'
  | 'account.created'
  | 'job.cancelled'
  | 'job.retried'
  | 'session.created'
  | 'session.ended'
  | 'sessions.ended'
  | 'session.reused'
  | 'sign-in.refused'
  | 'signing-keys.rotated'
  | 'sign-up.taken'
  | 'one-time.sent'
  | 'one-time.refused'
  | 'account.verified'
  | 'account.deleted'
  | 'password.changed'
  | 'password.reset'
  | 'email.changed'
  | 'template.changed'
  | 'message.read'
  | 'mail.tested'
  | 'key.created'
  | 'key.changed'
  | 'key.rotated'
  | 'key.deleted'
  | 'file.deleted'
  | 'files.swept';

export async function audit(
  ctx: Ctx,
  action: Audited,
  target: string,
  change: { readonly before?: unknown; readonly after?: unknown } = {},
): Promise<void> {
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
  await ctx.db.run({
    name: 'audit',
    text: `INSERT INTO underpin.audit (id, created, action, actor, address, request_id, target, before, after)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)`,
    values: [
      newId(ctx.now),
      new Date(ctx.now),
      action,
      actorName(ctx.actor),
      ctx.actor.address,
      ctx.requestId,
      target,
      json(change.before),
      json(change.after),
    ],
  });
}
