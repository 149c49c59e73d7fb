/** An account ends itself. Its row goes by the line of records; what hangs on it besides goes with the row (a trigger), its mails here. */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { removeRecord } from '../../records/remove.ts';
import type { Account } from '../sessions.ts';

export const endAccount = (ctx: Ctx, { collection, id }: Account): Promise<void> =>
  withTx(ctx, async (inside) => {
    await removeRecord({ ...inside, actor: { kind: 'system', address: ctx.actor.address } }, collection, id);
    await inside.db.run({ text: 'DELETE FROM underpin.messages WHERE account = $1', values: [`${collection}:${id}`] });
    await audit(inside, 'account.deleted', `${collection}:${id}`);
  });
