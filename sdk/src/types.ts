/**
 * What a call takes and gives for a generated schema. The generated interfaces are flat, and these types only look things up in
 * them: no string is parsed, so that large schemas stay cheap to check.
 */
import type { Filter, ParamValue } from './filter.ts';

/** A collection as it is generated: rows, bodies, and where its relations lead. */
export interface CollectionTypes {
  readonly row: object;
  readonly create: object;
  readonly update: object;
  readonly one: object;
  readonly many: object;
}
export type SchemaTypes<S> = { readonly [C in keyof S]: CollectionTypes };
/** Without generated types everything is `unknown`, and nothing is refused. */
export type Untyped = {
  readonly [collection: string]: { row: UntypedRow; create: UntypedRow; update: UntypedRow; one: object; many: object };
};
export type UntypedRow = Readonly<Record<string, unknown>>;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export interface GeoValue {
  readonly lat: number;
  readonly lon: number;
}

export type RowOf<S, C extends keyof S> = S[C] extends { row: infer R } ? R : never;
export type CreateOf<S, C extends keyof S> = S[C] extends { create: infer B } ? B : never;
export type UpdateOf<S, C extends keyof S> = S[C] extends { update: infer B } ? B : never;
/** The fields that can be summed; all of them where the types were generated before this was told. */
export type NumericOf<S, C extends keyof S> = S[C] extends { numeric: infer N } ? N & string : FieldsOf<S, C>;
type OneOf<S, C extends keyof S> = S[C] extends { one: infer R } ? R : never;
type ManyOf<S, C extends keyof S> = S[C] extends { many: infer R } ? R : never;

export type Given<T> = Exclude<T, null>;
export type NullIn<T> = null extends T ? null : never;
interface Equality<T> {
  readonly eq?: T | null;
  readonly ne?: T | null;
  readonly in?: readonly T[];
  readonly notIn?: readonly T[];
}
interface Ordering<T> extends Equality<T> {
  readonly lt?: T;
  readonly lte?: T;
  readonly gt?: T;
  readonly gte?: T;
  readonly between?: readonly [T, T];
}
interface TextTests<T> extends Ordering<T> {
  readonly contains?: string;
  readonly startsWith?: string;
  readonly endsWith?: string;
}
interface ListTests<T> {
  readonly has?: T;
  readonly size?: number | Ordering<number>;
}
type FieldWhere<T> = unknown extends T
  ? unknown
  : [Given<T>] extends [boolean]
    ? T | Equality<Given<T>>
    : [Given<T>] extends [number]
      ? T | Ordering<Given<T>>
      : [Given<T>] extends [string]
        ? T | TextTests<Given<T>>
        : [Given<T>] extends [readonly (infer Item)[]]
          ? ListTests<Item> | NullIn<T>
          : NullIn<T> | { readonly [key: string]: unknown };

interface ManyWhere<W> {
  readonly some?: W;
  readonly every?: W;
  readonly none?: W;
  readonly has?: string;
  readonly size?: number | Ordering<number>;
}
type WhereAt<S, C> = C extends keyof S ? Where<S, C> : never;
export type Where<S, C extends keyof S> = {
  readonly [K in Exclude<keyof RowOf<S, C>, keyof ManyOf<S, C>>]?:
    FieldWhere<RowOf<S, C>[K]> | (K extends keyof OneOf<S, C> ? WhereAt<S, OneOf<S, C>[K]> : never);
} & { readonly [K in keyof ManyOf<S, C>]?: ManyWhere<WhereAt<S, ManyOf<S, C>[K]>> } & {
  readonly and?: readonly Where<S, C>[];
  readonly or?: readonly Where<S, C>[];
  readonly not?: Where<S, C>;
};

export type FieldsOf<S, C extends keyof S> = keyof RowOf<S, C> & string;
type Sortable<S, C extends keyof S> = {
  [K in FieldsOf<S, C>]: Given<RowOf<S, C>[K]> extends string | number | boolean ? K : never;
}[FieldsOf<S, C>];
type SortableThrough<S, C extends keyof S> = {
  [K in keyof OneOf<S, C> & string]: OneOf<S, C>[K] extends keyof S ? `${K}.${Sortable<S, OneOf<S, C>[K]>}` : never;
}[keyof OneOf<S, C> & string];
type SortKey<S, C extends keyof S> = Sortable<S, C> | SortableThrough<S, C> | (string extends keyof S ? string : never);
/** Fields with an order of their own: what can be grouped by, and has a least and a greatest. */
export type Orderable<S, C extends keyof S> = Sortable<S, C> | (string extends keyof S ? string : never);
export type Sort<S, C extends keyof S> = SortKey<S, C> | `-${SortKey<S, C>}`;

