/**
 * Those who follow the same: one evaluation of each change, one frame for all of them.
 *
 * Worry: two callers in one group see the same bytes, so whatever may part them and is forgotten in the group's key is a hole. And
 * the key is told to clients, who are to learn nothing of constants of rules from it (`tenant == auth.tenant`).
 * Decision: as plans do (records/plans.ts), a group is made of what is asked and of the answers to the questions that were asked
 * of the policy while it was made, and of nothing else. Every answer is noted (`observed`), and all of them with all their
 * constants go into the key: the rule, the guards and masks that the filter and the sort keys meet, the masks of what is
 * shown, and those of all that is expanded. Its name is their HMAC under a key of the installation, so that it is the same after
 * a restart, and no guess at a constant can be tried.
 * Why it is enough: what was not asked was not used. A test asks HTTP for the bytes of everybody in a group.
 *
 * A rule or filter that asks for `now`, `today()` or `request` is a new one at each moment. Such a group is its caller's own,
 * has a name that is never given again, and is asked of Postgres anew (parsed anew, for `now` stands in the filter as well);
 * as everywhere, time alone changes nothing by itself.
 */
import { slot } from '../../kit/cache.ts';
import { deriveKey, hmac, randomToken } from '../../kit/crypto.ts';
import type { Ir } from '@underpin/sdk/expr/ir';
import { memoryView } from '../../records/rules/memory.ts';
import type { SortKey } from '../../records/parse/conditions.ts';
import type { Asked } from '../../records/parse/list.ts';
import { shapeOfKey } from '../../records/reading/follow.ts';
import { visibleFields } from '../../records/reading/select.ts';
import { observed, policyFor, refuseNever, type Caller, type Condition } from '../../records/policy.ts';
import type { Collection } from '../../schema/collection.ts';
import { askOfExpand, nameOfExpand, nameOfIr, tablesOf, tablesShown } from './asking.ts';
import { localOf, type Local } from '../matching/local.ts';
import { unquoted } from '../matching/row.ts';

export interface Group {
  /** Its name: the same for all who are owed the same bytes, in every process of the installation. */
  readonly id: string;
  readonly collection: Collection;
  readonly table: string;
  /** Absent: all rows that match. */
  readonly limit: number | undefined;
  readonly sort: readonly SortKey[];
  /** Made of a moment: see above. */
  readonly isMomentary: boolean;
  /** Every table that it depends on, its own among them. */
  readonly tables: ReadonlySet<string>;
  /** How rows are judged and written in memory; absent where that takes a query. */
  readonly local: Local | undefined;
}

export interface Wanted {
  readonly collection: Collection;
  readonly asked: Asked;
  /** Where one was asked for. */
  readonly limit: number | undefined;
  /** Whether the log tells computed fields; it does from Postgres 18 on, where they are published. */
  readonly isComputedTold?: boolean;
}

/** 401, 403: nobody of his kind may. */
export function groupOf(of: Caller, { collection, asked, limit, isComputedTold = false }: Wanted): Group {
  const answers = new Map<string, Condition>();
  let isMomentary = asked.momentary;
  const caller = observed(of, (name, condition, momentary) => {
    answers.set(name, condition);
    isMomentary ||= momentary;
  });
  const allowed = policyFor(caller, collection, 'list');
  refuseNever(caller, allowed);
  const shown = visibleFields(caller, collection, asked.fields);
  const view = memoryView(caller);
  const local = localOf({ caller, collection, asked, allowed, shown, view, isComputedTold });
  askOfExpand(caller, view, collection, asked.expand);
  for (const ability of asked.can) policyFor(caller, collection, ability, ability === 'update' ? { sent: new Set<string>() } : {});
  const key = [
    [caller.schema.version, collection.id, asked.nothing, limit, asked.can, asked.search],
    asked.filter.flatMap(parts).map(nameOfIr).sort(),
    asked.sort.map(shapeOfKey),
    shown.map(({ name }) => name),
    asked.expand.map(nameOfExpand),
    [...answers].map(([name, condition]) => [name, condition === 'never' ? condition : condition.map(nameOfIr)]).sort(byName),
  ];
  const conditions = [...answers.values()].flatMap((condition) => (condition === 'never' ? [] : condition));
  const read = tablesOf(caller.schema, [...conditions, ...asked.filter, ...asked.sort.map(({ ir }) => ir)]);
  return {
    id: isMomentary ? randomToken().slice(0, named) : nameOf(of, JSON.stringify(key)),
    collection,
    table: unquoted(collection.table),
    limit,
    sort: asked.sort,
    isMomentary,
    tables: new Set([...read, ...tablesShown(caller.schema, { collection, fields: shown, expand: asked.expand })]),
    local: isMomentary ? undefined : local,
  };
}

/** Characters of a name: 132 bits of it. */
const named = 22;
const keySlot = slot<{ key: Buffer | undefined }>('group key', () => ({ key: undefined }));
function nameOf({ ctx }: Caller, text: string): string {
  const held = ctx.cache.get(keySlot);
  held.key ??= deriveKey(ctx.secret, 'group');
  return hmac(held.key, text).toString('base64url').slice(0, named);
}

const parts = (ir: Ir): readonly Ir[] => (ir.op === 'and' ? ir.of.flatMap(parts) : [ir]);
const byName = ([a]: readonly unknown[], [b]: readonly unknown[]): number => (String(a) < String(b) ? -1 : 1);
