/** Why a rule lets somebody, or does not: verdict, trace, SQL, lints, and what it means for the data. For admins alone. */
import { ExprError } from '@underpin/sdk/expr/ast';
import { compile } from '@underpin/sdk/expr/evaluate';
import { explain } from '@underpin/sdk/expr/explain';
import type { FoldContext } from '@underpin/sdk/expr/context';
import type { Trace } from '@underpin/sdk/expr/findings';
import type { Ir } from '@underpin/sdk/expr/ir';
import type { Subject } from '@underpin/sdk/expr/world';
import type { Rule, RuleExplanation, RuleImpact } from '@underpin/sdk/wire';
import type { Ctx } from '../../ctx.ts';
import { ParamList } from '../../expr/params.ts';
import type { Actor } from '../../kit/actor.ts';
import type { Collection } from '../../schema/collection.ts';
import { refused } from '../../schema/definition.ts';
import { ruleAt, withRule, type RuleAt } from '../../schema/drafted.ts';
import { collectionNamed, schemaOf, type Schema } from '../../schema/load.ts';
import { checkPlace } from '../../schema/rules.ts';
import { compareVisible, countVisible, type Judged } from './impact.ts';
import { lintsOf } from './lints.ts';
import { LoadedWorld } from './memory.ts';
import { always, callerOf, guardOfNext, policyFor, readOf, writeOf, type Caller, type Condition } from '../policy.ts';
import { allHold, type Root } from '../reading/select.ts';
import { subjectOf, type Asked } from './subject.ts';
import { changedSql } from '../writing/update.ts';

export interface RuleQuestion extends RuleAt {
  readonly collection: string;
  /** A draft; absent: the rule in force. */
  readonly rule?: Rule;
  /** The record that it is judged on, and what is written. */
  readonly id?: string;
  readonly data?: unknown;
}

/** `as`: whom it is explained for; `ctx.actor` is the admin who asks. */
export async function explainRule(ctx: Ctx, as: Actor, question: RuleQuestion): Promise<RuleExplanation> {
  const live = await schemaOf(ctx);
  const stored = collectionNamed(live, question.collection); // 404
  if (stored.system) throw refused([{ pointer: '/collection', code: 'invalid_request', message: 'Collections of ours have no rules' }]);
  if (question.field !== undefined && !stored.byName.has(question.field.name))
    throw refused([{ pointer: '/field/name', code: 'unknown_field', message: `Unknown field "${question.field.name}"` }]);
  const rule = question.rule === undefined ? ruleAt(stored, question) : question.rule;
  const ir = rule === null ? undefined : checkDraft(live, stored, question, rule); // 400
  const schema = question.rule === undefined ? live : withRule(live, stored, question, rule);
  const collection = collectionNamed(schema, question.collection);
  const caller = callerOf({ ...ctx, actor: as }, schema);
  const asked = await subjectOf(ctx, caller, collection, question); // 404, 422
  const condition = conditionOf(caller, collection, question, asked);
  const judged: Judged = { caller, condition };
  const isReading = question.field === undefined && (question.action === 'list' || question.action === 'view');
  const world = new LoadedWorld(schema);
  const counts = isReading ? await countVisible(ctx, collection, judged) : undefined;
  const impact = isReading && question.rule !== undefined ? await impactOf(ctx, live, schema, collection, question, as) : undefined;
  const timedOut = [
    ...(isReading && counts === undefined ? ['counts' as const] : []),
    ...(impact === 'timeout' ? ['impact' as const] : []),
  ];
  return {
    rule,
    verdict: condition === 'never' ? 'never' : condition.length === 0 ? 'always' : 'depends',
    ...(asked === undefined ? {} : { allowed: await isAllowed(ctx, world, condition, asked.subject(world)) }),
    ...(asked === undefined || ir === undefined || rule === null
      ? {}
      : { trace: await traceOf(ctx, world, rule, ir, { ...caller.fold, ...asked.more }, asked.subject(world)) }),
    sql: sqlOf(caller, collection, condition, question),
    lints: lintsOf(schema, collection, question, rule),
    ...(counts === undefined ? {} : { counts }),
    ...(Array.isArray(impact) ? { impact } : {}),
    ...(timedOut.length > 0 ? { timedOut } : {}),
  };
}

