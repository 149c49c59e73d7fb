/**
 * `expand`: which related records stand beside a record, and of lists which of them. `author,author.team,comments` with
 * `expand.comments.limit=3` in a URL; in a body also `{ comments: { limit: 3, sort: ['-created'], expand: { author: true } } }`.
 *
 * Worry: each relation multiplies the work, and relations can go round in a circle. Decision: depth, number of relations and
 * the number of records that could come back are bounded before anything is asked of Postgres, where lists count by their limits.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import { parseConditions, parseFields, parseSort, type SortKey } from './conditions.ts';
import { isObject, names, wholeNumber, type Input } from './input.ts';
import { modelOf, policyFor, readOf, type Caller } from '../policy.ts';

/** One relation that is expanded. */
export interface Expand {
  readonly name: string;
  readonly target: Collection;
  readonly fields?: readonly Field[];
  readonly expand: readonly Expand[];
  /** A to-one relation; else `list`. */
  readonly field?: Field;
  readonly list?: ExpandList;
}

/** Which records of a list are shown. */
export interface ExpandList {
  /** The field that makes the list: the record's own, or for a back-relation the target's. */
  readonly by: Field;
  readonly isInverse: boolean;
  readonly filter: readonly Ir[];
  readonly nothing: boolean;
  /** Absent: in the order of the list itself. */
  readonly sort: readonly SortKey[] | undefined;
  readonly limit: number;
}

interface Options {
  readonly fields?: unknown;
  readonly limit?: unknown;
  readonly sort?: unknown;
  readonly filter?: unknown;
  readonly where?: unknown;
}
type Tree = ReadonlyMap<string, { readonly options: Options; readonly expand: Tree }>;

export function parseExpand(
  caller: Caller,
  collection: Collection,
  input: Input,
  records: number,
): { readonly expand: readonly Expand[]; readonly momentary: boolean } {
  const { expand: asked, expandOptions = new Map() } = input;
  const tree: Tree = asked === undefined || asked === null || asked === '' ? new Map() : toTree(asked, expandOptions);
  const paths = pathsOf(tree);
  for (const path of expandOptions.keys())
    if (!paths.includes(path)) throw failAt('invalid_request', `/expand.${path}`, `"${path}" is not expanded`);
  if (paths.length > limits.list.expandPaths)
    throw failAt('limit_exceeded', '/expand', `At most ${limits.list.expandPaths} relations can be expanded`);
  const reading = new Reading(caller, input);
  const expand = reading.read(collection, tree, 1, records);
  return { expand, momentary: reading.momentary };
}

class Reading {
  momentary = false;
  readonly #caller: Caller;
  readonly #input: Input;
  #records = 0;

  constructor(caller: Caller, input: Input) {
    this.#caller = caller;
    this.#input = input;
  }

