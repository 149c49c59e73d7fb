/**
 * What this caller may do and see: every rule folded for him. Nothing here touches Postgres.
 *
 * `never` means that nobody of his kind ever may, and is refused without a query; a list of conditions is and-ed into
 * the statement, an empty one means always. Each condition stands on rows of its own, so each is emitted by itself.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { fold } from '@underpin/sdk/expr/fold';
import type { FoldContext } from '@underpin/sdk/expr/context';
import type { SchemaModel } from '@underpin/sdk/expr/model';
import { isPrivileged, type Actor } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import type { Ctx } from '../ctx.ts';
import type { Action, Collection, Field } from '../schema/collection.ts';
import type { Schema } from '../schema/load.ts';
import { schemaModel } from '../schema/model.ts';
import { actionRule, fieldRule, guardRule } from '../schema/rules.ts';

export type Condition = 'never' | readonly Ir[];
export const always: Condition = [];

/** Who is asking and what he sees, worked out once for a request. */
export interface Caller {
  readonly ctx: Ctx;
  readonly schema: Schema;
  readonly privileged: boolean;
  readonly fold: FoldContext;
  /** The schema without what this caller may never read. */
  readonly model: SchemaModel;
}

export function callerOf(ctx: Ctx, schema: Schema): Caller {
  const privileged = isPrivileged(ctx.actor);
  const base = { ctx, schema, privileged, fold: { auth: authOf(ctx.actor), now: ctx.now, request: ctx.request } };
  const model = schemaModel(schema, (collection, field) => readOf(base, collection, field) !== 'never' && reachable(base, collection));
  return { ...base, model };
}
type Asking = Omit<Caller, 'model'>;

const authOf = (actor: Actor): Readonly<Record<string, unknown>> | null =>
  actor.kind === 'account' ? { guest: false, ...actor.record, id: actor.id, collection: actor.collection } : null;

const both = (a: Condition, b: Condition): Condition => (a === 'never' || b === 'never' ? 'never' : [...a, ...b]);

/** A rule for this caller: null is for admins only, undefined does not restrict. */
function judged(caller: Asking, rule: Ir | null | undefined, more: Partial<FoldContext> = {}): Condition {
  if (caller.privileged || rule === undefined) return always;
  if (rule === null) return 'never';
  const folded = fold(rule, { ...caller.fold, ...more });
  if (folded.verdict === 'depends') return [folded.ir];
  return folded.verdict === 'never' ? 'never' : always;
}

/** In a change the guard holds for the row to be as well: nothing is moved out of the caller's reach, or into it. */
export const guardOfNext = (caller: Asking, collection: Collection, sent: ReadonlySet<string>): Condition =>
  judged(caller, guardRule(caller.schema, collection, 'create'), { sent });

/** The condition of one action. `list` includes `view`; update and delete do not: a record that is not viewable is a 404. */
export function policyFor(caller: Asking, collection: Collection, action: Action, more: Partial<FoldContext> = {}): Condition {
  if (collection.system) return caller.privileged && (action === 'list' || action === 'view') ? always : 'never';
  if (isViewer(caller.ctx.actor) && action !== 'list' && action !== 'view') return 'never';
  const rule = judged(caller, actionRule(caller.schema, collection, action), more);
  const guarded = both(judged(caller, guardRule(caller.schema, collection, action === 'create' ? 'create' : 'read'), more), rule);
  return action === 'list' ? both(policyFor(caller, collection, 'view'), guarded) : guarded;
}

const isViewer = (actor: Actor): boolean => actor.kind === 'admin' && actor.role === 'viewer';

/** What he may read of a field, on top of its record. */
export function readOf(caller: Asking, collection: Collection, field: Field): Condition {
  if (field.def.secret === true) return 'never';
  return judged(caller, fieldRule(caller.schema, collection, field, 'read'));
}

export function writeOf(
  caller: Asking,
  collection: Collection,
  field: Field,
  of: 'write-create' | 'write-update',
  sent: ReadonlySet<string>,
): Condition {
  if (field.written === 'admins' && !caller.privileged) return 'never';
  return judged(caller, fieldRule(caller.schema, collection, field, of), { sent, creating: of === 'write-create' });
}

/** Whether any row of it could ever be seen by him: what is not, no filter can go through. */
const reachable = (caller: Asking, collection: Collection): boolean =>
  (['list', 'view', 'create', 'update', 'delete'] as const).some((action) => policyFor(caller, collection, action) !== 'never');

/** Refuses a collection of which nothing is open to the caller: it is as if there were none. */
export function refuseHidden(caller: Caller, collection: Collection): void {
  if (reachable(caller, collection)) return;
  if (caller.ctx.actor.kind === 'anonymous') throw fail('unauthenticated', 'Sign in to use this collection.');
  throw fail('not_found', `There is no collection "${collection.name}".`);
}

/** Refuses an action that is never open to the caller. */
export function refuseNever(caller: Caller, condition: Condition): asserts condition is readonly Ir[] {
  if (condition !== 'never') return;
  if (caller.ctx.actor.kind === 'anonymous') throw fail('unauthenticated');
  throw fail('forbidden');
}
