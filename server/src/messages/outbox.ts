/** The outbox as admins look into it. Its list is the collection `_messages`; bodies are read here alone, and that is audited. */
import { audit } from '../changes/audit.ts';
import type { Ctx } from '../ctx.ts';
import { publicUrl } from '../kit/config.ts';
import { fail } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { email, senderOf } from './email.ts';
import { bodyOf } from './message.ts';
import { renderTemplate } from './render.ts';
import { loadTemplate } from './stored.ts';

export interface OutboxState {
  /** Whether there is a server to send through. */
  readonly sends: boolean;
  readonly from: string;
  readonly counts: Readonly<Record<string, number>>;
}

export async function outboxState(ctx: Ctx): Promise<OutboxState> {
  const { rows } = await ctx.db.run({
    text: `SELECT state, count(*) AS n FROM underpin.messages WHERE recipient <> '' GROUP BY state`,
  });
  const none = { queued: 0, sent: 0, kept: 0, failed: 0 };
  const counts = { ...none, ...Object.fromEntries(rows.map((row) => [String(row['state']), Number(row['n'])])) };
  return { sends: email.isReady(ctx.config), from: senderOf(ctx.config), counts };
}

export interface OutboxMessage {
  readonly id: string;
  readonly recipient: string;
  readonly template: string;
  readonly state: string;
  readonly subject: string;
  /** null where it was sent, or its day is over. */
  readonly text: string | null;
  readonly html: string | null;
}

export async function readMessage(ctx: Ctx, id: string): Promise<OutboxMessage> {
  const { rows } = await ctx.db.run({
    text: `SELECT recipient, account, template, state, subject, sealed, expires FROM underpin.messages WHERE id = $1 AND recipient <> ''`,
    values: [id],
  });
  const [row] = rows;
  if (row === undefined) throw fail('not_found');
  // Else any admin could make himself the owner, by a new password for him.
  const isAdmins = String(row['account'] ?? '').startsWith('_admins:');
  if (isAdmins && ctx.actor.kind === 'admin' && ctx.actor.role !== 'owner')
    throw fail('forbidden', 'Mails to admins are for owners to read.');
  const body = bodyOf(ctx, row['sealed'], row['expires']);
  await audit(ctx, 'message.read', id);
  return {
    id,
    recipient: String(row['recipient']),
    template: String(row['template']),
    state: String(row['state']),
    subject: String(row['subject']),
    text: body?.text ?? null,
    html: body?.html ?? null,
  };
}

/** Sends a test at once, past the queue, and gives back what the server says to it. */
export async function sendTest(ctx: Ctx, to: string): Promise<string> {
  if (!email.isReady(ctx.config)) throw fail('unavailable', 'There is no mail server: SMTP_URL is not set.');
  const { subject, text, html } = renderTemplate(await loadTemplate(ctx, 'test'), { site: publicUrl(ctx.config), address: to });
  await audit(ctx, 'mail.tested', to);
  try {
    return await email.send(ctx.config, { id: newId(ctx.now), to, subject, text, html });
  } catch (error) {
    throw fail('unavailable', `The mail server did not take it: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}
