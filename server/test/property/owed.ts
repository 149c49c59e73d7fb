/** The answers that the server owes to requests, by a judge of what the caller sees. */
import type { Stored } from '@underpin/sdk/expr/findings';
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Collection } from '../../src/schema/collection.ts';
import type { Judge } from './judge.ts';

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
export interface ListRequest {
  readonly collection: string;
  readonly filter?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly sort: readonly Sort[];
  readonly fields?: readonly string[];
  readonly expand: Expands;
  readonly limit: number;
}
export interface AggregateRequest {
  readonly collection: string;
  readonly group: readonly string[];
  readonly select: Readonly<Record<string, readonly [how: string, field: string]>>;
  readonly filter?: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** At least so many in `k`. */
  readonly atLeast: number | undefined;
}
type Answer = Readonly<Record<string, unknown>>;
/** Every record as one sees it from whom nothing is kept. */
export type Whole = ReadonlyMap<string, Answer>;
/** A request that is to be refused: what it names is not there for the caller. */
export class Refused extends Error {}

export class Owed {
  readonly #judge: Judge;
  readonly #whole: Whole;
  #params: Readonly<Record<string, unknown>> = {};
  constructor(judge: Judge, whole: Whole) {
    this.#judge = judge;
    this.#whole = whole;
  }

  list(request: ListRequest): { readonly data: readonly Answer[]; readonly total: number; readonly more: boolean } {
    const found = this.#found(request);
    this.#checkShape(this.#judge.collection(request.collection), request);
    const sorted = this.#sorted(request.collection, found, request.sort);
    const data = sorted.slice(0, request.limit).map((row) => this.record(this.#judge.collection(request.collection), row, request));
    return { data, total: found.length, more: found.length > request.limit };
  }

  /** Undefined: none that he may view. */
  get(collection: Collection, row: Stored, shape: Pick<ListRequest, 'fields' | 'expand'>): Answer | undefined {
    this.#params = {};
    this.#checkShape(collection, shape);
    return this.#judge.view(collection).holds(row) ? this.record(collection, row, shape) : undefined;
  }

  aggregate(request: AggregateRequest): readonly Answer[] {
    const { collection, group, select, atLeast } = request;
    const found = this.#found(request);
    for (const path of [...group, ...Object.values(select).map(([, field]) => field)]) if (path !== '') this.#checkPath(collection, path);
    const groups = new Map<string, Stored[]>();
    if (group.length === 0) groups.set('[]', []);
    for (const row of found) {
      const key = JSON.stringify(group.map((path) => this.#shown(collection, row, path)));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const outputs = [...groups].map(([key, rows]) => ({
      ...Object.fromEntries(group.map((path, index) => [path, JSON.parse(key)[index]])),
      ...Object.fromEntries(Object.entries(select).map(([name, [how, field]]) => [name, this.#together(collection, rows, how, field)])),
    }));
    return outputs.filter((output) => atLeast === undefined || Number(Reflect.get(output, 'k')) >= atLeast);
  }

  #found({ collection: name, filter, params }: Pick<ListRequest, 'collection' | 'filter' | 'params'>): readonly Stored[] {
    this.#params = params;
    const collection = this.#judge.collection(name);
    const matches = filter === undefined ? () => true : this.#judge.filter(name, filter, params);
    if (matches === undefined) throw new Refused(filter);
    return this.#judge.rows(name).filter((row) => this.#judge.list(collection).holds(row) && matches(row));
  }

  record(collection: Collection, row: Stored, { fields, expand }: Pick<ListRequest, 'fields' | 'expand'>): Answer {
    const whole = this.#whole.get(`${collection.name}/${String(row['id'])}`) ?? {};
    const shown: Record<string, unknown> = {};
    for (const field of collection.fields) {
      const mask = this.#judge.mask(collection, field);
      if (mask.never || (fields !== undefined && field.name !== 'id' && !fields.includes(field.name))) continue;
      shown[field.name] = mask.holds(row) ? whole[field.name] : null;
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
        return values.length === 0 ? null : values.reduce((sum, [value]) => sum + Number(value), 0);
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
