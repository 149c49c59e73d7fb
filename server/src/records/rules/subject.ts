/** What a rule is explained on: a stored record, the row that a write would make of it, or a new one. */
import type { FoldContext } from '@underpin/sdk/expr/context';
import type { Stored } from '@underpin/sdk/expr/findings';
import type { Subject } from '@underpin/sdk/expr/world';
import type { Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { newId, parseId } from '../../kit/ids.ts';
import { holdsFiles, type Action, type Collection } from '../../schema/collection.ts';
import { rowColumns, storedRow, type LoadedWorld } from './memory.ts';
import { changesOf, nextRow } from './next-row.ts';
import type { Caller } from '../policy.ts';
import { parseValues, storedValue, type Value, type Values } from '../parse/values.ts';

interface About {
  readonly action: Action;
  readonly id?: string;
  readonly data?: unknown;
}

/** What a rule is judged on, and what is known of a write before it. */
export interface Asked {
  readonly more: Partial<FoldContext>;
  readonly sent: ReadonlySet<string>;
  readonly subject: (world: LoadedWorld) => Subject;
}

/** What the rule is judged on; undefined where no record and no data was named. */
export async function subjectOf(ctx: Ctx, caller: Caller, collection: Collection, { action, id, data }: About): Promise<Asked | undefined> {
  if (action === 'create') {
    if (data === undefined) return undefined;
    // Judged as if he might: what is refused is what the rule refuses.
    const values = await asStored(ctx, parseValues({ ...caller, privileged: true }, collection, data, 'create'));
    if (values.invalid) throw values.invalid;
    const empty = { ...nothing(collection), id: values.id ?? newId(ctx.now), created: ctx.now, updated: ctx.now, version: 1 };
    const next = nextRow(empty, values);
    const more = { sent: values.sent, creating: true };
    return {
      more,
      sent: values.sent,
      subject: (world) => ({ record: next, next, changed: changesOf(collection, values, null, next), world }),
    };
  }
  if (id === undefined) return undefined;
  const record = await rowOf(ctx, collection, id);
  if (action !== 'update') return { more: {}, sent: new Set(), subject: (world) => ({ record, world }) };
  const values = await asStored(ctx, parseValues({ ...caller, privileged: true }, collection, data ?? {}, 'update'));
  if (values.invalid) throw values.invalid;
  const next = nextRow(record, values);
  return {
    more: { sent: values.sent },
    sent: values.sent,
    subject: (world) => ({ record, next, changed: changesOf(collection, values, record, next), world }),
  };
}

/** A rule sees what will be stored: of a file that is named what is known of it, not its id alone. */
async function asStored(ctx: Ctx, parsed: Values): Promise<Values> {
  const values: Value[] = [];
  for (const value of parsed.values) {
    if (!holdsFiles(value.field)) values.push(value);
    else {
      const text = `SELECT (${storedValue(value.field, '$1::jsonb')})::text AS stored`;
      const { rows } = await ctx.db.run({ text, values: [value.value] });
      values.push({ ...value, value: rows[0]?.['stored'] ?? null });
    }
  }
  return { ...parsed, values };
}

const nothing = (collection: Collection): Stored =>
  Object.fromEntries(collection.fields.map((field) => [field.name, field.junction === undefined ? null : []]));

async function rowOf(ctx: Ctx, collection: Collection, id: string): Promise<Stored> {
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  const { rows } = await ctx.db.run({
    text: `SELECT ${rowColumns(collection, 't')} FROM ${collection.table} t WHERE t."id" = $1`,
    values: [key],
  });
  const [row] = rows;
  if (row === undefined) throw fail('not_found');
  return storedRow(collection, row);
}
