/** The one-time setup link: whoever opens it makes the first admin. It lives for 30 minutes and is used once. */
import { withTx, type Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { randomToken, sha256 } from '../kit/crypto.ts';
import { limits } from '../kit/limits.ts';
import { createOwner } from './accounts.ts';
import type { Account } from './sessions.ts';

export async function hasAdmin(ctx: Ctx): Promise<boolean> {
  const { rows } = await ctx.db.run({ text: 'SELECT EXISTS (SELECT FROM underpin.admins) AS there' });
  return rows[0]?.['there'] === true;
}

/** A new token; earlier ones stay good until they end. */
export async function makeSetupToken(ctx: Ctx): Promise<string> {
  const token = randomToken();
  await ctx.db.run({
    text: 'WITH old AS (DELETE FROM underpin.setup_tokens WHERE expires <= $3) INSERT INTO underpin.setup_tokens (hash, expires) VALUES ($1, $2)',
    values: [sha256(token), new Date(ctx.now + limits.setupLink), new Date(ctx.now)],
  });
  return token;
}

/** Makes the owner for a token that is good; 404 for any other, as if there were no setup. */
export const useSetupToken = (ctx: Ctx, token: string, email: string, password: string): Promise<Account> =>
  withTx(ctx, async (inside) => {
    const { count } = await inside.db.run({
      text: 'DELETE FROM underpin.setup_tokens WHERE hash = $1 AND expires > $2',
      values: [sha256(token), new Date(ctx.now)],
    });
    const owner = count === 0 ? undefined : await createOwner(inside, email, password);
    if (owner === undefined)
      throw fail(
        'not_found',
        'This setup link has been used or has ended; while there is no admin, the server prints a new one with each start and every 25 minutes.',
      );
    return owner;
  });
