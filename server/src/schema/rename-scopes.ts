/** The scopes of API keys name collections, and their filters fields: they follow a rename as rules do, in the same transaction. */
import { ExprError } from '@underpin/sdk/expr/ast';
import type { CollectionDef } from '@underpin/sdk/wire';
import { z } from 'zod';
import type { Ctx } from '../ctx.ts';
import type { Schema } from './load.ts';
import { renamesBetween, rewrite, type Renames } from './rename.ts';
import { checkPlace } from './rules.ts';

const scopes = z.array(z.looseObject({ on: z.string(), collection: z.string().optional(), filter: z.string().optional() }));
type StoredScope = z.infer<typeof scopes>[number];
type Stored = CollectionDef & { readonly id: string };

export async function renameInScopes(ctx: Ctx, schema: Schema, before: Stored, after: Stored): Promise<void> {
  const renames = renamesBetween(before, after);
  if (renames.size === 0) return;
  const { rows } = await ctx.db.run({ text: 'SELECT id, scopes FROM underpin.api_keys ORDER BY id FOR UPDATE' });
  for (const { id, scopes: value } of rows) {
    const was = scopes.parse(value);
    const now = was.map((scope) => followed(schema, scope, renames, before, after));
    if (JSON.stringify(was) === JSON.stringify(now)) continue;
    await ctx.db.run({ text: 'UPDATE underpin.api_keys SET scopes = $2::jsonb WHERE id = $1', values: [id, JSON.stringify(now)] });
  }
}

function followed(schema: Schema, scope: StoredScope, renames: Renames, before: Stored, after: Stored): StoredScope {
  const on = scope.collection === before.id ? { on: scope.on.replace(/:.*$/, `:${after.name}`) } : {};
  const collection = schema.byId.get(scope.collection ?? '');
  if (collection === undefined || scope.filter === undefined) return { ...scope, ...on };
  try {
    const { mentions } = checkPlace(schema, collection, { text: scope.filter, scope: 'read' });
    return { ...scope, ...on, filter: rewrite(scope.filter, mentions, renames) };
  } catch (error) {
    // One that means nothing any more lets nothing through, and stays so.
    if (error instanceof ExprError) return { ...scope, ...on };
    throw error;
  }
}
