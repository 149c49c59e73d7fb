/**
 * Who may read the bytes: who sees a record that names them, asked by one statement that is planned once for callers of a kind.
 *
 * A page shows a hundred files and asks for each again and again. So a yes is remembered for half a second, with what is known of the
 * caller; a no never. Not where a rule asks for the moment or the address, nor for what belongs to one who uploaded it.
 */
import type { Ctx } from '../ctx.ts';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { ownerOf } from '../kit/actor.ts';
import { Recent } from '../kit/recent.ts';
import { bind, planned } from '../records/plans.ts';
import { asksForMoment, callerOf, type Caller } from '../records/policy.ts';
import { readableFile } from '../records/reading/file-access.ts';
import { holdsFiles, type Field } from '../schema/collection.ts';
import { fileSettings } from '../schema/fields/file.ts';
import { schemaOf, type Schema } from '../schema/load.ts';

export interface ReadableFile {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
  readonly width: number | undefined;
  readonly isPending: boolean;
}

interface Verdict {
  readonly file: ReadableFile;
  readonly at: number;
}
const verdicts = slot('file verdicts', () => new WeakMap<object, Recent<string, Verdict>>());

/** The file, where the caller may read it; 404 for all that he may not. `thumb`: where a field by which he may declares it. */
export async function readableOf(ctx: Ctx, asked: string, thumb?: string): Promise<ReadableFile> {
  const schema = await schemaOf(ctx);
  const id = parseId(asked);
  if (id === undefined || (thumb !== undefined && !isDeclared(schema, thumb))) throw fail('not_found');
  const caller = callerOf(ctx, schema);
  const held = ctx.cache.get(verdicts);
  const known = held.get(caller.known) ?? new Recent<string, Verdict>(limits.files.verdicts);
  held.set(caller.known, known);
  const key = `${id} ${thumb ?? ''}`;
  const before = known.get(key);
  if (before !== undefined && performance.now() - before.at < limits.files.verdict) return before.file;
  const file = await look(caller, id, thumb);
  if (file === undefined) throw fail('not_found');
  if (!file.isPending && !asksForMoment(caller)) known.set(key, { file, at: performance.now() });
  return file;
}

/** A size that some field declares; others make no plans. */
const isDeclared = (schema: Schema, thumb: string): boolean =>
  schema.collections.some(({ fields }) => fields.some((field) => holdsFiles(field) && declares(field, thumb)));
const declares = (field: Field, thumb: string): boolean => fileSettings(field.def).thumbs.includes(thumb);

async function look(caller: Caller, id: string, thumb: string | undefined): Promise<ReadableFile | undefined> {
  const { ctx } = caller;
  const { plan, constants } = planned(caller, `file ${thumb ?? ''}`, [], (writing) => {
    const params = writing.params();
    const file = params.sent(0, 'uuid');
    const through = (field: Field): boolean => thumb === undefined || declares(field, thumb);
    const mine = (): string => `(f.attached IS NULL AND f.owner = ${params.sent(1, 'text')})`;
    const may = writing.caller.privileged ? 'TRUE' : `(${mine()} OR ${readableFile(writing.caller, params, 'f.id', through).sql})`;
    const text = `SELECT f.name, f.type, f.size, f.sha256, f.width, f.attached IS NULL AS pending FROM underpin.files f WHERE f.id = ${file} AND f.whole IS NOT NULL AND f.ended IS NULL AND ${may}`;
    return { statement: writing.template(text, params) };
  });
  const [row] = await ctx.db.texts(bind(plan.statement, constants, [id, ownerOf(ctx.actor)]));
  if (row === undefined) return undefined;
  const [name, type, size, sha256, width, pending] = row;
  return {
    id,
    name: name ?? '',
    type: type ?? '',
    size: Number(size),
    sha256: sha256 ?? '',
    width: width === null || width === undefined ? undefined : Number(width),
    isPending: pending === 't',
  };
}
