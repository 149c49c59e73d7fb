/**
 * Indexes that would help a collection, with the reason for each. For admins alone.
 *
 * Worry: advice that follows from the text of a rule alone is wrong as often as not: the planner may have another way, the
 * table may be small, the value may be that of half the records. And each index that helps nobody makes every write slower.
 * Decision: Postgres is asked. The statements are those of lists: as they were really asked (tally.ts), and as an example caller of each
 * kind would ask them under the rules alone. Each is explained, not run. Advice is given where the plan goes through the table record
 * by record (a Seq Scan, or an index walked for its order alone), there is an index that could serve it (wanted.ts) and does not
 * exist, and reading just what it finds would cost less than a third of what the planner now reckons with.
 * Why it is enough: the plan is the one that a request gets, from the statistics of the real records; and only lists go through
 * tables. View, update and delete are asked of one record, which is found by its id, and their rules are judged on that one. Relations
 * are born with an index, so that inverses and expands are served. Where it is not known how many records there are, nothing is said.
 */
import { z } from 'zod';
import type { IndexAdvice } from '@underpin/sdk/wire';
import type { Ctx } from '../../ctx.ts';
import type { ResultRow, Statement } from '../../db/connect.ts';
import type { Actor } from '../../kit/actor.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import { createIndex } from '../../schema/ddl.ts';
import { collectionNamed, schemaOf, type Schema } from '../../schema/load.ts';
import { rowColumns } from '../rules/memory.ts';
import { parseList } from '../parse/list.ts';
import { planList } from '../reading/plan.ts';
import { callerOf, policyFor } from '../policy.ts';
import { talliesOf } from './tally.ts';
import type { Wanted } from './wanted.ts';

/** A list to explain: who asks it or how it was asked, as the beginning of a sentence. */
interface Case {
  readonly who: string;
  readonly statement: Statement;
  readonly wants: readonly Wanted[];
}

export async function adviseIndexes(ctx: Ctx, name: string): Promise<readonly IndexAdvice[]> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const records = await countRecords(ctx, collection);
  if (collection.system || records < limits.advice.records) return [];
  const indexes = await indexesOf(ctx, collection);
  const isMissing = (wanted: Wanted): boolean => wanted.collection === name && !indexes.some((index) => serves(index, wanted));
  const advice = new Map<string, IndexAdvice>();
  for (const { who, statement, wants } of [...asked(ctx, schema), ...(await underRules(ctx, schema))]) {
    const missing = wants.filter(isMissing);
    const walk = missing.length === 0 ? undefined : walkIn(await explained(ctx, statement), name);
    if (walk === undefined) continue;
    for (const wanted of missing) {
      const fields = [...wanted.equal, ...wanted.then];
      if (advice.has(fields.join()) || !isWorth(walk, wanted)) continue;
      const because = `${who} goes through ${name} record by record (about ${inWords(records)}) ${purpose(walk, wanted)}.`;
      const sql = createIndex({ ...collection.def, id: collection.id }, { fields });
      // Without our name: what somebody makes by hand is his, and stands in nobody's way who adds it to the definition later.
      advice.set(fields.join(), { fields, because, statement: sql.replace(/INDEX \S+/, 'INDEX CONCURRENTLY') });
    }
  }
  return [...advice.values()].slice(0, limits.advice.most);
}

const inWords = (count: number): string => Math.round(count).toLocaleString('en');

const purpose = ({ finds }: Walk, { equal, then, ordered }: Wanted): string => {
  const by = ordered ? equal : [...equal, ...then];
  return by.length === 0 ? `to put them in the order of ${then.join(', ')}` : `to find about ${inWords(finds)} by ${by.join(' and ')}`;
};

function asked(ctx: Ctx, schema: Schema): readonly Case[] {
  const tallies = talliesOf(ctx, schema).slice(0, limits.advice.explained);
  return tallies.flatMap(({ wants, statement, times, slowest }) => {
    const who = `A list that was asked ${times === 1 ? 'once' : `${times} times`} and took ${slowest.toFixed(1)} ms at most`;
    return statement === undefined ? [] : [{ who, statement, wants }];
  });
}

/** What everybody gets who asks a collection for its list without a filter. */
async function underRules(ctx: Ctx, schema: Schema): Promise<readonly Case[]> {
  const { address } = ctx.actor;
  const accounts = await Promise.all(schema.collections.map((collection) => exampleOf(ctx, collection)));
  const actors: readonly Actor[] = [{ kind: 'anonymous', address }, ...accounts.filter((actor) => actor !== undefined)];
  return actors.flatMap((actor) => {
    const caller = callerOf({ ...ctx, actor }, schema);
    return schema.collections.flatMap((collection): readonly Case[] => {
      const allowed = policyFor(caller, collection, 'list');
      if (allowed === 'never' || allowed.length === 0) return [];
      const { tally, rows } = planList(caller, collection, parseList(caller, collection, { read: () => ({ text: false }) }));
      const as = actor.kind === 'account' ? `an account of ${actor.collection}` : 'nobody';
      return tally === undefined ? [] : [{ who: `A list of ${collection.name} as ${as}`, statement: rows, wants: tally.wants }];
    });
  });
}