/** In which scope a rule is checked. */
const scopeAt = ({ action, field }: RuleAt): 'read' | 'create' | 'update' =>
  field === undefined
    ? action === 'create' || action === 'update'
      ? action
      : 'read'
    : field.of === 'read'
      ? 'read'
      : action === 'create'
        ? 'create'
        : 'update';

function checkDraft(schema: Schema, collection: Collection, question: RuleQuestion, text: string): Ir {
  try {
    return checkPlace(schema, collection, { text, scope: scopeAt(question) }).ir;
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    const { code, message, start, end, hint } = error;
    throw refused([
      { pointer: '/rule', code, message: `${message} (at ${start + 1})${hint === undefined ? '' : ` ${hint}`}`, ...{ start, end } },
    ]);
  }
}

/** All that the server asks for this action, folded for the caller: the rule, the guard, and what must be viewable. */
function conditionOf(caller: Caller, collection: Collection, { action, field }: RuleQuestion, asked: Asked | undefined): Condition {
  const more = asked?.more ?? {};
  const own = field && collection.byName.get(field.name);
  if (field !== undefined && own !== undefined) {
    if (field.of === 'read') return readOf(caller, collection, own);
    return writeOf(caller, collection, own, action === 'create' ? 'write-create' : 'write-update', asked?.sent ?? new Set([field.name]));
  }
  const rule = policyFor(caller, collection, action, more);
  if (action !== 'update' && action !== 'delete') return rule;
  const next = action === 'update' ? guardOfNext(caller, collection, asked?.sent ?? new Set()) : always;
  return [policyFor(caller, collection, 'view'), rule, next].reduce<Condition>(
    (all, one) => (all === 'never' || one === 'never' ? 'never' : [...all, ...one]),
    always,
  );
}

async function isAllowed(ctx: Ctx, world: LoadedWorld, condition: Condition, subject: Subject): Promise<boolean> {
  if (condition === 'never') return false;
  for (const ir of condition) {
    const decide = compile(ir);
    if (!(await world.decide(ctx.db, () => decide(subject)))) return false;
  }
  return true;
}

async function traceOf(ctx: Ctx, world: LoadedWorld, text: string, ir: Ir, context: FoldContext, subject: Subject): Promise<Trace> {
  for (;;) {
    const { trace, missing } = explain(text, ir, context, subject);
    if (missing.length === 0) return trace;
    await world.load(ctx.db, missing);
  }
}

function sqlOf(caller: Caller, collection: Collection, condition: Condition, { action }: RuleQuestion): RuleExplanation['sql'] {
  if (condition === 'never' || condition.length === 0) return null;
  const params = new ParamList();
  const root: Root = { alias: action === 'create' ? 'n' : 'r', joins: [] };
  const holds = allHold(caller, params, root, condition, {
    next: 'n',
    changed: (field) => changedSql(collection.byName.get(field), 'n', 'r'),
  });
  const from = action === 'create' ? 'n' : action === 'update' ? `${collection.table} r, n` : `${collection.table} r`;
  return { text: `SELECT FROM ${from}${root.joins.join('')} WHERE ${holds}`, values: params.values };
}

/** What the draft changes, for nobody and for the caller. */
async function impactOf(
  ctx: Ctx,
  live: Schema,
  drafted: Schema,
  collection: Collection,
  { action }: RuleQuestion,
  as: Actor,
): Promise<readonly RuleImpact[] | 'timeout'> {
  const nobody: Actor = { kind: 'anonymous', address: ctx.actor.address };
  const found: RuleImpact[] = [];
  for (const actor of as.kind === 'account' ? [nobody, as] : [nobody]) {
    const judged = (schema: Schema): Judged => {
      const caller = callerOf({ ...ctx, actor }, schema);
      return { caller, condition: policyFor(caller, collectionNamed(schema, collection.name), action) };
    };
    const who = actor.kind === 'account' ? 'account' : 'anonymous';
    const impact = await compareVisible(ctx, collection, who, judged(live), judged(drafted));
    if (impact === undefined) return 'timeout';
    found.push(impact);
  }
  return found;
}
