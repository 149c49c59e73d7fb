/** POST /ops/setup: the one-time link makes the owner and signs him in. */
import { z } from 'zod';
import type { Base } from '../../ctx.ts';
import { beginSession } from '../../auth/sessions.ts';
import { useSetupToken } from '../../auth/setup.ts';
import { countRate } from '../../auth/rates.ts';
import { networkOf } from '../../kit/actor.ts';
import { limits, rates } from '../../kit/limits.ts';
import { sessionReply } from '../auth.ts';
import { parsed, readJson } from '../body.ts';
import { route } from '../route.ts';

const setup = z.strictObject({ token: z.string().max(200), email: z.string().max(320), password: z.string().max(limits.password.max) });

export const setupRoute = (base: Base) =>
  route(
    base,
    async (ctx, request) => {
      const body = parsed(setup, await readJson(request, limits.body.auth));
      await countRate(ctx, `setup:${networkOf(ctx.actor.address)}`, rates.signInAddress);
      const owner = await useSetupToken(ctx, body.token, body.email, body.password);
      return sessionReply(ctx, request, owner, await beginSession(ctx, owner, request.headers['user-agent'] ?? 'unknown'), 201);
    },
    { anonymous: true },
  );
