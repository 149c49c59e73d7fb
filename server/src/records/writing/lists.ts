/**
 * To-many relations in a write. The list that is to be is a table of the statement (`l0`, `l1` …): rules about `next` and
 * the answer read it, and the junction is brought to it where everything holds.
 */
import type { ParamList } from '../../expr/params.ts';
import type { Field } from '../../schema/collection.ts';
import type { Value } from '../parse/values.ts';

/** Where the parameters of a value stand among what a write sends: itself, or what is added; what is removed; what is free. */
export interface Sent {
  readonly value: Value;
  readonly at: number;
}

export interface ListWrite {
  readonly field: Field;
  readonly junction: string;
  /** Where the ids stand that need not be looked up. */
  readonly free: number;
  /** The table of the statement that holds the list to be: target, position. */
  readonly table: string;
  /** `l0 AS (…)`, to stand before the judging. */
  readonly definition: string;
  /** The changes of the junction, to stand behind it. */
  changes(all: string): readonly string[];
}

/** `source`: the record's id as a placeholder. */
export const planLists = (params: ParamList, values: readonly Sent[], source: string): readonly ListWrite[] =>
  values
    .flatMap((value) => {
      const { field } = value.value;
      return field.junction === undefined ? [] : [planList(params, value, field.junction, source)];
    })
    .map((write, index) => named(write, `l${index}`));

type Unnamed = Omit<ListWrite, 'table' | 'definition' | 'changes'> & { readonly body: string };

function planList(params: ParamList, { value: { field, change }, at }: Sent, junction: string, source: string): Unnamed {
  const given = params.sent(at, 'uuid[]');
  if (change?.kind !== 'list')
    return {
      field,
      junction,
      free: at + 2,
      body: `SELECT x.target, x.position FROM unnest(${given}) WITH ORDINALITY AS x(target, position)`,
    };
  const added = `SELECT x.target, (SELECT coalesce(max(j.position), 0) FROM ${junction} j WHERE j.source = ${source}) + x.position FROM unnest(${given}) WITH ORDINALITY AS x(target, position) WHERE NOT EXISTS (SELECT 1 FROM ${junction} j WHERE j.source = ${source} AND j.target = x.target)`;
  return {
    field,
    junction,
    free: at + 2,
    body: `SELECT j.target, j.position FROM ${junction} j WHERE j.source = ${source} AND j.target <> ALL (${params.sent(at + 1, 'uuid[]')}) UNION ALL ${added}`,
  };
}

const named = ({ field, junction, free, body }: Unnamed, table: string): ListWrite => ({
  field,
  junction,
  free,
  table,
  definition: `${table} AS MATERIALIZED (${body}),`,
  changes: (all) => [
    `${table}_gone AS (DELETE FROM ${junction} j USING judged WHERE j.source = judged."id" AND ${all} AND NOT EXISTS (SELECT 1 FROM ${table} x WHERE x.target = j.target)),`,
    `${table}_put AS (INSERT INTO ${junction} AS j (source, target, position) SELECT judged."id", x.target, x.position FROM ${table} x CROSS JOIN judged WHERE ${all} ON CONFLICT (source, target) DO UPDATE SET position = excluded.position WHERE j.position <> excluded.position),`,
  ],
});

/** Whether a list changes, as `changed.f` asks: other records, or another order. */
export const listChanges = ({ table, junction }: ListWrite, source: string): string =>
  `((SELECT array_agg(x.target ORDER BY x.position) FROM ${table} x) IS DISTINCT FROM (SELECT array_agg(j.target ORDER BY j.position) FROM ${junction} j WHERE j.source = ${source}))`;
