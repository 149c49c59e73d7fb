/**
 * When rights end: sessions, keys, accounts, admins, in the order of the log.
 *
 * Worry: between the change of a right and the moment at which somebody notices, rows are sent that may not be. Decision: where the
 * log tells of a change of an account, its session or its key, who came by it leaves all groups at that place, before anything of
 * what follows is told. He is told to ask again once a query sees the change too, and then is judged anew. Why it is
 * enough: what comes before that place was allowed; what comes behind it is told to nobody who was not judged after it.
 */
import { forget } from '../auth/authenticate.ts';
import type { Base } from '../ctx.ts';
import { apiKeyOf, type Actor } from '../kit/actor.ts';
import type { Change, Txn } from '../changes/change.ts';
import type { Hub } from './hub.ts';
import type { Client } from './client.ts';
import type { Clients } from './clients.ts';
import { tableOf } from './row.ts';
import { parseSnapshot } from './snapshot.ts';

export function followRights(base: Base, hub: Hub, clients: Clients): void {
  hub.before((txn) => {
    const concerned = new Set<Client>();
    for (const change of txn.changes) for (const client of concernedBy(clients, change)) concerned.add(client);
    // What was to be told before is told.
    if (concerned.size > 0) hub.flush();
    for (const client of concerned) client.judge(whenSeen(base, txn).then(() => forget(base, client.actor)));
  });
}

/** Resolves when a query sees the transaction, which the log may tell of a moment before. */
export async function whenSeen(base: Base, { xid }: Txn): Promise<void> {
  for (;;) {
    const [row] = await base.database.app.texts({ name: 'snapshot', text: 'SELECT pg_current_snapshot()::text' });
    if (parseSnapshot(row?.[0] ?? '').isVisible(xid)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Those of whom a changed row is the session, the key or the account. */
function concernedBy(clients: Clients, change: Change): readonly Client[] {
  const { relation } = change;
  const table = tableOf(relation);
  const image = change.op === 'update' ? change.row : change.op === 'delete' ? change.old : undefined;
  const id = image?.[relation.columns.indexOf('id')];
  if (image === undefined || id === undefined || id === null) return [];
  const those = (is: (actor: Actor) => boolean): readonly Client[] => [...clients.named(id)].filter(({ actor }) => is(actor));
  // A session is also changed when it is used; a key too, by which its members only ask again.
  if (table === 'underpin.sessions' && change.op === 'update' && image[relation.columns.indexOf('ended')] === null) return [];
  if (table === 'underpin.sessions') return those((actor) => 'session' in actor && actor.session === id);
  if (table === 'underpin.api_keys') return those((actor) => apiKeyOf(actor)?.id === id);
  if (table === 'underpin.admins') return those((actor) => actor.kind === 'admin' && actor.id === id);
  if (relation.schema !== 'public') return [];
  // By the name that it had when he was judged: where it has another by now, all are judged anew for that.
  return those((actor) => actor.kind === 'account' && actor.id === id && actor.collection === relation.name);
}
