/**
 * What this caller may do and see: every rule folded for him. Nothing here touches Postgres.
 *
 * `never` means that nobody of his kind ever may, and is refused without a query; a list of conditions is and-ed into
 * the statement, an empty one means always. Each condition stands on rows of its own, so each is emitted by itself.
 *
 * A rule is folded once for a caller and a schema, and remembered with the caller; only one that asks for `now` or
 * `request` is folded at every request. Whoever writes a plan notes what he asked here (`asked`), so that the plan can be
 * found again for everybody who is given conditions of the same shape (plans.ts).
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { fold } from '@underpin/sdk/expr/fold';
import type { FoldContext } from '@underpin/sdk/expr/context';
import type { SchemaModel } from '@underpin/sdk/expr/model';
import { partsOf } from '@underpin/sdk/expr/walk';
import { apiKeyOf, isGuestAddress, isPrivileged, type Actor } from '../kit/actor.ts';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { Recent } from '../kit/recent.ts';
import type { Ctx } from '../ctx.ts';
import { constantsOf, shapeKey } from '../expr/shape.ts';
import type { Action, Collection, Field } from '../schema/collection.ts';
import type { Schema } from '../schema/load.ts';
import { schemaModel } from '../schema/model.ts';
import { actionRule, fieldRule, guardRule } from '../schema/rules.ts';
import { scopeFilters, scopeOf } from './scopes.ts';

export type Condition = 'never' | readonly Ir[];
export const always: Condition = [];

/** One thing that was asked of a caller, and can be asked of another. */
export interface Question {
  readonly name: string;
  readonly ask: (caller: Caller) => Condition;
}

/** Who is asking and what he sees. */
export interface Caller {
  readonly ctx: Ctx;
  readonly schema: Schema;
  /** Sees and may all: admins and we ourselves. */
  readonly privileged: boolean;
  /** No rule is asked of him: besides those a service key, within its scopes. */
  readonly exempt: boolean;
  readonly fold: FoldContext;
  readonly known: Known;
  /** Says the same otherwise, where more is known than that: in place of each condition that is given. */
  readonly reworded?: (condition: readonly Ir[]) => readonly Ir[];
  /** Notes each condition that is given, and gives the same one again; only while a plan is written. */
  readonly asked?: (question: Question, work: () => Condition) => Condition;
}

/** What is remembered of a caller for one schema. */
interface Known {
  readonly auth: FoldContext['auth'];
  readonly conditions: Map<string, Condition>;
  model: SchemaModel | undefined;
  /** Set by a rule that asks for the moment: what was worked out with it is not remembered. */
  momentary: boolean;
}

interface Knowing {
  readonly kinds: Map<string, Known>;
  readonly accounts: Recent<object, Known>;
}
const knowing = slot('callers', () => new WeakMap<Schema, Knowing>());
const rememberedCallers = 2_000;
/** Conditions by action and by the fields that a write sends: many only where bodies differ wildly. */
const rememberedConditions = 500;

export function callerOf(ctx: Ctx, schema: Schema): Caller {
  const known = knownOf(ctx, schema);
  const privileged = isPrivileged(ctx.actor);
  return {
    ctx,
    schema,
    privileged,
    exempt: privileged || ctx.actor.kind === 'service',
    fold: { auth: known.auth, now: ctx.now, request: ctx.request },
    known,
  };
}

function knownOf(ctx: Ctx, schema: Schema): Known {
  const bySchema = ctx.cache.get(knowing);
  const held = bySchema.get(schema) ?? { kinds: new Map<string, Known>(), accounts: new Recent<object, Known>(rememberedCallers) };
  bySchema.set(schema, held);
  const { actor } = ctx;
  const one = apiKeyOf(actor) ?? (actor.kind === 'account' ? actor.record : undefined);
  const found = one === undefined ? held.kinds.get(kindOf(actor)) : held.accounts.get(one);
  if (found !== undefined) return found;
  const made: Known = {
    auth: authOf(actor),
    conditions: new Map(),
    model: undefined,
    momentary: false,
  };
  if (one === undefined) held.kinds.set(kindOf(actor), made);
  else held.accounts.set(one, made);
  return made;
}

const kindOf = (actor: Actor): string => (actor.kind === 'admin' ? `admin ${actor.role}` : actor.kind);

/** A service key is no account: `auth == null` holds for it. */
function authOf(actor: Actor): Readonly<Record<string, unknown>> | null {
  const key = apiKeyOf(actor);
  const by = key === undefined ? {} : { key: { id: key.id } };
  if (actor.kind === 'service') return by;
  if (actor.kind !== 'account') return null;
  return { guest: isGuestAddress(actor.record['email']), ...actor.record, id: actor.id, collection: actor.collection, ...by };
}

