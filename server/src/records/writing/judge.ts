/** What may refuse a write, as columns of one statement: each judgement is a boolean with the refusal it stands for. */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { ParamList } from '../../expr/params.ts';
import type { EmitOptions } from '../../expr/rows.ts';
import { fail, failAt, type Failure } from '../../kit/errors.ts';
import { ident } from '../../kit/sql.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import type { ListWrite } from './lists.ts';
import { filesName } from '../../schema/system.ts';
import { policyFor, readOf, writeOf, type Caller } from '../policy.ts';
import { allHold, type Root } from '../reading/select.ts';
import type { Value } from '../parse/values.ts';

/** One thing that may refuse: the column of `judged` that holds it, and the refusal. */
interface Judgement {
  readonly sql: string;
  readonly refusal: () => Failure;
}

/** Judged in this order; the first that does not hold is the answer. */
export class Judging {
  readonly list: Judgement[] = [];
  /** All conditions that were judged so far, on the record or on what it refers to. */
  readonly conditions: Ir[] = [];
  readonly root: Root;
  readonly next: string;
  readonly #caller: Caller;
  readonly #params: ParamList;
  readonly #more: Pick<EmitOptions, 'nextMany' | 'changed'>;
  constructor(caller: Caller, params: ParamList, alias: string, next: string, more: Pick<EmitOptions, 'nextMany' | 'changed'> = {}) {
    this.#caller = caller;
    this.#params = params;
    this.root = { alias, joins: [] };
    this.next = next;
    this.#more = more;
  }
  add(conditions: readonly Ir[], refusal: () => Failure): void {
    this.conditions.push(...conditions);
    if (conditions.length > 0)
      this.sql(
        allHold(this.#caller, this.#params, this.root, conditions, {
          next: this.next,
          ...this.#more,
        }),
        refusal,
      );
  }
  sql(sql: string, refusal: () => Failure): void {
    this.list.push({ sql, refusal });
  }
  columns(): string {
    return this.list.map(({ sql }, index) => `, ((${sql}) IS TRUE) AS ok${index}`).join('');
  }
  all(): string {
    return this.list.length === 0 ? 'TRUE' : this.list.map((_one, index) => `judged.ok${index}`).join(' AND ');
  }
  answers(): string {
    return this.list.map((_one, index) => `, judged.ok${index}`).join('');
  }
}

export function judgeStored(caller: Caller, collection: Collection, judging: Judging): void {
  const seen = policyFor(caller, collection, 'view');
  if (seen === 'never') throw fail('not_found');
  judging.add(seen, () => fail('not_found'));
}

/** `condition`: that the stored row has the version asked for. */
export function judgeVersion(judging: Judging, condition: string | undefined): void {
  if (condition !== undefined)
    judging.sql(condition, () => fail('version_mismatch', 'The record has been changed meanwhile; read it again.'));
}

/** A field's own write rule. A field that may neither be written nor read is not there at all. */
export function judgeFields(
  caller: Caller,
  collection: Collection,
  judging: Judging,
  values: readonly Value[],
  of: 'write-create' | 'write-update',
  sent: ReadonlySet<string>,
): void {
  for (const { field } of values) {
    if (!sent.has(field.name)) continue;
    const condition = writeOf(caller, collection, field, of, sent);
    if (condition === 'never') {
      if (readOf(caller, collection, field) === 'never')
        throw failAt('unknown_field', `/${field.name}`, `Unknown field "${field.name}" on "${collection.name}"`);
      throw failAt('rule_denied', `/${field.name}`, `"${field.name}" may not be written`);
    }
    judging.add(condition, () => failAt('rule_denied', `/${field.name}`, `"${field.name}" may not be written`));
  }
}

/** A relation may be set only to a record that the caller may view: anything else is as if there were none. */
export function judgeReferences(
  caller: Caller,
  judging: Judging,
  params: ParamList,
  values: readonly Value[],
  sent: ReadonlySet<string>,
  old: string | undefined,
): void {
  if (caller.privileged) return;
  for (const { field, value } of values) {
    const target = field.to === undefined || field.junction !== undefined ? undefined : caller.schema.byName.get(field.to);
    if (target === undefined || value === null || !sent.has(field.name) || isFree(caller, target, value)) continue;
    const seen = policyFor(caller, target, 'view');
    if (seen !== 'never') judging.conditions.push(...seen);
    const column = `n.${ident(field.name)}`;
    const inner: Root = { alias: `x${params.nextAlias()}`, joins: [] };
    const there =
      seen === 'never'
        ? 'FALSE'
        : `EXISTS (SELECT 1 FROM ${target.table} ${inner.alias}${joined(inner, allHold(caller, params, inner, seen))} AND ${inner.alias}."id" = ${column})`;
    judging.sql(old === undefined ? there : `(${column} IS NOT DISTINCT FROM ${old}.${ident(field.name)} OR ${there})`, () =>
      badReference(field),
    );
  }
}
/** Emitting a condition is what collects its joins, so they are read after it. */
const joined = (root: Root, condition: string): string => `${root.joins.join('')} WHERE ${condition}`;

/** Ids of a collection that may be referred to unseen: the caller's own, and what the same batch made. */
export function freeIds({ ctx: { actor, created } }: Caller, target: Collection): readonly string[] {
  const own = actor.kind === 'account' && actor.collection === target.name ? [actor.id] : [];
  return [...own, ...(created?.get(target.name) ?? [])];
}
/** Files that he may name whoever uploaded them: those of a version that is written again. */
export const freeFiles = ({ ctx: { created } }: Caller): readonly string[] => [...(created?.get(filesName) ?? [])];
export const isFree = (caller: Caller, target: Collection, value: unknown): boolean => freeIds(caller, target).some((id) => id === value);

export const badReference = (field: Field): Failure =>
  failAt('reference_violation', `/${field.name}`, `"${field.name}" refers to no record of "${field.to ?? ''}"`);

/** The records that a list newly names must be there for the caller; those it named before need not. */
export function judgeLists(
  caller: Caller,
  judging: Judging,
  params: ParamList,
  lists: readonly ListWrite[],
  source: string | undefined,
): void {
  if (caller.privileged) return;
  for (const { field, junction, table, free } of lists) {
    const target = field.to === undefined ? undefined : caller.schema.byName.get(field.to);
    if (target === undefined) continue;
    const seen = policyFor(caller, target, 'view');
    const inner: Root = { alias: `x${params.nextAlias()}`, joins: [] };
    const there =
      seen === 'never'
        ? 'FALSE'
        : `EXISTS (SELECT 1 FROM ${target.table} ${inner.alias}${joined(inner, allHold(caller, params, inner, seen))} AND ${inner.alias}."id" = x.target)`;
    const mine = ` AND x.target <> ALL (${params.sent(free, 'uuid[]')})`;
    const before =
      source === undefined ? '' : ` AND NOT EXISTS (SELECT 1 FROM ${junction} j WHERE j.source = ${source} AND j.target = x.target)`;
    judging.sql(`NOT EXISTS (SELECT 1 FROM ${table} x WHERE NOT ${there}${mine}${before})`, () => badReference(field));
  }
}