type ExpandOneAt<S, C> = C extends keyof S ? true | { readonly fields?: readonly FieldsOf<S, C>[]; readonly expand?: Expand<S, C> } : never;
type ExpandManyAt<S, C> = C extends keyof S
  ? | true
    | {
        readonly fields?: readonly FieldsOf<S, C>[];
        readonly expand?: Expand<S, C>;
        readonly sort?: readonly Sort<S, C>[];
        readonly limit?: number;
        readonly where?: Where<S, C>;
        /** Text; its `$names` are those of the whole query's `params`. */
        readonly filter?: string;
      }
  : never;
export type Expand<S, C extends keyof S> = { readonly [K in keyof OneOf<S, C>]?: ExpandOneAt<S, OneOf<S, C>[K]> } & {
  readonly [K in keyof ManyOf<S, C>]?: ExpandManyAt<S, ManyOf<S, C>[K]>;
};
/** A type argument takes any further key; this takes them back. */
type NoOther<E, Allowed> = { readonly [K in Exclude<keyof E, keyof Allowed>]: never };

export interface Selection<S, C extends keyof S, F, E> {
  readonly fields?: F;
  readonly expand?: E & NoOther<E, Expand<S, C>>;
}
export interface Condition<S, C extends keyof S> {
  readonly where?: Where<S, C>;
  readonly filter?: Filter | string;
  readonly params?: Readonly<Record<string, ParamValue>>;
}
/** A condition that must be there. */
export type SomeCondition<S, C extends keyof S> = Condition<S, C> &
  ({ readonly where: Where<S, C> } | { readonly filter: Filter | string });
/** What a caller may do with each record of a list. */
export type Can = readonly ('update' | 'delete')[] | undefined;
export interface FirstQuery<S, C extends keyof S, F, E, H = undefined, A = undefined> extends Selection<S, C, F, E>, Condition<S, C> {
  /** `_rank` where `search` is given. */
  readonly sort?: readonly (Sort<S, C> | '_rank' | '-_rank')[];
  /** Words in the searchable fields, as one would type them into a search engine. */
  readonly search?: string;
  /** Where the words were found: `_highlight` and `_rank` of each record. */
  readonly highlight?: H;
  /** Whether the caller may do these with each record: `_can`. */
  readonly can?: A;
}
export interface ListQuery<S, C extends keyof S, F, E, H = undefined, A = undefined> extends FirstQuery<S, C, F, E, H, A> {
  readonly limit?: number;
  readonly cursor?: string;
  readonly page?: number;
  readonly count?: 'none' | 'estimated' | 'exact' | number;
}

export type Fields<S, C extends keyof S> = readonly FieldsOf<S, C>[] | undefined;
type Selected<R, F> = F extends readonly (infer K)[] ? { readonly [P in keyof R as P extends K | 'id' ? P : never]: R[P] } : R;
type FieldsIn<Q> = Q extends { readonly fields: infer F } ? F : undefined;
type ExpandIn<Q> = Q extends { readonly expand: infer E } ? E : undefined;
type RecordAt<S, C, Q> = C extends keyof S ? RecordOf<S, C, FieldsIn<Q>, ExpandIn<Q>> : never;
type Expanded<S, C extends keyof S, E> = {
  readonly [K in keyof E & (keyof OneOf<S, C> | keyof ManyOf<S, C>)]: K extends keyof OneOf<S, C>
    ? RecordAt<S, OneOf<S, C>[K], E[K]> | null
    : K extends keyof ManyOf<S, C>
      ? readonly RecordAt<S, ManyOf<S, C>[K], E[K]>[]
      : never;
};
/** A record as it is answered: the fields asked for, and what was expanded. To-one is `null` where empty or not viewable. */
export type RecordOf<S, C extends keyof S, F, E> = Selected<RowOf<S, C>, F> &
  (E extends object
    ? { readonly expand: Expanded<S, C, E>; /** What was expanded in part only. */ readonly _more?: readonly string[] }
    : unknown);
/** A record of a list: with what was asked of each one besides. */
export type ListedOf<S, C extends keyof S, F, E, H, A> = RecordOf<S, C, F, E> &
  (H extends true ? { readonly _highlight: { readonly [K in FieldsOf<S, C>]?: string }; readonly _rank: number } : unknown) &
  (A extends readonly (infer K extends string)[] ? { readonly _can: { readonly [P in K]: boolean } } : unknown);
