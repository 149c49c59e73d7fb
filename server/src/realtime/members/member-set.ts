/** One set of values that a rule hangs on, and who follows by it. */
import type { Change, Image } from '../../changes/change.ts';
import { limits } from '../../kit/limits.ts';
import type { Source } from './membership.ts';
import { bound } from '../matching/program.ts';
import { queried, Row, toRowChange } from '../matching/row.ts';

/** He is to ask again. */
export interface Follower {
  renew(set: MemberSet): void;
}

interface Entry {
  readonly id: string;
  /** Undefined: not of the set. */
  readonly value: string | undefined;
}
/** `old`, `now`: undefined where there was, or is, none. */
type Entries = { readonly old: Entry | undefined; readonly now: Entry | undefined } | 'emptied' | 'untold';
/** How rows of the table are read. */
interface Reader {
  image(image: Image): Entry | undefined;
  change(change: Change): Entries;
}

export class MemberSet {
  readonly source: Source;
  readonly #reader: Reader;
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** Of the values that a transaction touches: whether they were there before. */
  readonly #before = new Map<string, boolean>();
  readonly #followers = new Map<Follower, number>();
  /** Not all of it is known. */
  isTooLarge = false;
  /** Those who are about to follow. */
  users = 0;
  /** Counts its changes; NaN when it is not kept any more, which equals nothing. */
  version = 0;

  constructor(source: Source) {
    this.source = source;
    this.#reader = source.kind === 'links' ? readLinks(source) : readRecords(source);
  }

  /** In order, so that the same set is the same condition. */
  get values(): readonly string[] {
    return [...this.#counts.keys()].sort();
  }
  get followers(): readonly Follower[] {
    return [...this.#followers.keys()];
  }
  get isUnused(): boolean {
    return this.users === 0 && this.#followers.size === 0;
  }

  join(client: Follower): void {
    this.#followers.set(client, (this.#followers.get(client) ?? 0) + 1);
  }
  leave(client: Follower): void {
    const left = (this.#followers.get(client) ?? 1) - 1;
    if (left === 0) this.#followers.delete(client);
    else this.#followers.set(client, left);
  }

  end(): void {
    this.version = Number.NaN;
  }

  /** What a query gave: one row more than may be held, where there are more. */
  load(images: readonly Image[]): void {
    this.isTooLarge = images.length > limits.realtime.members;
    for (const image of images) {
      const entry = this.#reader.image(image);
      if (entry !== undefined) this.#add(entry);
    }
  }

  #add({ id, value }: Entry): void {
    this.#drop(id);
    if (value === undefined) return;
    this.#values.set(id, value);
    this.#count(value, 1);
  }

  #drop(id: string): void {
    const value = this.#values.get(id);
    if (value === undefined) return;
    this.#values.delete(id);
    this.#count(value, -1);
  }

  #count(value: string, by: 1 | -1): void {
    const before = this.#counts.get(value) ?? 0;
    if (!this.#before.has(value)) this.#before.set(value, before > 0);
    if (before + by === 0) this.#counts.delete(value);
    else this.#counts.set(value, before + by);
  }

  /** What a transaction did to it; false where the log does not tell enough. */
  apply(changes: readonly Change[]): boolean {
    this.#before.clear();
    for (const change of changes) {
      const entries = this.#reader.change(change);
      if (entries === 'untold') return false;
      if (entries === 'emptied') for (const id of [...this.#values.keys()]) this.#drop(id);
      else {
        if (entries.old !== undefined) this.#drop(entries.old.id);
        if (entries.now !== undefined) this.#add(entries.now);
      }
    }
    if ([...this.#before].some(([value, was]) => this.#counts.has(value) !== was)) this.version += 1;
    this.isTooLarge ||= this.#values.size > limits.realtime.members;
    return !this.isTooLarge;
  }
}

function readLinks({ key, by, id }: Extract<Source, { kind: 'links' }>): Reader {
  const link = (source: string, target: string): Entry => {
    const sides = { source, target };
    return { id: `${source} ${target}`, value: sides[by] === id ? sides[key] : undefined };
  };
  return {
    image: ([, source, target]) => link(source ?? '', target ?? ''),
    change: (change) => {
      if (change.op === 'truncate') return 'emptied';
      const read = (image: Image | undefined): Entry | undefined => {
        const at = (column: string): string => image?.[change.relation.columns.indexOf(column)] ?? '';
        return image && link(at('source'), at('target'));
      };
      return { old: change.op === 'insert' ? undefined : read(change.old), now: change.op === 'delete' ? undefined : read(change.row) };
    },
  };
}

function readRecords({ collection, condition, key }: Extract<Source, { kind: 'records' }>): Reader {
  const judge = bound(condition);
  const { relation } = queried(collection);
  const reads = ['id', key, ...judge.reads];
  const entry = (row: Row | undefined): Entry | undefined => {
    if (row?.id === undefined) return undefined;
    const value = judge.holds(row) ? row.value(key) : undefined;
    return { id: row.id, value: typeof value === 'string' ? value : undefined };
  };
  return {
    image: (image) => entry(new Row(collection, relation, image)),
    change: (change) => {
      const read = toRowChange(collection, change);
      if (read === 'truncate') return 'emptied';
      if (read.row?.tells(reads) === false) return 'untold';
      return { old: entry(read.old), now: entry(read.row) };
    },
  };
}
