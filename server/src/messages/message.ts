/**
 * A message to somebody: a row of the outbox and a job that sends it, both in the transaction of what causes it.
 *
 * Worry: a mail that is sent in a transaction that then fails tells of what never was; one sent after it is lost where the
 * process ends in between; and bodies hold links and codes that whoever reads the database must not get.
 * Decision: the row is written with its body sealed, the job sends it (jobs/kinds/send-message.ts) and erases the body. `to`
 * undefined writes the same row and the same job for nobody: where an answer must not tell whether an account is there, what
 * is done for it must not tell either, in statements, jobs and time.
 * Why it is enough: row and job are committed with the cause or not at all, and the job has hours of patience.
 */
import type { Ctx } from '../ctx.ts';
import { publicUrl } from '../kit/config.ts';
import { deriveKey, seal, unseal } from '../kit/crypto.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { enqueue } from '../queue/enqueue.ts';
import { sendMessage } from '../queue/kinds.ts';
import { renderTemplate, type Values } from './render.ts';
import { loadTemplate } from './stored.ts';
import type { Template, TemplateName } from './templates.ts';

export interface Message {
  readonly template: TemplateName;
  /** The address; undefined: nobody is told, and it costs the same. */
  readonly to: string | undefined;
  /** Whose it is, as `users:0190…`. */
  readonly account?: string | undefined;
  /** Besides `site` and `address`, which every template has. */
  readonly values?: Values;
}

export async function message(ctx: Ctx, { template, to, account, values = {} }: Message): Promise<void> {
  const rendered = renderTemplate(await loadTemplate(ctx, template), { site: publicUrl(ctx.config), address: to ?? '', ...values });
  const id = newId(ctx.now);
  await ctx.db.run({
    name: 'message',
    text: `INSERT INTO underpin.messages (id, created, channel, recipient, template, account, subject, expires, sealed)
           VALUES ($1, $2, 'email', $3, $4, $5, $6, $7, $8)`,
    values: [
      id,
      new Date(ctx.now),
      to ?? '',
      template,
      to === undefined ? null : (account ?? null),
      rendered.subject,
      new Date(ctx.now + limits.messages.body),
      seal(bodyKey(ctx), JSON.stringify(rendered)),
    ],
  });
  await enqueue(ctx, sendMessage, { message: id });
}

const bodyKey = (ctx: Ctx): Buffer => deriveKey(ctx.secret, 'messages');

/** The body of a message, from what is stored; undefined where it was erased or its time is over. */
export function bodyOf(ctx: Ctx, sealed: unknown, expires: unknown): Template | undefined {
  if (!Buffer.isBuffer(sealed) || !(expires instanceof Date) || expires.getTime() <= ctx.now) return undefined;
  // cast: sealed above, so JSON of a rendered template.
  return JSON.parse(unseal(bodyKey(ctx), sealed)) as Template;
}