/** The schema without what this caller may never read. */
export function modelOf(caller: Caller): SchemaModel {
  const { known } = caller;
  if (known.model !== undefined) return known.model;
  const model = schemaModel(
    caller.schema,
    (collection, field) => readOf(caller, collection, field) !== 'never' && isReachable(caller, collection),
  );
  // It is worked out part by part, as it is asked; so it is kept only where no rule of the schema asks for the moment.
  if (!asksForMoment(caller)) known.model = model;
  return model;
}

const momentary = new WeakMap<Schema, boolean>();
/** Whether any rule of the schema or scope of his does: then what is there for a caller may not be there the next moment. */
export const asksForMoment = ({ schema, ctx: { actor } }: Caller): boolean =>
  rulesAskForMoment(schema) || scopeFilters(schema, apiKeyOf(actor)).some(mentionsMoment);

function rulesAskForMoment(schema: Schema): boolean {
  const before = momentary.get(schema);
  if (before !== undefined) return before;
  const rules = schema.collections.flatMap((collection) =>
    collection.system
      ? []
      : [
          ...actions.map((action) => actionRule(schema, collection, action)),
          guardRule(schema, collection, 'read'),
          ...collection.fields.map((field) => fieldRule(schema, collection, field, 'read')),
        ],
  );
  const found = rules.some((rule) => rule !== null && rule !== undefined && mentionsMoment(rule));
  momentary.set(schema, found);
  return found;
}

const moments = new WeakMap<Ir, boolean>();
export function mentionsMoment(ir: Ir): boolean {
  const before = moments.get(ir);
  if (before !== undefined) return before;
  const found = ir.op === 'context' ? ir.path[0] !== 'auth' : partsOf(ir).some(mentionsMoment);
  moments.set(ir, found);
  return found;
}

/** All of both; what says the same of the same values is asked once, as the guard, and `list` where it stands for `view`. */
const both = (a: Condition, b: Condition): Condition =>
  a === 'never' || b === 'never' ? 'never' : [...a, ...b.filter((ir) => !a.some((other) => saysTheSame(ir, other)))];

function saysTheSame(a: Ir, b: Ir): boolean {
  if (shapeKey(a) !== shapeKey(b)) return false;
  const others = constantsOf(b);
  return constantsOf(a).every(({ value }, index) => value !== null && typeof value !== 'object' && value === others[index]?.value);
}

/** A rule for this caller: null is for admins only, undefined does not restrict. */
function judged(caller: Caller, rule: Ir | null | undefined, more: Partial<FoldContext> = {}): Condition {
  if (caller.exempt || rule === undefined) return always;
  return rule === null ? 'never' : folded(caller, rule, more);
}

/** What a key's scopes leave of a collection: no rule and no right lifts it. */
function scoped(caller: Caller, collection: Collection, action: Action, of: 'read' | 'create', more: Partial<FoldContext>): Condition {
  const left = scopeOf(caller.schema, apiKeyOf(caller.ctx.actor), collection, action, of);
  return left === 'all' ? always : left === 'nothing' ? 'never' : folded(caller, left, more);
}

function folded(caller: Caller, rule: Ir, more: Partial<FoldContext>): Condition {
  if (mentionsMoment(rule)) caller.known.momentary = true;
  const left = fold(rule, { ...caller.fold, ...more });
  if (left.verdict === 'depends') return [left.ir];
  return left.verdict === 'never' ? 'never' : always;
}

/** Answers a question: from memory, or worked out and remembered. */
function answered(caller: Caller, question: Question, work: () => Condition): Condition {
  const answer = (): Condition => {
    const condition = caller.known.conditions.get(question.name) ?? workOut(caller, question, work);
    return condition === 'never' || caller.reworded === undefined ? condition : caller.reworded(condition);
  };
  return caller.asked === undefined ? answer() : caller.asked(question, answer);
}

function workOut({ known }: Caller, { name }: Question, work: () => Condition): Condition {
  known.momentary = false;
  const condition = work();
  if (!known.momentary) {
    if (known.conditions.size >= rememberedConditions) known.conditions.clear();
    known.conditions.set(name, condition);
  }
  return condition;
}

/** The same caller, of whom every condition that is asked is noted, and whether it was made of the moment. */
export const observed = (caller: Caller, note: (name: string, condition: Condition, isMomentary: boolean) => void): Caller => ({
  ...caller,
  asked: ({ name }, work) => {
    // What is remembered was not made of the moment; what is worked out says so itself.
    caller.known.momentary = false;
    const condition = work();
    note(name, condition, caller.known.momentary);
    return condition;
  },
});

