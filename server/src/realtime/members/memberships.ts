/**
 * Sets of values that rules hang on (membership.ts), kept up to date from the log for as long as somebody follows by them.
 *
 * Worry: between the reading of a set and the reading of rows by it, either changes. Decision: a set is read with its snapshot, and what that
 * did not see is added from the log, as rows are; from then on it is the set of the place that the log is at, and counts its
 * changes. Who was judged by a set that has changed before he joined is judged anew (`version`), and who has joined leaves the groups that
 * he is in by it at that place, before anything of what follows is told. Why it is enough: rows are chosen by the
 * values of the set themselves, in SQL as in memory, so a view is of one set, and that of its place.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { Change, Txn } from '../../changes/change.ts';
import { systemCtx, type Base, type Ctx } from '../../ctx.ts';
import type { Statement } from '../../db/connect.ts';
import { limits } from '../../kit/limits.ts';
import { planImages } from '../../records/reading/images.ts';
import { callerOf, policyFor, readOf, type Caller } from '../../records/policy.ts';
import { visibleFields } from '../../records/reading/select.ts';
import type { Schema } from '../../schema/load.ts';
import type { Hub } from '../hub.ts';
import { tooBusy } from '../groups/live-group.ts';
import { MemberIndex } from './member-index.ts';
import { MemberSet, type Follower } from './member-set.ts';
import type { Wanted } from '../groups/group.ts';
import { sourcesOf, withSets, type Source } from './membership.ts';
import { queried, tableOf } from '../matching/row.ts';
import { missed, readAt, withSnapshot } from '../snapshot.ts';

/** The caller, of whom is known what he is a member of. */
export function memberOf(caller: Caller, sets: readonly MemberSet[]): Caller {
  const values = new Map(sets.map((set) => [set.source.name, set.values]));
  const before = new WeakMap<readonly Ir[], readonly Ir[]>();
  const reworded = (condition: readonly Ir[]): readonly Ir[] => {
    const known = before.get(condition) ?? condition.map((ir) => withSets(caller.schema, ir, ({ name }) => values.get(name)));
    before.set(condition, known);
    return known;
  };
  return { ...caller, reworded };
}

export class Memberships {
  readonly #base: Base;
  readonly #hub: Hub;
  readonly #sets = new Map<string, MemberSet>();
  readonly #index = new MemberIndex();
  readonly #loading = new Map<string, Promise<MemberSet>>();

  constructor(base: Base, hub: Hub) {
    this.#base = base;
    this.#hub = hub;
    hub.before({ txn: (txn) => this.#take(txn), gap: () => this.#endAll() });
  }

  /** The sets by which a list is judged; `release` each when that is done, whether he has joined or not. */
  async judging(caller: Caller, { collection, asked }: Wanted): Promise<readonly MemberSet[]> {
    const allowed = policyFor(caller, collection, 'list');
    const masks = visibleFields(caller, collection, asked.fields).map((field) => readOf(caller, collection, field));
    const conditions = [allowed, ...masks].flatMap((condition) => (condition === 'never' ? [] : condition));
    const used: MemberSet[] = [];
    try {
      for (const source of sourcesOf(caller.schema, conditions)) used.push(await this.#use(caller.schema, source));
    } catch (error) {
      for (const set of used) this.release(set);
      throw error;
    }
    if (!used.some(({ isTooLarge }) => isTooLarge)) return used;
    for (const set of used) this.release(set);
    return [];
  }

  async #use(schema: Schema, source: Source): Promise<MemberSet> {
    const set = this.#sets.get(source.name) ?? (await this.#load(schema, source));
    set.users += 1;
    return set;
  }

  release(set: MemberSet): void {
    set.users -= 1;
    this.#letGo(set);
  }

  leave(set: MemberSet, follower: Follower): void {
    set.leave(follower);
    this.#letGo(set);
  }

  #letGo(set: MemberSet): void {
    if (set.isUnused) this.#end(set);
  }

  #load(schema: Schema, source: Source): Promise<MemberSet> {
    const loading = this.#loading.get(source.name) ?? this.#read(schema, source).finally(() => this.#loading.delete(source.name));
    this.#loading.set(source.name, loading);
    return loading;
  }

  async #read(schema: Schema, source: Source): Promise<MemberSet> {
    const { generation } = this.#hub;
    const set = new MemberSet(source);
    for (let tries = 0; tries < limits.live.tries; tries++) {
      const ctx = systemCtx(this.#base);
      const read = await this.#hub.reads.take(() => readAt(ctx, statementOf(ctx, schema, source)));
      const late = await missed(this.#hub.log, this.#hub.seen, read);
      // From here on it follows the log: nothing waits in between.
      if (late === undefined || late.some((txn) => isBulk(source, txn))) continue;
      set.load(read.rows);
      const isKnown = set.apply(late.flatMap((txn) => changesOf(source, txn)));
      if (isKnown && generation === this.#hub.generation) this.#keep(set);
      else set.end();
      return set;
    }
    throw tooBusy();
  }

  #keep(set: MemberSet): void {
    this.#sets.set(set.source.name, set);
    this.#index.add(set);
  }

  #end(set: MemberSet): void {
    set.end();
    this.#index.remove(set);
    if (this.#sets.get(set.source.name) === set) this.#sets.delete(set.source.name);
  }

  #endAll(): void {
    for (const set of [...this.#sets.values()]) this.#renew(set, true);
  }

  #take(txn: Txn): void {
    if (txn.messages.some(({ prefix }) => prefix === 'underpin.schema')) return this.#endAll();
    for (const relation of txn.bulk ?? []) for (const set of [...this.#index.of(tableOf(relation))]) this.#renew(set, true);
    const concerned = new Map<MemberSet, Change[]>();
    for (const change of txn.changes)
      for (const set of this.#index.concerned(change)) {
        const changes = concerned.get(set);
        if (changes === undefined) concerned.set(set, [change]);
        else changes.push(change);
      }
    for (const [set, changes] of concerned) {
      const { version } = set;
      const isKnown = set.apply(changes);
      if (!isKnown || set.version !== version) this.#renew(set, !isKnown);
    }
  }

  /** It is another one now: who follows by it leaves, and asks again. */
  #renew(set: MemberSet, isOver: boolean): void {
    const { followers } = set;
    // What was to be told before is told.
    if (followers.length > 0) this.#hub.flush();
    if (isOver) this.#end(set);
    for (const client of followers) client.renew(set);
  }
}

const isBulk = ({ table }: Source, { bulk }: Txn): boolean => [...(bulk ?? [])].some((relation) => tableOf(relation) === table);
const changesOf = ({ table }: Source, { changes }: Txn): readonly Change[] => changes.filter(({ relation }) => tableOf(relation) === table);

function statementOf(ctx: Ctx, schema: Schema, source: Source): Statement {
  const limit = limits.realtime.members + 1;
  if (source.kind === 'links') {
    const text = `SELECT source || ' ' || target, source, target FROM ${source.table} WHERE ${source.by} = $1 LIMIT ${limit}`;
    return withSnapshot({ text, values: [source.id] });
  }
  const { collection, condition } = source;
  const asked = { filter: [condition], sort: [], nothing: false };
  return planImages(callerOf(ctx, schema), collection, asked, { columns: queried(collection).columns, limit });
}