  /** `records`: how many there may be whose relations these are. */
  read(at: Collection, tree: Tree, depth: number, records: number): readonly Expand[] {
    if (tree.size > 0 && depth > limits.list.expandDepth)
      throw failAt('limit_exceeded', '/expand', `Expand goes at most ${limits.list.expandDepth} relations deep`);
    return [...tree].map(([name, { options, expand }]) => {
      const caller = this.#caller;
      const found = this.#relation(at, name);
      const { target } = found;
      const hidden = modelOf(caller).collection(target.name) === undefined || policyFor(caller, target, 'view') === 'never';
      const fields =
        options.fields === undefined
          ? {}
          : { fields: hidden ? [] : parseFields(caller, target, names(options.fields, 'expand', limits.list.fields), '/expand') };
      const list = found.by === undefined ? undefined : this.#list(target, found.by, found.isInverse, options, name, hidden);
      if (found.by === undefined) refuseListOptions(name, options);
      const below = records * (list?.limit ?? 1);
      this.#records += list === undefined ? 0 : below;
      if (this.#records > limits.list.expanded)
        throw failAt(
          'limit_exceeded',
          '/expand',
          `Expand could bring ${this.#records} records, more than ${limits.list.expanded}; lower its limits, or that of the page`,
        );
      const inner = hidden ? [] : this.read(target, expand, depth + 1, below);
      return {
        name,
        target,
        ...fields,
        expand: inner,
        ...(found.by === undefined ? { field: found.field } : { list: list ?? nothing(found.by) }),
      };
    });
  }

  #relation(
    at: Collection,
    name: string,
  ):
    | { readonly target: Collection; readonly by?: undefined; readonly field: Field }
    | { readonly target: Collection; readonly by: Field; readonly isInverse: boolean } {
    const { schema } = this.#caller;
    const field = at.byName.get(name);
    const target = field?.to === undefined ? undefined : schema.byName.get(field.to);
    if (field !== undefined && target !== undefined && readOf(this.#caller, at, field) !== 'never')
      return field.junction === undefined ? { target, field } : { target, by: field, isInverse: false };
    const inverse = at.inverses.get(name);
    const source = inverse === undefined ? undefined : schema.byName.get(inverse.from);
    if (inverse === undefined || source === undefined || modelOf(this.#caller).collection(at.name)?.fields.has(name) !== true)
      throw failAt('unknown_field', '/expand', `There is no relation "${name}" on "${at.name}"`);
    return { target: source, by: inverse.field, isInverse: true };
  }

  #list(target: Collection, by: Field, isInverse: boolean, options: Options, name: string, hidden: boolean): ExpandList {
    const limit = wholeNumber(options.limit, 'expand', 1, limits.list.max) ?? limits.list.fallback;
    if (hidden) return { ...nothing(by), isInverse, limit };
    const { filter, where } = options;
    const conditions = parseConditions(
      this.#caller,
      target,
      { filter, where, params: this.#input.params, text: this.#input.text },
      `/expand/${name}`,
    );
    this.momentary ||= conditions.momentary;
    // A list of the record's own has an order; what points back to it has none but that of every list.
    const sort =
      options.sort === undefined && !isInverse ? undefined : parseSort(this.#caller, target, options.sort, `/expand/${name}/sort`).keys;
    return { by, isInverse, filter: conditions.filter, nothing: conditions.nothing, sort, limit };
  }
}

const nothing = (by: Field): ExpandList => ({ by, isInverse: false, filter: [], nothing: true, sort: undefined, limit: 1 });

function refuseListOptions(name: string, { limit, sort, filter, where }: Options): void {
  for (const [option, value] of Object.entries({ limit, sort, filter, where }))
    if (value !== undefined) throw failAt('invalid_request', `/expand/${name}/${option}`, `"${name}" is one record and no list`);
}

const pathsOf = (tree: Tree): readonly string[] =>
  [...tree].flatMap(([name, { expand }]) => [name, ...pathsOf(expand).map((inner) => `${name}.${inner}`)]);

const optionNames = ['fields', 'limit', 'sort', 'filter', 'where', 'expand'];

function toTree(asked: unknown, options: ReadonlyMap<string, Options>): Tree {
  if (typeof asked === 'string' || Array.isArray(asked)) {
    const paths = names(asked, 'expand', limits.list.expandPaths);
    return treeOfPaths(
      paths.map((path) => path.split('.')),
      '',
      options,
    );
  }
  return treeOfObject(asked, 1);
}

function treeOfObject(asked: unknown, depth: number): Tree {
  if (!isObject(asked)) throw failAt('invalid_request', '/expand', 'expand must name relations');
  if (depth > limits.list.expandDepth)
    throw failAt('limit_exceeded', '/expand', `Expand goes at most ${limits.list.expandDepth} relations deep`);
  return new Map(
    Object.entries(asked).map(([name, inner]) => {
      if (inner === true) return [name, { options: {}, expand: new Map() }] as const;
      if (!isObject(inner)) throw failAt('invalid_request', `/expand/${name}`, 'must be true or an object');
      for (const key of Object.keys(inner))
        if (!optionNames.includes(key)) throw failAt('invalid_request', `/expand/${name}/${key}`, 'is not known');
      const { expand, ...options } = inner;
      return [name, { options, expand: expand === undefined ? new Map() : treeOfObject(expand, depth + 1) }] as const;
    }),
  );
}

function treeOfPaths(paths: readonly (readonly string[])[], prefix: string, options: ReadonlyMap<string, Options>): Tree {
  const heads = [...new Set(paths.map(([head = '']) => head))];
  return new Map(
    heads.map((head) => {
      const below = paths.filter((path) => path[0] === head && path.length > 1).map((path) => path.slice(1));
      return [head, { options: options.get(`${prefix}${head}`) ?? {}, expand: treeOfPaths(below, `${prefix}${head}.`, options) }];
    }),
  );
}
