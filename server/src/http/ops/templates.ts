/** /ops/templates: what is said to people, for admins to read, to write anew and to try. */
import { Router, type Request } from 'express';
import { z } from 'zod';
import type { Base } from '../../ctx.ts';
import { limits } from '../../kit/limits.ts';
import { renderTemplate } from '../../messages/render.ts';
import { kindNamed, loadTemplate, refuseUnknown, saveTemplate } from '../../messages/stored.ts';
import { templates } from '../../messages/templates.ts';
import { parsed, readJson } from '../body.ts';
import { requireAdmin } from '../collections.ts';
import { noParameters, param } from '../incoming.ts';
import { json, noContent } from '../reply.ts';
import { route } from '../route.ts';

const template = z.strictObject({
  subject: z.string().min(1).max(limits.messages.subject),
  text: z.string().min(1).max(limits.messages.text),
  html: z.string().max(limits.messages.text).optional(),
});

const bodyOf = (request: Request): Promise<unknown> => readJson(request, limits.body.json);

export function templateRoutes(base: Base): Router {
  const router = Router();
  router.get(
    '/',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read');
      noParameters(request);
      const data = [];
      for (const [name, { about, values }] of Object.entries(templates))
        data.push({ name, about, values, ...(await loadTemplate(ctx, name)) });
      return json({ data });
    }),
  );
  router.get(
    '/:name',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read');
      const name = param(request, 'name');
      const { about, values } = kindNamed(name);
      return json({ name, about, values, ...(await loadTemplate(ctx, name)) });
    }),
  );
  router.put(
    '/:name',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'change');
      const name = param(request, 'name');
      await saveTemplate(ctx, name, parsed(template, await bodyOf(request)));
      return json({ name, ...(await loadTemplate(ctx, name)) });
    }),
  );
  router.delete(
    '/:name',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'change');
      await saveTemplate(ctx, param(request, 'name'), undefined);
      return noContent;
    }),
  );
  router.post(
    '/:name/preview',
    route(
      base,
      async (ctx, request) => {
        requireAdmin(ctx, 'read');
        const name = param(request, 'name');
        const kind = kindNamed(name);
        const body = await bodyOf(request);
        const draft = body === undefined ? await loadTemplate(ctx, name) : parsed(template, body);
        if (body !== undefined) refuseUnknown(kind, draft);
        return json(renderTemplate(draft, kind.values));
      },
      { write: false },
    ),
  );
  return router;
}
