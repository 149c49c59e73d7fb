/** Counts, sums and the like over the records that a caller may list. */
import { withText } from './query.ts';
import type { PlainCondition } from './query.ts';
import type { Condition, FieldsOf, Given, NullIn, NumericOf, Orderable, RowOf } from './types.ts';

export type Interval = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';
/** A field, or one of dates cut to an interval (in the zone `tz`, UTC by default) under the name `as`. */
export type Group<S, C extends keyof S> =
  Orderable<S, C> | { readonly field: Orderable<S, C>; readonly by: Interval; readonly tz?: string; readonly as?: string };
export type Measure<S, C extends keyof S> =
  /** Records, or those in which the field is not null. */
  | { readonly count: true | FieldsOf<S, C> }
  | { readonly countDistinct: FieldsOf<S, C> }
  | { readonly sum: NumericOf<S, C> }
  | { readonly avg: NumericOf<S, C> }
  | { readonly min: Orderable<S, C> }
  | { readonly max: Orderable<S, C> };
export type Measures<S, C extends keyof S> = { readonly [name: string]: Measure<S, C> };

export interface AggregateQuery<S, C extends keyof S, G, M> extends Condition<S, C> {
  readonly group?: G;
  /** The names of the answer: `{ n: { count: true }, total: { sum: 'price' } }`. */
  readonly select: M;
  /** A condition over the names of the answer, as text: `n > 10`. */
  readonly having?: string;
  /** Names of the answer; `-n` is from the greatest down. */
  readonly sort?: readonly (AnswerName<G, M> | `-${AnswerName<G, M>}`)[];
  readonly limit?: number;
}
type GroupName<K> = K extends string
  ? K
  : K extends { readonly as: infer A extends string }
    ? A
    : K extends { readonly field: infer F extends string }
      ? F
      : never;
type GroupNames<G> = G extends readonly (infer K)[] ? GroupName<K> : never;
type AnswerName<G, M> = GroupNames<G> | (keyof M & string);

type At<R, K> = K extends keyof R ? R[K] : unknown;
type GroupValue<R, K> = K extends string ? At<R, K> : K extends { readonly field: infer F } ? string | NullIn<At<R, F>> : never;
/** Decimals are text, so that no digit is lost. */
type Total<T> = unknown extends T ? number | string | null : [Given<T>] extends [string] ? string | null : number | null;
type MeasureValue<R, M> = M extends { readonly sum: infer K } | { readonly avg: infer K }
  ? Total<At<R, K>>
  : M extends { readonly min: infer K } | { readonly max: infer K }
    ? At<R, K> | null
    : number;
type Grouped<R, G> = G extends readonly (infer K)[] ? { readonly [P in K as GroupName<P>]: GroupValue<R, P> } : unknown;
export type AggregateRow<S, C extends keyof S, G, M> = Grouped<RowOf<S, C>, G> & {
  readonly [K in keyof M]: MeasureValue<RowOf<S, C>, M[K]>;
};

/** The body of the request: the measures as text. */
export function toAggregate<Q extends PlainCondition & { readonly select: Readonly<Record<string, object>> }>(query: Q): object {
  const select = Object.entries(query.select).map(([name, measure]) => [name, toText(measure)]);
  return { ...withText(query), select: Object.fromEntries(select) };
}

/** `{ sum: "views" }` → `sum(views)`, `{ count: true }` → `count()`. */
function toText(measure: object): string {
  const [name = '', field] = Object.entries(measure)[0] ?? [];
  return `${name}(${field === true ? '' : String(field)})`;
}
