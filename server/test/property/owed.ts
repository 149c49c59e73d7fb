/** The answers that the server owes to requests, by a judge of what the caller sees. */
import type { Stored } from '@underpin/sdk/expr/findings';
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Collection } from '../../src/schema/collection.ts';
import type { Judge } from './judge.ts';
import { highlights, isForgiving, isFound, searchable, searchedBy, type Scores, type Search } from './searching.ts';
import { averageOf, beginning, sumOf, type Unit } from './together.ts';

export interface Sort {
  readonly path: string;
  readonly descending: boolean;
  readonly last: boolean;
}
export interface Expand {
  readonly fields?: readonly string[];
  readonly limit?: number;
  readonly sort?: readonly Sort[];
  readonly filter?: string;
  readonly expand?: Expands;
}
export type Expands = Readonly<Record<string, Expand>>;
/** A condition as an object, in which one constant is sent, and the text that says the same. */
export interface Where {
  readonly object: (x: unknown) => object;
  readonly text: string;
}
export interface ListRequest {
  readonly collection: string;
  readonly filter?: string;
  readonly where?: Where;
  readonly search?: Search;
  readonly params: Readonly<Record<string, unknown>>;
  readonly sort: readonly Sort[];
  readonly fields?: readonly string[];
  readonly expand: Expands;
  readonly limit: number;
}
/** A field, or the part of time that it lies in. */
export interface Group {
  readonly path: string;
  readonly part?: { readonly by: Unit; readonly zone: string };
}
export interface AggregateRequest {
  readonly collection: string;
  readonly group: readonly Group[];
  readonly select: Readonly<Record<string, readonly [how: string, field: string]>>;
  readonly filter?: string;
  readonly where?: Where;
  readonly params: Readonly<Record<string, unknown>>;
  /** At least so many in `k`. */
  readonly atLeast: number | undefined;
}
type Answer = Readonly<Record<string, unknown>>;
/** Every record as one sees it from whom nothing is kept. */
export type Whole = ReadonlyMap<string, Answer>;
interface Found {
  readonly found: readonly Stored[];
  readonly kept: readonly Stored[];
}
/** A request that is to be refused: what it names is not there for the caller. */
export class Refused extends Error {}

export class Owed {
  readonly #judge: Judge;
  readonly #whole: Whole;
  #params: Readonly<Record<string, unknown>> = {};
  /** What the caller would have got of the answers so far, were it not for the rules: records, values, and records by their words. */
  readonly kept = { records: 0, values: 0, words: 0 };
  constructor(judge: Judge, whole: Whole) {
    this.#judge = judge;
    this.#whole = whole;
  }

  /** `scores`: where words are searched for. */
  list(request: ListRequest, scores?: Scores): { readonly data: readonly Answer[]; readonly total: number; readonly more: boolean } {
    const collection = this.#judge.collection(request.collection);
    const { found, kept } = this.#found(request);
    this.#checkShape(collection, request);
    const { search } = request;
    const matching =
      search === undefined || scores === undefined
        ? new Map(found.map((row) => [row, {}] as const))
        : this.#matching(collection, { found, kept }, search, scores);
    const sorted = this.#sorted(request.collection, [...matching.keys()], request.sort);
    const data = sorted.slice(0, request.limit).map((row) => ({ ...this.record(collection, row, request), ...matching.get(row) }));
    return { data, total: matching.size, more: matching.size > request.limit };
  }

  /** The rows in which the words are, with what is said of each; where there is none, those that are alike. */
  #matching(collection: Collection, { found, kept }: Found, search: Search, { rank, alike }: Scores): ReadonlyMap<Stored, Answer> {
    const fields = searchedBy(this.#judge, collection);
    if (fields.length === 0) throw new Refused('search');
    const exact = found.filter((row) => isFound(search, row, fields));
    const all = searchable(collection);
    this.kept.words += [...kept, ...found].filter((row) => isFound(search, row, all) && !exact.includes(row)).length;
    const near = exact.length > 0 || !isForgiving(search) ? [] : found.filter((row) => (alike.get(String(row['id'])) ?? 0) >= 0.3);
    const told = (row: Stored, scores: ReadonlyMap<string, number>, marks: object): Answer => ({
      _rank: scores.get(String(row['id'])),
      ...(search.highlight ? { _highlight: marks } : {}),
    });
    return new Map([
      ...exact.map((row) => [row, told(row, rank, highlights(search, row, fields))] as const),
      ...near.map((row) => [row, told(row, alike, {})] as const),
    ]);
  }

