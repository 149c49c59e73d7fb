/** What the keeper writes: some steps in their order, in one transaction that holds only while the place bears our session. */
import type { Db } from '../../db/connect.ts';
import type { Ended } from '../transactions.ts';
import type { Row } from './rows.ts';

/** A transaction under way. */
export interface Top {
  readonly xid: number;
  /** Held here. */
  rows: Row[];
  aside: boolean;
  /** Put aside in `effects_pieces`. */
  stored: number;
  /** All that came of it. */
  count: number;
}

interface Committed {
  readonly kind: 'commit';
  readonly top: Top | undefined;
  readonly rows: readonly Row[];
  readonly ended: Ended;
  readonly meta: unknown;
  /** Not copied before. */
  readonly isNew: boolean;
}

export type Step = { readonly size: number } & (
  | { readonly kind: 'store'; readonly top: Top; readonly rows: readonly Row[] }
  /** Without `xid`: all of it. */
  | { readonly kind: 'undo'; readonly top: Top; readonly xid: number | undefined }
  | Committed
);

export const write = (db: Db, session: string, epoch: string, steps: readonly Step[]): Promise<void> =>
  db.transaction(async (tx) => {
    const last = steps.findLast((step) => step.kind === 'commit' && step.isNew);
    const position = last?.kind === 'commit' ? last.ended.position : '';
    const { count } = await tx.run({
      name: 'effects place',
      text: 'UPDATE underpin.effects_place SET position = greatest(position, $2) WHERE session = $1',
      values: [session, position],
    });
    if (count !== 1) throw new Error('another connection reads the log of changes');
    const plain: Copied[] = [];
    for (const step of steps) {
      if (step.kind === 'store') await store(tx, session, step.top, step.rows);
      else if (step.kind === 'undo') step.top.stored -= await forget(tx, session, step.top, step.xid);
      else {
        if (step.top !== undefined && step.top.stored > 0) {
          await copy(tx, epoch, plain.splice(0));
          await settle(tx, session, epoch, step, step.top);
        }
        if (step.isNew)
          plain.push(...step.rows.map((row) => ({ ...row, position: step.ended.position, at: step.ended.at, meta: step.meta })));
      }
    }
    await copy(tx, epoch, plain);
  });

interface Copied extends Row {
  readonly position: string;
  readonly at: number;
  readonly meta: unknown;
}

async function store(db: Db, session: string, top: Top, rows: readonly Row[]): Promise<void> {
  await db.run({
    name: 'effects store',
    text: `INSERT INTO underpin.effects_pieces (session, top, xid, n, kind, collection, record, before, after)
           SELECT $1, $2, r.xid, r.n, r.kind, r.collection, r.record, r.before, r.after
           FROM jsonb_to_recordset($3::jsonb) AS r(xid bigint, n bigint, kind text, collection uuid, record uuid, before jsonb, after jsonb)`,
    values: [session, top.xid, JSON.stringify(rows)],
  });
  top.stored += rows.length;
}

async function forget(db: Db, session: string, top: Top, xid: number | undefined): Promise<number> {
  if (top.stored === 0) return 0;
  const { count } = await db.run({
    text: 'DELETE FROM underpin.effects_pieces WHERE session = $1 AND top = $2 AND ($3::bigint IS NULL OR xid = $3)',
    values: [session, top.xid, xid ?? null],
  });
  return count;
}

/** Those of tables that the log is to be copied for from before on. What is there already stays once. */
const into = (
  values: string,
): string => `INSERT INTO underpin.effects (epoch, position, n, kind, collection, record, before, after, meta, at)
  SELECT $1, ${values} JOIN underpin.followed f ON f.collection = r.collection`;
const once = 'ON CONFLICT (epoch, position, n) DO NOTHING';

async function copy(db: Db, epoch: string, rows: readonly Copied[]): Promise<void> {
  if (rows.length === 0) return;
  await db.run({
    name: 'effects copy',
    text: `${into(`r.position, r.n, r.kind, r.collection, r.record, r.before, r.after, nullif(r.meta, 'null'), to_timestamp(r.at / 1000.0)
      FROM jsonb_to_recordset($2::jsonb) AS r(position text, n bigint, kind text, collection uuid, record uuid, before jsonb, after jsonb, meta jsonb, at float8)`)}
      WHERE f.since < r.position ORDER BY r.position COLLATE "C", r.n ${once}`,
    values: [epoch, JSON.stringify(rows)],
  });
}

async function settle(db: Db, session: string, epoch: string, { ended, meta, isNew }: Committed, top: Top): Promise<void> {
  if (isNew)
    await db.run({
      text: `${into("$2, r.n, r.kind, r.collection, r.record, r.before, r.after, nullif($3::jsonb, 'null'), $4 FROM underpin.effects_pieces r")}
        WHERE f.since < $2 AND r.session = $5 AND r.top = $6 ORDER BY r.n ${once}`,
      values: [epoch, ended.position, JSON.stringify(meta), new Date(ended.at), session, top.xid],
    });
  // They are not safe from a crash; what is gone has to be read again.
  const { stored } = top;
  if ((await forget(db, session, top, undefined)) !== stored) throw new Error('pieces of a transaction are gone');
  top.stored = 0;
}
