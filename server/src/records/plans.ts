/**
 * Plans are written once for a shape and kept.
 *
 * Worry: a plan (SQL, what to bind, how to write the answer) depends on the request and on what this caller may do; writing it
 * costs more than running it, and a plan of one caller given to another is a hole.
 * Decision: a plan is a function of two things only: the request's shape, which is its key, and the answers to the questions that
 * were asked of the policy while it was written. So the questions are noted with the shape of each answer, and form a tree
 * under the key: to find a plan, the same questions are asked of the present caller, and each answer's shape leads one
 * branch further. Where there is no branch, the plan is written for him and grows one. What differs between answers of
 * one shape are constants, and these are bound at each run from the present caller's own conditions.
 * Why it is enough: nothing is read from a plan that did not pass through a question; a question that is asked anew is answered
 * for the present caller; and the writing is deterministic, so equal answers would have given the same plan.
 */
import { createHash } from 'node:crypto';
import type { ConstValue, Ir } from '@underpin/sdk/expr/ir';
import type { Ctx } from '../ctx.ts';
import type { Statement } from '../db/connect.ts';
import { ParamList, Slots } from '../expr/params.ts';
import { constantsOf, shapeKey } from '../expr/shape.ts';
import { slot } from '../kit/cache.ts';
import { limits } from '../kit/limits.ts';
import { Recent } from '../kit/recent.ts';
import type { Schema } from '../schema/load.ts';
import type { Caller, Condition, Question } from './policy.ts';

/** A statement's text under a name of its own, and how to bind it. */
export interface Template {
  readonly text: string;
  /** Absent where the plan is not kept, and where Postgres should plan for the values of each run: no connection keeps it then. */
  readonly name: string | undefined;
  readonly params: ParamList;
}

/** Writes the statements of one plan: all of them number their constants alike. */
export interface Writing {
  readonly caller: Caller;
  params(): ParamList;
  template(text: string, params: ParamList, isKept?: boolean): Template;
}

/** A plan with the constants that stand in the present request's and caller's conditions. */
export interface Planned<P> {
  readonly plan: P;
  readonly constants: readonly ConstValue[];
}

export const bind = ({ text, name, params }: Template, constants: readonly ConstValue[], sent: readonly unknown[]): Statement => ({
  text,
  ...(name === undefined ? {} : { name }),
  values: params.bind({ constants, sent }),
});

interface Branch {
  question: Question | undefined;
  readonly branches: Map<string, Branch>;
  plan: unknown;
}
/** A shape that was seen; it grows its tree when it is seen again. */
interface Shape {
  root: Branch | undefined;
}
interface Kept {
  readonly shapes: WeakMap<Schema, Recent<string, Shape>>;
  names: number;
  namesSince: number;
}
/** Shapes that are kept, and the branches at one question, which are as many as there are kinds of callers. */
const most = { shapes: 1_000, branches: 100 };
const kept = slot<Kept>('plans', () => ({ shapes: new WeakMap(), names: 0, namesSince: 0 }));
const newBranch = (): Branch => ({ question: undefined, branches: new Map(), plan: undefined });

/**
 * The plan for a request of this shape and this caller. `key` says all that the writing looks at besides `conditions` (those
 * that the request itself brings) and the policy.
 */
export function planned<P>(caller: Caller, key: string, conditions: readonly Ir[], write: (writing: Writing) => P): Planned<P> {
  const held = caller.ctx.cache.get(kept);
  const shapes = held.shapes.get(caller.schema) ?? new Recent<string, Shape>(most.shapes);
  held.shapes.set(caller.schema, shapes);
  // Of whom no rule is asked, nothing is asked while a plan is written that could tell him from others.
  const whose = `${caller.privileged ? 'privileged' : caller.exempt ? 'exempt' : ''} ${key}`;
  const name = conditions.length === 0 ? whose : `${whose}\n${conditions.map(shapeKey).join('\n')}`;
  const shape = shapes.get(name);
  const constants: ConstValue[] = [];
  for (const condition of conditions) collect(condition, constants);
  let branch = shape?.root;
  while (branch !== undefined) {
    // cast: what stands under a key was made by the one `write` that has this key.
    if (branch.question === undefined) return { plan: branch.plan as P, constants };
    const condition = branch.question.ask(caller);
    if (condition !== 'never') for (const ir of condition) collect(ir, constants);
    branch = branch.branches.get(keyOf(condition));
  }
  const grown = grow(caller, conditions, write, shape !== undefined && mayName(caller.ctx, held));
  if (shape === undefined) shapes.set(name, { root: undefined });
  else hang((shape.root ??= newBranch()), grown.path, grown.plan);
  return grown;
}

const collect = (ir: Ir, into: ConstValue[]): void => {
  for (const { value } of constantsOf(ir)) into.push(value);
};

const keys = new WeakMap<readonly Ir[], string>();
function keyOf(condition: Condition): string {
  if (condition === 'never') return 'never';
  if (condition.length === 0) return '';
  const before = keys.get(condition);
  if (before !== undefined) return before;
  const key = condition.map(shapeKey).join(' && ');
  keys.set(condition, key);
  return key;
}

type Path = readonly { readonly question: Question; readonly key: string }[];

/** Writes the plan, and notes the questions that it took and the shapes of their answers. */
function grow<P>(
  caller: Caller,
  conditions: readonly Ir[],
  write: (writing: Writing) => P,
  isNamed: boolean,
): Planned<P> & { readonly path: Path } {
  const slots = new Slots();
  const constants: ConstValue[] = [];
  const learn = (ir: Ir): void => {
    slots.learn(constantsOf(ir));
    collect(ir, constants);
  };
  conditions.forEach(learn);
  const path: { readonly question: Question; readonly key: string }[] = [];
  const answers = new Map<string, Condition>();
  const asked = (question: Question, work: () => Condition): Condition => {
    const before = answers.get(question.name);
    if (before !== undefined) return before;
    const condition = work();
    answers.set(question.name, condition);
    path.push({ question, key: keyOf(condition) });
    if (condition !== 'never') condition.forEach(learn);
    return condition;
  };
  const plan = write({
    caller: { ...caller, asked },
    params: () => new ParamList(slots),
    template: (text, params, isKept = true) => ({ text, params, name: isNamed && isKept ? nameOf(text) : undefined }),
  });
  return { plan, constants, path };
}

/** Hangs a plan into the tree, below the answers that it was written for. */
function hang(root: Branch, path: Path, plan: unknown): void {
  let at = root;
  for (const { question, key } of path) {
    at.question ??= question;
    if (at.branches.size >= most.branches) at.branches.clear();
    const next = at.branches.get(key) ?? newBranch();
    at.branches.set(key, next);
    at = next;
  }
  at.plan = plan;
}

const nameOf = (text: string): string => createHash('sha1').update(text).digest('base64url');

/**
 * A connection keeps every statement that has a name until it ends, so names are not given without bound: shapes that were
 * asked twice, and no more new ones than this for as long as a connection lives. What has no name is planned each time.
 */
function mayName(ctx: Ctx, held: Kept): boolean {
  if (ctx.now - held.namesSince > limits.database.lifetime) {
    held.names = 0;
    held.namesSince = ctx.now;
  }
  held.names += 1;
  return held.names <= limits.database.statements;
}
