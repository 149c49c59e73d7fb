/** `subscribe`: the line of a list, up to the plan; then the group takes over. */
import { z } from 'zod';
import type { LivePlace, OrderKey } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import { fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { inputOfBody, type Input } from '../records/parse/input.ts';
import type { SortKey } from '../records/parse/conditions.ts';
import { parseList, type Asked } from '../records/parse/list.ts';
import { callerOf, policyFor, readOf, refuseHidden, refuseNever, type Caller } from '../records/policy.ts';
import type { Collection, Field } from '../schema/collection.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { groupOf, type Group, type Wanted } from './groups/group.ts';
import type { Hub } from './hub.ts';
import type { MemberSet } from './members/member-set.ts';
import { memberOf, type Memberships } from './members/memberships.ts';
import type { Comer, Entered, LiveGroup } from './groups/live-group.ts';
import { QueryGroup } from './groups/query-group.ts';
import { RowsGroup } from './groups/rows-group.ts';
import { WindowGroup } from './groups/window-group.ts';

const place = z.strictObject({ group: z.string().max(100), epoch: z.string().max(100), position: z.string().max(100) });
const requested = z.looseObject({ collection: z.string(), at: place.optional() });

/** What somebody wants to follow, and from where on. */
export interface LiveRequest {
  readonly collection: string;
  readonly at: LivePlace | undefined;
  readonly input: Input;
  /** All of what is asked, where that is short: asked again, it is not read again. */
  readonly text?: string;
}

/** From the message of a socket. */
export function parseRequest(message: unknown): LiveRequest {
  const parsed = requested.safeParse(message);
  if (!parsed.success) throw failAt('invalid_request', '', 'A subscription is { id, collection, … }');
  const { collection, at, id: _id, ...query } = parsed.data;
  for (const unfit of ['search', 'highlight', 'cursor', 'page', 'count', 'can'])
    if (unfit in query) throw failAt('invalid_request', `/${unfit}`, `A live query takes no "${unfit}"`);
  const text = `live ${JSON.stringify(query)}`;
  return { collection, at, input: inputOfBody(query), ...(text.length <= limits.url && { text }) };
}

export interface Subscription {
  readonly group: Group;
  readonly comer: Comer;
  readonly order: readonly OrderKey[];
  /** What he was judged by that may change: to be released. */
  readonly sets: readonly MemberSet[];
}

/** What is asked, by whom; the same refusals as of a list. */
export async function parseSubscription(
  ctx: Ctx,
  { hub, memberships }: { readonly hub: Hub; readonly memberships: Memberships },
  { collection: name, at, input, text }: LiveRequest,
): Promise<Subscription> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  if (collection.system) throw fail('forbidden', 'Collections of the system are not live.');
  const read = parseList(caller, collection, { ...(text !== undefined && { text }), read: () => input }); // 400
  refuseNever(caller, policyFor(caller, collection, 'list')); // 401, 403
  const asked = withOrder(collection, read);
  const order = orderOf(caller, collection, asked);
  const wanted = { collection, asked, limit: input.limit === undefined ? undefined : asked.limit };
  const judged = (await bySets(memberships, caller, wanted)) ?? { group: followed(hub, read) ?? groupOf(caller, wanted), caller, sets: [] };
  const { group, sets } = judged;
  if (sets.length === 0) names.set(read, group.id);
  const isHis = at !== undefined && at.epoch === hub.log.epoch && at.group === group.id;
  return { group, comer: { ctx, caller: judged.caller, asked, at: isHis ? at : undefined }, order, sets };
}

/** The group by what the caller is a member of, where that is all it takes to judge rows in memory. */
async function bySets(
  memberships: Memberships,
  caller: Caller,
  wanted: Wanted,
): Promise<(Pick<Subscription, 'group' | 'sets'> & { readonly caller: Caller }) | undefined> {
  const sets = await memberships.judging(caller, wanted);
  if (sets.length === 0) return undefined;
  let isUsed = false;
  try {
    const his = memberOf(caller, sets);
    const group = groupOf(his, wanted); // 401, 403
    isUsed = group.local !== undefined;
    return isUsed ? { group, caller: his, sets } : undefined;
  } finally {
    if (!isUsed) for (const set of sets) memberships.release(set);
  }
}

/** The names of the groups of what callers asked: the same caller who asks the same again is of the same group. */
const names = new WeakMap<Asked, string>();
const followed = (hub: Hub, read: Asked): Group | undefined => hub.group(names.get(read) ?? '')?.group;

const fieldOf = (collection: Collection, { ir }: SortKey): Field | undefined =>
  ir.op === 'column' && ir.row.origin.kind === 'record' ? collection.byName.get(ir.field) : undefined;

/** The client puts rows in order by what it sees of them: what they are sorted by is shown too. */
function withOrder(collection: Collection, asked: Asked): Asked {
  if (asked.fields === undefined) return asked;
  return { ...asked, fields: [...new Set([...asked.fields, ...asked.sort.flatMap((key) => fieldOf(collection, key) ?? [])])] };
}

function orderOf(caller: Caller, collection: Collection, asked: Asked): readonly OrderKey[] {
  return asked.sort.map((key) => {
    const field = fieldOf(collection, key);
    if (field === undefined || readOf(caller, collection, field).length > 0)
      throw failAt('invalid_request', '/sort', 'A live query is sorted by fields of its own that you may read of every record');
    return { field: field.name, as: classOf(field.ty.kind), descending: key.descending, nullsFirst: key.nullsFirst };
  });
}

const classOf = (kind: string): OrderKey['as'] =>
  kind === 'id' || kind === 'int' || kind === 'number' || kind === 'decimal' || kind === 'bool' || kind === 'day' ? kind : 'text';

/** The group of the subscription, begun where nobody follows it yet; `join` is called as `LiveGroup.enter` says. */
export async function enter(hub: Hub, { group, comer }: Subscription, join: (one: LiveGroup, entered: Entered) => void): Promise<void> {
  const one = hub.group(group.id) ?? begin(hub, group);
  one.members += 1;
  try {
    await one.enter(comer, (entered) => join(one, entered));
  } catch (error) {
    leave(hub, one);
    throw error;
  }
}

/** One member less; a group that nobody follows is let go. */
export function leave(hub: Hub, one: LiveGroup): void {
  one.members -= 1;
  if (one.members === 0) hub.remove(one);
}

function begin(hub: Hub, group: Group): LiveGroup {
  if (hub.size >= limits.live.groups) throw fail('unavailable', { detail: 'Too many live queries.', retryAfter: 30 });
  const made = create(hub, group);
  hub.add(made);
  return made;
}

function create(hub: Hub, group: Group): LiveGroup {
  const { local, limit } = group;
  if (local === undefined) return new QueryGroup(hub, group);
  return limit === undefined ? new RowsGroup(hub, group, local) : new WindowGroup(hub, group, local, limit);
}
