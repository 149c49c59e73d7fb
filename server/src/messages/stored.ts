/** Templates as they are now: an admin's where there is one, else ours. */
import { audit } from '../changes/audit.ts';
import { withTx, type Ctx } from '../ctx.ts';
import { fail, failAt } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { namesIn } from './render.ts';
import { templateKind, type Template, type TemplateKind } from './templates.ts';

export interface StoredTemplate extends Template {
  readonly isOurs: boolean;
}

/** The kind of a name, or 404. */
export function kindNamed(name: string): TemplateKind {
  const kind = templateKind(name);
  if (kind === undefined) throw fail('not_found', `There is no template "${name}".`);
  return kind;
}

export async function loadTemplate(ctx: Ctx, name: string): Promise<StoredTemplate> {
  const { subject, text, html } = kindNamed(name);
  const { rows } = await ctx.db.run({
    name: 'template',
    text: 'SELECT subject, text, html FROM underpin.templates WHERE name = $1',
    values: [name],
  });
  const [row] = rows;
  if (row === undefined) return { subject, text, html, isOurs: true };
  const written = row['html'];
  return {
    subject: String(row['subject']),
    text: String(row['text']),
    html: typeof written === 'string' ? written : undefined,
    isOurs: false,
  };
}

/** Sets a template, or takes an admin's away so that ours holds again. */
export async function saveTemplate(ctx: Ctx, name: string, template: Template | undefined): Promise<void> {
  const kind = kindNamed(name);
  if (template !== undefined) refuseUnknown(kind, template);
  await withTx(ctx, async (inside) => {
    const before = await loadTemplate(inside, name);
    if (template === undefined) await inside.db.run({ text: 'DELETE FROM underpin.templates WHERE name = $1', values: [name] });
    else {
      await inside.db.run({
        text: `INSERT INTO underpin.templates (id, created, updated, name, subject, text, html) VALUES ($1, $2, $2, $3, $4, $5, $6)
               ON CONFLICT (name) DO UPDATE SET updated = excluded.updated, subject = excluded.subject, text = excluded.text, html = excluded.html`,
        values: [newId(ctx.now), new Date(ctx.now), name, template.subject, template.text, template.html ?? null],
      });
    }
    await audit(inside, 'template.changed', name, { before, ...(template === undefined ? {} : { after: template }) });
  });
}

/** Links and codes are for who gets the mail; subjects are shown in lists and kept in the clear. */
const secret = ['link', 'code'];

export function refuseUnknown(kind: TemplateKind, template: Template): void {
  const known = Object.keys(kind.values);
  for (const [part, text] of Object.entries(template)) {
    for (const name of namesIn(typeof text === 'string' ? text : '')) {
      if (!known.includes(name))
        throw failAt(
          'validation_failed',
          `/${part}`,
          `There is no {{${name}}} here; there are ${known.map((one) => `{{${one}}}`).join(', ')}`,
        );
      if (part === 'subject' && secret.includes(name))
        throw failAt('validation_failed', '/subject', `{{${name}}} must not stand in the subject`);
    }
  }
}
