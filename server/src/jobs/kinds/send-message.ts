/**
 * Sends a message of the outbox. That the server has taken it and that we know so are two things: where the process ends between
 * them it is sent once more, with the same Message-ID. An attempt that fails is noted past the job's transaction, which is undone.
 */
import type { Ctx } from '../../ctx.ts';
import { limits } from '../../kit/limits.ts';
import { Undeliverable, type Channel } from '../../messages/channel.ts';
import { channels } from '../../messages/index.ts';
import { bodyOf } from '../../messages/message.ts';
import type { Template } from '../../messages/templates.ts';
import { sendMessage as kind } from '../../queue/kinds.ts';
import { defineJob, exponential } from '../job.ts';

const { attempts, patience } = limits.messages;

export const sendMessage = defineJob(kind, {
  attempts,
  patience: exponential(patience),
  run: async (ctx, { message: id }) => {
    const { rows } = await ctx.db.run({
      text: `SELECT channel, recipient, template, sealed, expires, jsonb_array_length(attempts) AS tried FROM underpin.messages WHERE id = $1 AND state <> 'sent'`,
      values: [id],
    });
    const [row] = rows;
    if (row === undefined) return;
    if (row['recipient'] === '') {
      await ctx.db.run({ text: 'DELETE FROM underpin.messages WHERE id = $1', values: [id] });
      return;
    }
    const body = bodyOf(ctx, row['sealed'], row['expires']);
    const channel = channels.find(({ name }) => name === row['channel']);
    if (body === undefined || channel === undefined) {
      await note(ctx, id, 'failed', { error: 'it was not sent in time' });
      return;
    }
    if (!channel.isReady(ctx.config)) {
      await ctx.db.run({ text: `UPDATE underpin.messages SET state = 'kept' WHERE id = $1`, values: [id] });
      ctx.log.info({ message: id, template: row['template'] }, 'no SMTP_URL: the message is kept in the outbox');
      return;
    }
    await deliver(ctx, channel, { id, to: String(row['recipient']), tried: Number(row['tried']) }, body);
  },
});

async function deliver(ctx: Ctx, channel: Channel, { id, to, tried }: { id: string; to: string; tried: number }, body: Template) {
  try {
    await note(ctx, id, 'sent', { answer: await channel.send(ctx.config, { id, to, ...body }) });
  } catch (error) {
    const isFinal = error instanceof Undeliverable;
    const what = { error: (error instanceof Error ? error.message : String(error)).slice(0, limits.jobs.error) };
    await note({ ...ctx, db: ctx.database.jobs }, id, isFinal || tried + 1 >= attempts ? 'failed' : 'queued', what);
    if (!isFinal) throw error;
  }
}

/** One more attempt and what came of it; the body goes with success. */
async function note(ctx: Ctx, id: string, state: 'sent' | 'queued' | 'failed', what: { answer: string } | { error: string }) {
  const now = new Date(ctx.clock());
  await ctx.db.run({
    text: `UPDATE underpin.messages SET state = $2, attempts = attempts || $3::jsonb, error = $4,
             sent = CASE WHEN $2 = 'sent' THEN $5::timestamptz END, sealed = CASE WHEN $2 = 'sent' THEN NULL ELSE sealed END
           WHERE id = $1`,
    values: [id, state, JSON.stringify([{ at: now.toISOString(), ...what }]), 'error' in what ? what.error : null, now],
  });
}
