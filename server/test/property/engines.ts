/** One rule, decided for every row by Postgres, by the evaluator on the folded and on the unfolded tree, and by the folder alone. */
import { ExprError, clientLimits, ruleLimits } from '@underpin/sdk/expr/ast';
import { check } from '@underpin/sdk/expr/check';
import { contextValue, isInContext, type FoldContext } from '@underpin/sdk/expr/context';
import { compile } from '@underpin/sdk/expr/evaluate';
import type { Stored } from '@underpin/sdk/expr/findings';
import { fold, type Folded } from '@underpin/sdk/expr/fold';
import type { Ir } from '@underpin/sdk/expr/ir';
import { isChanged } from '@underpin/sdk/expr/operate';
import { parse } from '@underpin/sdk/expr/parse';
import { always, constant } from '@underpin/sdk/expr/values';
import type { MemoryView, Subject } from '@underpin/sdk/expr/world';
import type { Db } from '../../src/db/connect.ts';
import { ParamList } from '../../src/expr/params.ts';
import { createEmitter } from '../../src/expr/sql.ts';
import { memoryView } from '../../src/records/rules/memory.ts';
import { callerView } from '../../src/records/reading/select.ts';
import { changedSql } from '../../src/records/writing/update.ts';
import { modelOf, type Caller } from '../../src/records/policy.ts';
import { authFields, naming, wholeModel } from '../../src/schema/model.ts';
import { Judge } from './judge.ts';
import { PartialWorld, withoutLists } from './partial.ts';
import type { Known } from './world.ts';
import { rebuild } from '@underpin/sdk/expr/walk';

export interface Case {
  readonly source: string;
  readonly scope: 'read' | 'filter' | 'update';
  readonly collection: string;
  /** Which of the callers asks. */
  readonly who: number;
}
export interface Prepared extends Case {
  readonly ir: Ir;
  readonly folded: Folded;
  readonly context: FoldContext;
  readonly view: MemoryView | undefined;
  /** The same straight from the texts of the rules, by nothing of the product that makes conditions of them. */
  readonly judged: MemoryView | undefined;
}
/** What is switched off or made naive, to see that the gate would notice. */
export interface Hooks {
  readonly sql?: (text: string) => string;
  /** The tree that SQL is made of. */
  readonly emitted?: (ir: Ir) => Ir;
  readonly compile?: typeof compile;
  /** Rules of which nothing is to be learnt are not run. */
  readonly relevant?: (ir: Ir) => boolean;
}

/** What a write of the suite sends: `changed` of anything else is false. */
const sent: ReadonlySet<string> = new Set(['title', 'score', 'n', 'price', 'pub', 'due', 'at', 'place', 'owner']);

/** Undefined where the text does not check, as where it names what the caller never sees. */
export function prepare(known: Known, one: Case): Prepared | undefined {
  const caller = known.callers[one.who]?.caller;
  if (caller === undefined) throw new Error('no such caller');
  const isFilter = one.scope === 'filter';
  const schema = isFilter ? modelOf(caller) : wholeModel(known.schema);
  try {
    const options = { schema, collection: one.collection, scope: one.scope, auth: authFields(known.schema) };
    // As deep as a rule may be, for a filter too: what is compared is meaning, not bounds.
    const { ir } = check(parse(one.source, ruleLimits), {
      ...options,
      limits: isFilter ? { ...ruleLimits, hops: clientLimits.hops } : ruleLimits,
    });
    const context = one.scope === 'update' ? { ...caller.fold, sent } : caller.fold;
    return {
      ...one,
      ir,
      folded: fold(ir, context),
      context,
      ...(isFilter ? viewsOf(known, caller) : { view: undefined, judged: undefined }),
    };
  } catch (error) {
    if (error instanceof ExprError) return undefined;
    throw error;
  }
}

type Views = Pick<Prepared, 'view' | 'judged'>;
const views = new WeakMap<object, Views>();
function viewsOf(known: Known, caller: Caller): Views {
  const made = views.get(caller) ?? { view: memoryView(caller), judged: new Judge(known, caller.fold).filtered };
  views.set(caller, made);
  return made;
}

/** The rows with what stands beside each: in a change the row to be, which is another of the same table. */
export function subjectsOf(known: Known, { collection, scope }: Case): readonly (Subject & { readonly record: Stored })[] {
  const rows = known.rows.get(collection) ?? [];
  if (scope !== 'update') return rows.map((record) => ({ record, world: known.world }));
  const fields = known.schema.byName.get(collection)?.byName;
  return rows.map((record, index) => {
    const next = rows[partner(index, rows.length)] ?? record;
    const changed = (field: string): boolean => {
      const ty = fields?.get(field)?.ty;
      return ty !== undefined && isChanged(ty, record[field] ?? null, next[field] ?? null);
    };
    return { record, next, changed, world: known.world };
  });
}
const partner = (index: number, length: number): number => (index * 7 + 3) % length;

const idsWhere = (known: Known, one: Case, holds: (subject: Subject & { readonly record: Stored }) => boolean): ReadonlySet<string> =>
  new Set(subjectsOf(known, one).flatMap((subject) => (holds(subject) ? [String(subject.record['id'])] : [])));

export function inMemory(known: Known, one: Prepared, hooks: Hooks = {}): ReadonlySet<string> {
  if (one.folded.verdict !== 'depends') return idsWhere(known, one, () => one.folded.verdict === 'always');
  const decide = (hooks.compile ?? compile)(one.folded.ir, one.view);
  return idsWhere(known, one, (subject) => decide(subject).holds);
}

