/**
 * When rights end: sessions, keys, accounts, admins, in the order of the log.
 *
 * Worry: between the change of a right and the moment at which somebody notices, rows are sent that may not be. Decision: where the
 * log tells of a change of an account, its session or its key, its sockets leave all groups at that place, before anything of
 * what follows is told. They are told to ask again once a query sees the change too, and then are judged anew. Why it is
 * enough: what comes before that place was allowed; what comes behind it is told to nobody who was not judged after it.
 */
import { forget } from '../auth/authenticate.ts';
import type { Base } from '../ctx.ts';
import { apiKeyOf } from '../kit/actor.ts';
import type { Change, Txn } from '../changes/change.ts';
import type { Hub } from './hub.ts';
import type { Client, Clients } from './socket.ts';
import { parseSnapshot } from './snapshot.ts';

export function followRights(base: Base, hub: Hub, io: Clients, release: (socket: Client, group: string) => void): void {
  hub.before((txn) => {
    const concerned = new Set<Client>();
    for (const change of txn.changes) for (const socket of socketsOf(io, change)) concerned.add(socket);
    for (const socket of concerned) {
      // What was to be told before is told.
      hub.flush();
      const { data } = socket;
      const groups = [...socket.rooms].filter((room) => room !== socket.id);
      for (const group of groups) release(socket, group);
      data.generation += 1;
      const judged = whenSeen(base, txn).then(
        () => {
          forget(base, data.actor);
          if (data.judging === judged) data.judging = undefined;
          for (const group of groups) socket.emit('reset', [group, 'auth']);
        },
        () => void socket.disconnect(true),
      );
      data.judging = judged;
    }
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

/** The sockets of whom a changed row is the session, the key or the account. */
function socketsOf(io: Clients, change: Change): readonly Client[] {
  const { relation } = change;
  const table = `${relation.schema}.${relation.name}`;
  const image = change.op === 'update' ? change.row : change.op === 'delete' ? change.old : undefined;
  if (image === undefined) return [];
  const id = image[relation.columns.indexOf('id')];
  const all = [...io.sockets.sockets.values()];
  // A session is also changed when it is used; a key too, by which its members only ask again.
  if (table === 'underpin.sessions' && change.op === 'update' && image[relation.columns.indexOf('ended')] === null) return [];
  if (table === 'underpin.sessions') return all.filter(({ data: { actor } }) => 'session' in actor && actor.session === id);
  if (table === 'underpin.api_keys') return all.filter(({ data: { actor } }) => apiKeyOf(actor)?.id === id);
  if (table === 'underpin.admins') return all.filter(({ data: { actor } }) => actor.kind === 'admin' && actor.id === id);
  if (relation.schema !== 'public') return [];
  // By the name that it had when he was judged: where it has another by now, all are judged anew for that.
  return all.filter(({ data: { actor } }) => actor.kind === 'account' && actor.id === id && actor.collection === relation.name);
}
