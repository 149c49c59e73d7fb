/** Which values are worth trying for a field: those that the rules mention, what lies just beside them, and absence. */
import type { ConstValue, Ir } from './ir.ts';
import type { Ty } from './model.ts';
import { toPoint } from './places.ts';
import { isList } from './scalar.ts';
import { nodesOf } from './walk.ts';

/** The moment at which examples play. */
export const exampleNow = Date.UTC(2026, 0, 15, 12);
/** Made-up ids: the caller's, the record's, and those of others. */
export const callerId = '00000000-0000-4000-8000-00000000000a';
export const recordId = '00000000-0000-4000-8000-0000000000ff';
export const someId = (index: number): string => `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`;

const most = 16;
const aDay = 86_400_000;

/** The constants of rules, by kind. */
export class Domains {
  readonly #constants = new Map<string, Set<ConstValue>>();
  /** What sizes of lists are compared with. */
  readonly #sizes = new Set<number>([2]);
  readonly #paths: (readonly string[])[] = [];
  /** Whether a domain was longer than what is tried. */
  isCut = false;
  /** Collections that `auth.collection` is compared with: those whose accounts the rules speak of. */
  readonly accounts: readonly string[];

  readonly #collection: string;

  /** `collection`: of the record that the rules are about. */
  constructor(rules: readonly Ir[], collection: string) {
    this.#collection = collection;
    const accounts = new Set<string>();
    for (const rule of rules) {
      for (const node of nodesOf(rule)) {
        if (node.op === 'const') this.#note(node.value, node.ty);
        if (node.op === 'compare') this.#noteSize(node);
        if (node.op === 'path') this.#paths.push(node.path);
        if (node.op === 'compare' && node.left.op === 'context' && node.left.path.join('.') === 'auth.collection')
          if (node.right.op === 'const' && typeof node.right.value === 'string') accounts.add(node.right.value);
      }
    }
    this.accounts = accounts.size > 0 ? [...accounts] : ['users'];
  }

  #note(value: ConstValue, ty: Ty): void {
    if (isList(value)) {
      for (const item of value) this.#note(item, ty.kind === 'list' ? ty.of : { kind: typeof item === 'number' ? 'number' : 'text' });
      return;
    }
    if (value === null) return;
    const kind = ty.kind === 'int' || ty.kind === 'decimal' ? 'number' : ty.kind;
    this.#constants.set(kind, (this.#constants.get(kind) ?? new Set()).add(value));
  }

  #noteSize({ left, right }: Extract<Ir, { op: 'compare' }>): void {
    for (const [size, number] of [[left, right] as const, [right, left] as const]) {
      if ((size.op !== 'count' && size.op !== 'size') || number.op !== 'const' || typeof number.value !== 'number') continue;
      for (const beside of [number.value, number.value + 1]) if (beside > 1 && beside <= 12) this.#sizes.add(Math.ceil(beside));
    }
  }

  #of(kind: string): readonly ConstValue[] {
    return [...(this.#constants.get(kind) ?? [])];
  }
  #texts(): readonly string[] {
    return this.#of('text').filter((value) => typeof value === 'string');
  }
  #numbers(): readonly number[] {
    return this.#of('number').map(Number);
  }

  /** Values of a type, the likeliest first, null last. */
  values(ty: Ty): readonly ConstValue[] {
    const all = new Set(this.#present(ty));
    if (all.size > most) this.isCut = true;
    return [...[...all].slice(0, most), null];
  }

  /** The keys that rules look for in json, behind the ones given. */
  keysAfter(path: readonly string[]): readonly string[] {
    const behind = this.#paths.filter((one) => one.length > path.length && path.every((key, index) => one[index] === key));
    return [...new Set(behind.flatMap((one) => one.slice(path.length, path.length + 1)))];
  }

  *#present(ty: Ty): Generator<ConstValue> {
    switch (ty.kind) {
      case 'text':
        if (ty.values) yield* ty.values;
        else yield* [...this.#texts(), 'x', ...this.#texts().flatMap((text) => [`${text}x`, `x${text}`]), ''];
        return;
      case 'id':
        yield* this.ids(ty.of);
        return;
      case 'bool':
        yield* [true, false];
        return;
      case 'int':
      case 'number':
        yield* this.#around(ty.kind === 'int' ? 1 : 0.5);
        return;
      case 'decimal':
        yield* this.#around(0.5).map(String);
        return;
      case 'time':
        yield* this.#times();
        return;
      case 'day':
        yield* this.#times().map((ms) => new Date(ms).toISOString().slice(0, 10));
        return;
      case 'list':
        yield* this.#lists(ty.of);
        return;
      case 'json':
        yield* [...this.#texts(), ...this.#around(0.5), true, false, 'x', ...this.ids(undefined)];
        return;
      case 'geo':
        yield* this.#of('geo').flatMap((value) => nearAndFar(value));
        yield { lat: 0, lon: 0 };
        return;
      case 'duration':
    }
  }

  #around(step: number): readonly number[] {
    const known = this.#numbers().map((value) => (step === 1 ? Math.round(value) : value));
    const between = step === 1 ? [] : middles(known);
    return [...known, ...known.flatMap((value) => [value + step, value - step]), ...between, 0, 1, 2];
  }

  #times(): readonly number[] {
    const written = [...this.#of('time').map(Number), ...this.#of('day').map((day) => Date.parse(String(day)))];
    const shifted = this.#of('duration').flatMap((by) => [exampleNow - Number(by), exampleNow + Number(by)]);
    const known = [exampleNow, ...written, ...shifted];
    return [...known, ...middles(known).map(Math.round), ...known.flatMap((ms) => [ms - aDay, ms + aDay])].filter(
      (ms) => Math.abs(ms) < 1e14,
    );
  }

  *#lists(of: Ty): Generator<ConstValue> {
    const items = [...new Set(of.kind === 'text' && of.values === undefined ? [...this.#texts(), 'x'] : this.#present(of))];
    if (items.length > 4) this.isCut = true;
    // All that four of them can be together.
    for (let chosen = 0; chosen < 2 ** Math.min(items.length, 4); chosen += 1)
      yield items.filter((_item, index) => index < 4 && (chosen >> index) % 2 === 1);
    for (const item of items.slice(4)) yield [item];
  }

  /** Ids of a collection: the caller's where it may be one of its accounts, another, and those that the rules write out. */
  ids(of: string | undefined): readonly string[] {
    const written = this.#of('id').map(String);
    const own = of === this.#collection ? [recordId] : [];
    const others = [someId(0), someId(1), ...own, ...written];
    return of === undefined || this.accounts.includes(of) ? [callerId, ...others] : others;
  }

  /** Lists of records: empty, of one, of some; as long as a size that the rules mention, and longer. */
  recordLists(of: string): readonly (readonly string[])[] {
    const ids = this.ids(of);
    const long = (size: number): readonly string[] =>
      [...ids, ...Array.from({ length: size }, (_one, index) => someId(index + 1))].slice(0, size);
    return [[], ...ids.map((id) => [id]), ...[...this.#sizes].map(long)];
  }
}

/** What lies between neighbours. */
function middles(known: readonly number[]): readonly number[] {
  const sorted = [...known].sort((a, b) => a - b);
  return sorted.flatMap((value, index) => (index === 0 ? [] : [(value + (sorted[index - 1] ?? value)) / 2]));
}

function nearAndFar(value: ConstValue): readonly ConstValue[] {
  const point = toPoint(value);
  return point === null ? [] : [point, { lat: -point.lat, lon: point.lon > 0 ? point.lon - 180 : point.lon + 180 }];
}