  /** Undefined: none that he may view. */
  get(collection: Collection, row: Stored, shape: Pick<ListRequest, 'fields' | 'expand'>): Answer | undefined {
    this.#params = {};
    this.#checkShape(collection, shape);
    if (this.#judge.view(collection).holds(row)) return this.record(collection, row, shape);
    this.kept.records += 1;
    return undefined;
  }

  aggregate(request: AggregateRequest): readonly Answer[] {
    const { collection, group, select, atLeast } = request;
    const { found } = this.#found(request);
    for (const path of [...group.map((one) => one.path), ...Object.values(select).map(([, field]) => field)])
      if (path !== '') this.#checkPath(collection, path);
    const groups = new Map<string, Stored[]>();
    if (group.length === 0) groups.set('[]', []);
    for (const row of found) {
      const key = JSON.stringify(group.map((one) => this.#grouped(collection, row, one)));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const outputs = [...groups].map(([key, rows]) => ({
      ...Object.fromEntries(group.map(({ path }, index) => [path, JSON.parse(key)[index]])),
      ...Object.fromEntries(Object.entries(select).map(([name, [how, field]]) => [name, this.#together(collection, rows, how, field)])),
    }));
    return outputs.filter((output) => atLeast === undefined || Number(Reflect.get(output, 'k')) >= atLeast);
  }

  /** What matches, and of it what he may list and what not. */
  #found({ collection: name, filter, where, params }: Pick<ListRequest, 'collection' | 'filter' | 'where' | 'params'>): Found {
    this.#params = params;
    const list = this.#judge.list(this.#judge.collection(name));
    const tests = [filter, where?.text].flatMap((text) => {
      if (text === undefined) return [];
      const test = this.#judge.filter(name, text, params);
      if (test === undefined) throw new Refused(text);
      return [test];
    });
    const matching = this.#judge.rows(name).filter((row) => tests.every((test) => test(row)));
    const kept = matching.filter((row) => !list.holds(row));
    this.kept.records += kept.length;
    return { found: matching.filter((row) => list.holds(row)), kept };
  }

  record(collection: Collection, row: Stored, { fields, expand }: Pick<ListRequest, 'fields' | 'expand'>): Answer {
    const whole = this.#whole.get(`${collection.name}/${String(row['id'])}`) ?? {};
    const shown: Record<string, unknown> = {};
    for (const field of collection.fields) {
      const mask = this.#judge.mask(collection, field);
      if (fields !== undefined && field.name !== 'id' && !fields.includes(field.name)) continue;
      const value = whole[field.name] ?? null;
      if (value !== null && !mask.holds(row)) this.kept.values += 1;
      if (!mask.never) shown[field.name] = mask.holds(row) ? value : null;
    }
    const more: string[] = [];
    const inner = Object.entries(expand).map(([name, one]) => {
      const [value, isCut] = this.#expanded(collection, row, name, one);
      if (isCut) more.push(name);
      return [name, value] as const;
    });
    if (inner.length > 0) shown['expand'] = Object.fromEntries(inner);
    if (more.length > 0) shown['_more'] = more;
    return shown;
  }

  #expanded(collection: Collection, row: Stored, name: string, one: Expand): readonly [unknown, boolean] {
    const field = collection.byName.get(name);
    const shape = { ...(one.fields ? { fields: one.fields } : {}), expand: one.expand ?? {} };
    const target = this.#target(collection, name);
    const sees = field === undefined || this.#judge.mask(collection, field).holds(row);
    if (field !== undefined && field.junction === undefined) {
      const found = sees ? this.#row(target.name, row[name]) : undefined;
      return [found !== undefined && this.#judge.view(target).holds(found) ? this.record(target, found, shape) : null, false];
    }
    if (this.#judge.view(target).never) return [[], false];
    const list = this.#judge.list(target);
    const matches = one.filter === undefined ? () => true : this.#judge.filter(target.name, one.filter, this.#params);
    const found = (sees ? this.#listed(collection, row, name) : []).filter((item) => list.holds(item) && matches?.(item) === true);
    const sort = one.sort ?? (field === undefined ? [{ path: 'created', descending: true, last: false }] : undefined);
    const sorted = sort === undefined ? found : this.#sorted(target.name, found, sort);
    const limit = one.limit ?? 30;
    return [sorted.slice(0, limit).map((item) => this.record(target, item, shape)), sorted.length > limit];
  }

  /** The records of a list of its own, in their order, or those that point back and may be seen to do so. */
  #listed(collection: Collection, row: Stored, name: string): readonly Stored[] {
    const own = row[name];
    const inverse = collection.inverses.get(name);
    if (inverse === undefined)
      return Array.isArray(own)
        ? own.flatMap((id) => {
            const found = this.#row(this.#target(collection, name).name, id);
            return found === undefined ? [] : [found];
          })
        : [];
    const source = this.#judge.collection(inverse.from);
    const points = (value: ConstValue | undefined): boolean =>
      value === row['id'] || (Array.isArray(value) && value.some((id) => id === row['id']));
    return this.#judge
      .rows(inverse.from)
      .filter((item) => points(item[inverse.field.name]) && this.#judge.mask(source, inverse.field).holds(item));
  }

  #row = (name: string, id: unknown): Stored | undefined => this.#judge.rows(name).find((row) => row['id'] === id);
  #target(collection: Collection, name: string): Collection {
    const to = collection.byName.get(name)?.to ?? collection.inverses.get(name)?.from;
    if (to === undefined) throw new Error(`no relation ${collection.name}.${name}`);
    return this.#judge.collection(to);
  }

  #checkShape(collection: Collection, { fields = [], expand, sort = [] }: Partial<ListRequest>): void {
    for (const path of [...fields, ...sort.map((key) => key.path)]) this.#checkPath(collection.name, path);
    for (const [name, one] of Object.entries(expand ?? {})) {
      this.#checkPath(collection.name, name);
      const target = this.#target(collection, name);
      if (this.#judge.view(target).never) continue;
      if (one.filter !== undefined && this.#judge.filter(target.name, one.filter, this.#params) === undefined)
        throw new Refused(one.filter);
      this.#checkShape(target, { ...one, expand: one.expand ?? {} });
    }
  }
  #checkPath(name: string, path: string): void {
    const [head = '', ...rest] = path.split('.');
    if (this.#judge.model.collection(name)?.fields.has(head) !== true) throw new Refused(path);
    if (rest.length > 0) this.#checkPath(this.#judge.field(name, head).to ?? '', rest.join('.'));
  }

  /** The row and field that a path leads to, as far as the caller can follow it. */
  #reach(name: string, row: Stored, path: string): readonly [Stored, string, string] | undefined {
    const [head = '', ...rest] = path.split('.');
    const field = this.#judge.field(name, head);
    if (!this.#judge.mask(this.#judge.collection(name), field).holds(row)) return undefined;
    if (rest.length === 0) return [row, name, head];
    const target = this.#judge.collection(field.to ?? '');
    const found = this.#row(target.name, row[head]);
    return found !== undefined && this.#judge.list(target).holds(found) ? this.#reach(target.name, found, rest.join('.')) : undefined;
  }
  #value(name: string, row: Stored, path: string): ConstValue {
    const reached = this.#reach(name, row, path);
    return reached?.[0][reached[2]] ?? null;
  }
  #shown(name: string, row: Stored, path: string): unknown {
    const reached = this.#reach(name, row, path);
    return reached && (this.#whole.get(`${reached[1]}/${String(reached[0]['id'])}`)?.[reached[2]] ?? null);
  }

  #grouped(name: string, row: Stored, { path, part }: Group): unknown {
    return part === undefined ? this.#shown(name, row, path) : beginning(this.#value(name, row, path), part.by, part.zone);
  }

  #sorted(name: string, rows: readonly Stored[], sort: readonly Sort[]): readonly Stored[] {
    const keys = [...sort, { path: 'id', descending: sort[0]?.descending === true, last: false }];
    const values = new Map(rows.map((row) => [row, keys.map(({ path }) => this.#value(name, row, path))]));
    return [...rows].sort((a, b) => {
      for (const [index, { descending, last }] of keys.entries()) {
        const order = compare(values.get(a)?.[index] ?? null, values.get(b)?.[index] ?? null, descending, last);
        if (order !== 0) return order;
      }
      return 0;
    });
  }

  #together(name: string, rows: readonly Stored[], how: string, field: string): unknown {
    if (field === '') return rows.length;
    const reached = rows.map((row) => [this.#value(name, row, field), this.#shown(name, row, field)] as const);
    const values = reached.filter(([value]) => value !== null).sort(([a], [b]) => compare(a, b, false, false));
    switch (how) {
      case 'count':
        return values.length;
      case 'countDistinct':
        return new Set(values.map(([value]) => value)).size;
      case 'sum':
        return sumOf(values.map(([, shown]) => shown));
      case 'avg':
        return averageOf(values.map(([, shown]) => shown));
      default:
        return values.at(how === 'min' ? 0 : -1)?.[1] ?? null;
    }
  }
}

/** NULLs are the largest value; `last` puts them at the end whatever the direction. */
function compare(a: ConstValue, b: ConstValue, descending: boolean, last: boolean): number {
  if (a === null || b === null) return a === b ? 0 : (a === null ? 1 : -1) * (descending && !last ? -1 : 1);
  const order = typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : Number(a) - Number(b);
  return Math.sign(order) * (descending ? -1 : 1);
}
