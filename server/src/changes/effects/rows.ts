/** A change of the log as rows of `underpin.effects`. */
import type { Change, Image, LogMessage, Relation } from '../change.ts';

type Texts = Readonly<Record<string, string | null>>;

/** What a row of `underpin.effects` says of a change; `n` counts within its transaction. */
export interface Row {
  readonly xid: number;
  readonly n: number;
  readonly kind: Change['op'];
  readonly collection: string;
  readonly record: string | null;
  readonly before: Texts | null;
  readonly after: Texts | null;
}

export function rowsOf(collection: string, change: Change): readonly Omit<Row, 'xid' | 'n'>[] {
  const { op, relation } = change;
  const before = op === 'update' || op === 'delete' ? textsOf(relation, change.old) : null;
  const after = op === 'insert' || op === 'update' ? textsOf(relation, change.row) : null;
  return [{ kind: op, collection, record: (after ?? before)?.['id'] ?? null, before, after }];
}

function textsOf({ columns }: Relation, image: Image | undefined): Texts | null {
  if (image === undefined) return null;
  const texts: Record<string, string | null> = {};
  columns.forEach((name, index) => {
    const value = image[index];
    if (value !== undefined) texts[name] = value;
  });
  return texts;
}

/** Characters, roughly. */
export function sizeOf(change: Change): number {
  const of = (image: Image | undefined): number => (image ?? []).reduce((sum, value) => sum + (value?.length ?? 0) + 20, 0);
  if (change.op === 'insert') return of(change.row);
  if (change.op === 'delete') return of(change.old);
  return change.op === 'update' ? of(change.old) + of(change.row) : 0;
}

export const metaPrefix = 'underpin.meta';

/** Who did it: what a transaction of ours says last of itself. */
export function metaOf(messages: readonly LogMessage[]): unknown {
  const said = messages.findLast(({ prefix }) => prefix === metaPrefix);
  if (said === undefined) return null;
  try {
    const meta: unknown = JSON.parse(said.content);
    return meta;
  } catch {
    return null;
  }
}