/** Some account of a collection, as its requests are judged. */
async function exampleOf(ctx: Ctx, collection: Collection): Promise<Actor | undefined> {
  if (collection.kind !== 'auth' || collection.system) return undefined;
  const text = `SELECT ${rowColumns(collection, 'a')} FROM ${collection.table} a WHERE NOT a."disabled" ORDER BY a."id" LIMIT 1`;
  const [record] = (await ctx.db.run({ text })).rows;
  if (record === undefined) return undefined;
  return { kind: 'account', address: ctx.actor.address, collection: collection.name, id: String(record['id']), session: '', record };
}

/** As many as when it was last analysed; -1 where it never was. */
async function countRecords(ctx: Ctx, { table }: Collection): Promise<number> {
  const { rows } = await ctx.db.run({ text: 'SELECT reltuples AS records FROM pg_class WHERE oid = $1::regclass', values: [table] });
  return Number(rows[0]?.['records'] ?? -1);
}

interface Index {
  readonly unique: boolean;
  /** In order, `-column` descending; empty where an expression stands. */
  readonly columns: readonly string[];
}

/** What is there, whoever made it; not what holds for a part of the records only, or is not yet built. */
async function indexesOf(ctx: Ctx, { table }: Collection): Promise<readonly Index[]> {
  const { rows } = await ctx.db.run({
    text: `SELECT i.indisunique AS unique,
                  array_agg(CASE WHEN i.indoption[k.n - 1] & 1 = 1 THEN '-' ELSE '' END || coalesce(a.attname, '') ORDER BY k.n) AS columns
           FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY k(attnum, n)
           LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           WHERE i.indrelid = $1::regclass AND i.indisvalid AND i.indpred IS NULL AND k.n <= i.indnkeyatts
           GROUP BY i.indexrelid, i.indisunique`,
    values: [table],
  });
  return rows.map((row: ResultRow) => ({
    unique: row['unique'] === true,
    columns: Array.isArray(row['columns']) ? row['columns'].map(String) : [],
  }));
}

/** Whether an index leads with what is wanted, read forwards or backwards, or finds one record at most. */
function serves({ unique, columns }: Index, { equal, then }: Wanted): boolean {
  const plain = columns.map((name) => name.replace(/^-/, ''));
  if (unique && plain.every((name) => equal.includes(name))) return true;
  const rest = columns.slice(equal.length, equal.length + then.length).join();
  const turned = then.map((name) => (name.startsWith('-') ? name.slice(1) : `-${name}`)).join();
  return equal.every((name) => plain.slice(0, equal.length).includes(name)) && (rest === then.join() || rest === turned);
}

const planNode = z.object({
  'Node Type': z.string(),
  Schema: z.string().optional(),
  'Relation Name': z.string().optional(),
  'Index Cond': z.string().optional(),
  'Total Cost': z.number(),
  'Plan Rows': z.number(),
  get Plans() {
    return z.array(planNode).optional();
  },
});
type PlanNode = z.infer<typeof planNode>;

async function explained(ctx: Ctx, { text, values }: Statement): Promise<PlanNode> {
  const { rows } = await ctx.db.run({ text: `EXPLAIN (VERBOSE, FORMAT JSON) ${text}`, ...(values === undefined ? {} : { values }) });
  return z.tuple([z.object({ Plan: planNode })]).parse(rows[0]?.['QUERY PLAN'])[0].Plan;
}

/** A table that a plan goes through: what that costs in the planner's measure, what it finds, and how much of it the statement answers. */
interface Walk {
  readonly cost: number;
  readonly finds: number;
  readonly answers: number;
}

function walkIn(plan: PlanNode, table: string): Walk | undefined {
  const nodes = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  const walked = nodes(plan).find(
    (node) =>
      node.Schema === 'public' &&
      node['Relation Name'] === table &&
      ['Seq Scan', 'Index Scan', 'Index Only Scan'].includes(node['Node Type']) &&
      node['Index Cond'] === undefined,
  );
  if (walked === undefined) return undefined;
  // A page that is full stops a walk early, and the statement's cost says how early.
  return { cost: Math.min(walked['Total Cost'], plan['Total Cost']), finds: walked['Plan Rows'], answers: plan['Plan Rows'] };
}

/** What the planner reckons by default for a record that is read by itself, and to begin with. */
const perRecord = 4;
const toBegin = 10;

const isWorth = ({ cost, finds, answers }: Walk, { ordered }: Wanted): boolean =>
  cost > 3 * (toBegin + perRecord * (ordered ? Math.min(finds, answers) : finds));