/** The fields that a write sends, for the name of a question that depends on them. */
const sentName = ({ sent }: Partial<FoldContext>): string => (sent === undefined ? '' : ` ${[...sent].sort().join()}`);

/** In a change the guard, and what a key's scope says, hold for the row to be as well: nothing is moved out of the caller's reach, or into it. */
export const guardOfNext = (caller: Caller, collection: Collection, sent: ReadonlySet<string>): Condition => {
  const more = { sent };
  const question = {
    name: `${collection.name}/guard${sentName(more)}`,
    ask: (other: Caller): Condition => guardOfNext(other, collection, sent),
  };
  return answered(caller, question, () =>
    both(scoped(caller, collection, 'update', 'create', more), judged(caller, guardRule(caller.schema, collection, 'create'), more)),
  );
};

const actions = ['list', 'view', 'create', 'update', 'delete'] as const;

/** The condition of one action. `list` and `history` include `view`; update and delete do not: a record that is not viewable is a 404. */
export function policyFor(caller: Caller, collection: Collection, action: Action, more: Partial<FoldContext> = {}): Condition {
  const question = {
    name: `${collection.name}/${action}${sentName(more)}`,
    ask: (other: Caller): Condition => policyFor(other, collection, action, more),
  };
  return answered(caller, question, () => policyOf(caller, collection, action, more));
}

function policyOf(caller: Caller, collection: Collection, action: Action, more: Partial<FoldContext>): Condition {
  if (collection.system && !mayLookAt(caller, collection, action)) return 'never';
  if (isViewer(caller.ctx.actor) && !readings.has(action)) return 'never';
  const of = action === 'create' ? 'create' : 'read';
  const rule = judged(caller, actionRule(caller.schema, collection, action), more);
  const guarded = both(judged(caller, guardRule(caller.schema, collection, of), more), rule);
  const within = both(scoped(caller, collection, action, of, more), guarded);
  return action === 'list' || action === 'history' ? both(policyOf(caller, collection, 'view', {}), within) : within;
}

/** Our own collections: admins look at all of them, accounts at what is theirs where a rule of ours says so, and nobody writes. */
const mayLookAt = ({ privileged, ctx: { actor } }: Caller, collection: Collection, action: Action): boolean =>
  (action === 'list' || action === 'view') &&
  (privileged || (actor.kind === 'account' && actor.key === undefined && collection.def.rules?.list !== undefined));

const readings: ReadonlySet<Action> = new Set(['list', 'view', 'history']);
const isViewer = (actor: Actor): boolean => actor.kind === 'admin' && actor.role === 'viewer';

/** What he may read of a field, on top of its record. */
export function readOf(caller: Caller, collection: Collection, field: Field): Condition {
  if (field.def.secret === true) return 'never';
  if (field.def.rules?.read === undefined) return always;
  const question = {
    name: `${collection.name}.${field.name}/read`,
    ask: (other: Caller): Condition => readOf(other, collection, field),
  };
  return answered(caller, question, () => judged(caller, fieldRule(caller.schema, collection, field, 'read')));
}

export function writeOf(
  caller: Caller,
  collection: Collection,
  field: Field,
  of: 'write-create' | 'write-update',
  sent: ReadonlySet<string>,
): Condition {
  if (field.def.rules?.write === undefined && field.written !== 'admins') return always;
  const more = { sent, creating: of === 'write-create' };
  const question = {
    name: `${collection.name}.${field.name}/${of}${sentName(more)}`,
    ask: (other: Caller): Condition => writeOf(other, collection, field, of, sent),
  };
  return answered(caller, question, () =>
    field.written === 'admins' && !caller.exempt ? 'never' : judged(caller, fieldRule(caller.schema, collection, field, of), more),
  );
}

/** Whether any row of it could ever be seen by him: what is not, no filter can go through. */
const isReachable = (caller: Caller, collection: Collection): boolean =>
  actions.some((action) => policyFor(caller, collection, action) !== 'never');

/** Refuses a collection of which nothing is open to the caller: it is as if there were none. */
export function refuseHidden(caller: Caller, collection: Collection): void {
  if (isReachable(caller, collection)) return;
  if (caller.ctx.actor.kind === 'anonymous') throw fail('unauthenticated', 'Sign in to use this collection.');
  throw fail('not_found', `There is no collection "${collection.name}".`);
}

/** Refuses an action that is never open to the caller. */
export function refuseNever(caller: Caller, condition: Condition): asserts condition is readonly Ir[] {
  if (condition !== 'never') return;
  if (caller.ctx.actor.kind === 'anonymous') throw fail('unauthenticated');
  throw fail('forbidden');
}