/** In a world of which nothing is known at first: what an evaluation missed is put in, and it is done again. */
export function byLoading(known: Known, one: Prepared): ReadonlySet<string> {
  if (one.folded.verdict !== 'depends') return inMemory(known, one);
  const decide = compile(one.folded.ir, one.view);
  let rows = 0;
  return idsWhere(known, one, (subject) => {
    // A few rows are enough: they differ in what is loaded, not in how.
    if ((rows += 1) > 10) return decide(subject).holds;
    const world = new PartialWorld(known.world);
    const next = subject.next && withoutLists(subject.next);
    for (let round = 0; round < 20; round += 1) {
      const { holds, missing } = decide({ ...subject, record: withoutLists(subject.record), ...(next ? { next } : {}), world });
      if (missing.length === 0) return holds;
      world.learn(missing);
    }
    throw new Error(`never knew enough for ${one.source}`);
  });
}

/** The context put in and nothing simplified, and what guards and masks say by the judge. */
export function unfolded(known: Known, one: Prepared): ReadonlySet<string> {
  const bind = (ir: Ir): Ir => {
    if (ir.op === 'absent' && ir.of.op === 'context' && ir.of.ty.kind === 'json' && ir.of.path[0] === 'auth')
      return always(ir, !isInContext(one.context, ir.of.path));
    if (ir.op === 'context') return constant(ir, contextValue(one.context, ir.path, ir.ty), ir.ty);
    if (ir.op === 'changed' && one.scope === 'update' && !sent.has(ir.field)) return always(ir, false);
    return rebuild(ir, bind);
  };
  const decide = compile(bind(one.ir), one.judged);
  return idsWhere(known, one, (subject) => decide(subject).holds);
}

/** The folder alone, told all of the row; for what speaks of the row and the caller only. */
export function byFolding(known: Known, one: Prepared): ReadonlySet<string> {
  return idsWhere(known, one, (subject) => {
    const put = (ir: Ir): Ir => {
      if (ir.op === 'changed') return always(ir, sent.has(ir.field) && subject.changed?.(ir.field) === true);
      if (ir.op !== 'column') return rebuild(ir, put);
      const row = ir.row.origin.kind === 'next' ? (subject.next ?? null) : subject.record;
      return constant(ir, row?.[ir.field] ?? null, ir.ty);
    };
    const decided = fold(put(one.ir), one.context);
    if (decided.verdict === 'depends') throw new Error(`the folder left something of ${one.source}`);
    return decided.verdict === 'always';
  });
}

/** All in one statement; an error of Postgres is told of the rule that causes it. */
export async function inPostgres(
  db: Db,
  known: Known,
  cases: readonly Prepared[],
  hooks: Hooks = {},
): Promise<(ReadonlySet<string> | Error)[]> {
  const params = new ParamList();
  const selects = cases.map((one, index) => selectOf(known, one, params, index, hooks));
  const text = selects.join('\nUNION ALL ');
  const found = new Map<number, ReadonlySet<string>>();
  try {
    const { rows } = await db.run({ text: hooks.sql?.(text) ?? text, values: params.values });
    for (const row of rows) {
      const ids = Array.isArray(row['ids']) ? row['ids'].map(String) : [];
      const distinct = new Set(ids);
      if (distinct.size !== ids.length) throw new Error('a row came twice');
      found.set(Number(row['k']), distinct);
    }
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    if (cases.length === 1) return [failure];
    const halves = [cases.slice(0, cases.length / 2), cases.slice(cases.length / 2)];
    return [...(await inPostgres(db, known, halves[0] ?? [], hooks)), ...(await inPostgres(db, known, halves[1] ?? [], hooks))];
  }
  return cases.map((_one, index) => found.get(index) ?? new Set());
}

function selectOf(known: Known, one: Prepared, params: ParamList, index: number, hooks: Hooks): string {
  const caller = known.callers[one.who]?.caller;
  const table = known.schema.byName.get(one.collection)?.table ?? '';
  if (one.folded.verdict !== 'depends' || caller === undefined)
    return `SELECT ${index} AS k, array_agg(r."id") AS ids FROM ${table} r WHERE ${one.folded.verdict === 'always'}`;
  const record = `r${params.nextAlias()}`;
  const next = `n${params.nextAlias()}`;
  const emitter = createEmitter({
    naming: naming(known.schema),
    params,
    record,
    ...(one.scope === 'filter' ? { view: callerView(caller) } : {}),
    ...(one.scope === 'update'
      ? { next, changed: (field) => changedSql(known.schema.byName.get(one.collection)?.byName.get(field), next, record) }
      : {}),
  });
  const holds = emitter.holds(hooks.emitted?.(one.folded.ir) ?? one.folded.ir);
  return `SELECT ${index} AS k, array_agg(${record}."id") AS ids FROM ${table} ${record}${one.scope === 'update' ? pairs(known, one, params, record, next, table) : ''}${emitter.joins()} WHERE ${holds}`;
}

function pairs(known: Known, one: Prepared, params: ParamList, record: string, next: string, table: string): string {
  const ids = subjectsOf(known, one).map((subject) => [String(subject.record['id']), String(subject.next?.['id'])] as const);
  const list = (side: 0 | 1): string =>
    params.add(
      ids.map((pair) => pair[side]),
      'uuid[]',
    );
  const pair = `p${params.nextAlias()}`;
  return ` JOIN unnest(${list(0)}, ${list(1)}) ${pair}(a, b) ON ${pair}.a = ${record}."id" JOIN ${table} ${next} ON ${next}."id" = ${pair}.b`;
}
