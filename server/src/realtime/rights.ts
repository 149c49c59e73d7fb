/**
 * When rights change: sessions, keys, accounts, admins, in the order of the log.
 *
 * Worry: between the change of a right and the moment at which somebody notices, rows are sent that may not be. And who asks anew
 * just then may be judged by what was read before the change, by this process or by another connection of his, and is not
 * judged again, since the log has told of it already. Decision: where the log tells of a change of an account, its session or
 * its key, who came by it leaves all groups at that place, before anything of what follows is told. Until a query sees the change too
 * nobody of that account, session or key subscribes; then what was remembered of him is forgotten, he is told to ask again, and is
 * judged anew. Why it is enough: what comes before that place was allowed; what comes behind it is told only to who was judged by a
 * query that saw the change.
 */
import { forget } from '../auth/authenticate.ts';
import type { Base } from '../ctx.ts';
import { idsOf, type Actor } from '../kit/actor.ts';
import type { Change, Image, Relation, Txn } from '../changes/change.ts';
import type { Hub } from './hub.ts';
import { tableOf } from './matching/row.ts';
import type { Sight } from './snapshot.ts';

/** The ids of sessions, keys and accounts; `all` where it is not told which. */
export type Ids = ReadonlySet<string> | 'all';

/** Who follows by rights that may have changed; from `known` on a query sees the change. */
interface Judged {
  judge(known: Promise<void>): void;
}

export class Rights {
  /** What the log told of and queries may not see yet. */
  readonly #unseen = new Set<{ readonly ids: Ids; readonly known: Promise<void> }>();
  readonly #base: Base;

  constructor(base: Base) {
    this.#base = base;
  }

  /** Whoever is concerned is judged in the order of the log. */
  follow(hub: Hub, sight: Sight, concerned: (ids: Ids) => readonly Judged[]): void {
    const judge = (ids: Ids, known: Promise<void>): void => {
      const those = concerned(ids);
      // What was to be told before is told.
      if (those.length > 0) hub.flush();
      for (const one of those) one.judge(known);
    };
    hub.before({
      txn: (txn) => {
        const ids = changedBy(txn);
        if (ids !== 'all' && ids.size === 0) return;
        judge(ids, this.#note(ids, sight.of(txn)));
      },
      gap: () => {
        forget(this.#base, 'all');
        judge('all', Promise.resolve());
      },
    });
  }

  #note(ids: Ids, seen: Promise<void>): Promise<void> {
    const known = seen.finally(() => {
      this.#unseen.delete(one);
      forget(this.#base, ids);
    });
    known.catch(() => undefined); // Who waits for it hears why.
    const one = { ids, known };
    this.#unseen.add(one);
    return known;
  }

  /** While a query may not see what the log told of somebody's rights: resolves when it does. */
  unseen(actor: Actor): Promise<void> | undefined {
    const his = idsOf(actor);
    for (const { ids, known } of this.#unseen) if (his.some((id) => ids === 'all' || ids.has(id))) return known;
    return undefined;
  }
}

/** Whose rights a transaction may have changed. */
function changedBy({ changes, bulk }: Txn): Ids {
  if (bulk !== undefined && [...bulk].some(isOfRights)) return 'all';
  const told = changes.filter(({ relation }) => isOfRights(relation));
  if (told.some(({ op }) => op === 'truncate')) return 'all';
  return new Set(told.flatMap(changedIds));
}

const tables = new Set(['underpin.sessions', 'underpin.api_keys', 'underpin.admins']);
/** An account's table is known by a column that each of them has: what the process knows of the schema may be older. */
const isOfRights = (relation: Relation): boolean =>
  tables.has(tableOf(relation)) || (relation.schema === 'public' && relation.columns.includes('disabled'));

function changedIds(change: Change): readonly string[] {
  if (change.op === 'insert' || change.op === 'truncate') return [];
  const { relation } = change;
  const at = (image: Image | undefined, column: string): string | null | undefined => image?.[relation.columns.indexOf(column)];
  // A session is also changed when it is used.
  if (tableOf(relation) === 'underpin.sessions' && change.op === 'update' && at(change.row, 'ended') === null) return [];
  const ids = [at(change.old, 'id'), change.op === 'update' ? at(change.row, 'id') : undefined];
  return [...new Set(ids.filter((id) => typeof id === 'string'))];
}
