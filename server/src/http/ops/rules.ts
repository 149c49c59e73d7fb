/** /ops/rules: what rules mean and what they let happen, for admins. Nothing is written by either route. */
import { Router } from 'express';
import { z } from 'zod';
import { accountActor } from '../../auth/accounts.ts';
import type { Base, Ctx } from '../../ctx.ts';
import type { Actor } from '../../kit/actor.ts';
import { limits } from '../../kit/limits.ts';
import { explainRule } from '../../records/rules/explain.ts';
import { rehearse } from '../../records/rules/rehearse.ts';
import { parsed, readJson } from '../body.ts';
import { requireAdmin } from '../collections.ts';
import { json } from '../reply.ts';
import { route } from '../route.ts';

const name = z.string().max(limits.collections.name);
const action = z.enum(['list', 'view', 'create', 'update', 'delete']);
const who = z.strictObject({ collection: name, id: z.string().max(36) }).nullable();
const asked = { collection: name, as: who, id: z.string().max(36).optional(), data: z.unknown().optional() };

const question = z.strictObject({
  ...asked,
  action: z.enum([...action.options, 'history']),
  field: z.strictObject({ name, of: z.enum(['read', 'write']) }).optional(),
  rule: z.string().nullable().optional(),
});
const expectation = z.strictObject({
  ...asked,
  action,
  name: z.string().max(200).optional(),
  record: z.unknown().optional(),
  allowed: z.boolean(),
});
const tests = z.strictObject({ expectations: z.array(expectation).min(1).max(limits.explain.tests) });
const single = z.strictObject({ ...asked, action, record: z.unknown().optional() });

export function ruleRoutes(base: Base): Router {
  const router = Router();
  router.post(
    '/explain',
    route(
      base,
      async (ctx, request) => {
        requireAdmin(ctx, 'read', { on: 'explain', action: 'read' });
        const { as, rule, field, id, ...rest } = parsed(question, await readJson(request, limits.body.json));
        const about = {
          ...rest,
          ...(rule === undefined ? {} : { rule }),
          ...(field === undefined ? {} : { field }),
          ...(id === undefined ? {} : { id }),
        };
        return json(await explainRule(ctx, await actorOf(ctx, as), about));
      },
      { write: false },
    ),
  );
  router.post(
    '/test',
    route(
      base,
      async (ctx, request) => {
        requireAdmin(ctx, 'change', { on: 'explain', action: 'test' });
        const body = await readJson(request, limits.body.json);
        const isMany = typeof body === 'object' && body !== null && 'expectations' in body;
        const expectations: readonly Tested[] = isMany ? parsed(tests, body).expectations : [parsed(single, body)];
        const results = [];
        for (const { as, ...one } of expectations) results.push(await rehearse(ctx, await actorOf(ctx, as), given(one)));
        return json({ results });
      },
      { write: false },
    ),
  );
  return router;
}

type Tested = z.infer<typeof single> & Partial<Pick<z.infer<typeof expectation>, 'name' | 'allowed'>>;

/** Without what was left out: a member that is undefined is another thing than none. */
const given = ({ name: title, id, allowed, ...rest }: Omit<Tested, 'as'>) => ({
  ...rest,
  ...(title === undefined ? {} : { name: title }),
  ...(id === undefined ? {} : { id }),
  ...(allowed === undefined ? {} : { allowed }),
});

const actorOf = (ctx: Ctx, as: z.infer<typeof who>): Promise<Actor> | Actor =>
  as === null ? { kind: 'anonymous', address: ctx.actor.address } : accountActor(ctx, as);
