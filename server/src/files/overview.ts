/** What admins see of files: how many and how large, against which quotas, and which records name one. */
import type { FileAmount, FileDetails, FilesSummary, FileState } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { holdsFiles } from '../schema/collection.ts';
import { fileSettings } from '../schema/fields/file.ts';
import { schemaOf } from '../schema/load.ts';

const none: FileAmount = { count: 0, size: 0 };

export async function filesSummary(ctx: Ctx): Promise<FilesSummary> {
  const schema = await schemaOf(ctx);
  const states = new Map<string, FileAmount>();
  const fields = new Map<string, FileAmount>();
  const [byState, byField, thumbs] = await Promise.all([
    ctx.db.run({ text: 'SELECT state AS key, count(*) AS count, sum(size)::int8 AS size FROM underpin.files_seen GROUP BY state' }),
    ctx.db.run({
      text: 'SELECT field AS key, count(*) AS count, sum(size)::int8 AS size FROM underpin.files WHERE ended IS NULL GROUP BY field',
    }),
    ctx.db.run({ text: 'SELECT count(*) AS count, coalesce(sum(bytes), 0)::int8 AS size FROM underpin.thumbs WHERE bytes > 0' }),
  ]);
  for (const [rows, into] of [
    [byState.rows, states],
    [byField.rows, fields],
  ] as const)
    for (const { key, count, size } of rows) into.set(String(key), { count: Number(count), size: Number(size) });
  const state = (name: FileState): FileAmount => states.get(name) ?? none;
  return {
    storage: ctx.config.STORAGE,
    states: { begun: state('begun'), pending: state('pending'), attached: state('attached'), orphaned: state('orphaned') },
    thumbs: { count: Number(thumbs.rows[0]?.['count'] ?? 0), size: Number(thumbs.rows[0]?.['size'] ?? 0) },
    fields: schema.collections.flatMap((collection) =>
      collection.fields.filter(holdsFiles).map((field) => {
        const { quota, quotaPerAccount } = fileSettings(field.def);
        return {
          collection: collection.name,
          field: field.name,
          ...(fields.get(field.id) ?? none),
          ...(quota !== undefined && { quota }),
          ...(quotaPerAccount !== undefined && { quotaPerAccount }),
        };
      }),
    ),
  };
}

const usesShown = 200;

export async function fileDetails(ctx: Ctx, asked: string): Promise<FileDetails> {
  const id = parseId(asked);
  const { rows } =
    id === undefined
      ? { rows: [] }
      : await ctx.db.run({
          text: 'SELECT s.*, f.value FROM underpin.files_seen s JOIN underpin.files f ON f.id = s.id WHERE s.id = $1',
          values: [id],
        });
  const [row] = rows;
  if (row === undefined) throw fail('not_found');
  const schema = await schemaOf(ctx);
  const uses = await ctx.db.run({
    text: `SELECT u.collection, u.field, u.record, v.version FROM underpin.file_uses u LEFT JOIN underpin.versions v ON v.id = u.version
           WHERE u.file = $1 ORDER BY u.version, u.record LIMIT ${usesShown}`,
    values: [id],
  });
  const thumbs = await ctx.db.run({
    text: 'SELECT size, bytes FROM underpin.thumbs WHERE file = $1 AND bytes > 0 ORDER BY size',
    values: [id],
  });
  const value = row['value'] ?? { id, name: row['name'], type: row['type'] ?? '', size: Number(row['size']), sha256: '', url: '' };
  return {
    // cast: written by `settle`, and the columns of the view.
    file: {
      ...(value as FileDetails['file']),
      state: row['state'] as FileState,
      created: created(row['created']),
      owner: String(row['owner']),
    },
    uses: uses.rows.map(({ collection: of, field, record, version }) => {
      const collection = schema.byId.get(String(of));
      return {
        collection: collection?.name ?? '',
        field: collection?.fields.find((one) => one.id === field)?.name ?? '',
        record: String(record),
        ...(version === null ? {} : { version: Number(version) }),
      };
    }),
    thumbs: thumbs.rows.map(({ size, bytes }) => ({ size: String(size), bytes: Number(bytes) })),
  };
}
const created = (value: unknown): string => (value instanceof Date ? value.toISOString() : '');
