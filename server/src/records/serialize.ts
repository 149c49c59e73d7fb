/** Rows → the text of an answer. The records are JSON already, made by Postgres; here they are only put together. */
import type { PageInfo } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import type { ResultRow } from '../db/connect.ts';
import { printCursor, type Position } from './cursor.ts';
import type { ListPlan, Rows } from './plan.ts';

export function serializePage(ctx: Ctx, plan: ListPlan, { rows, total }: Rows): string {
  const { asked, position } = plan;
  const more = rows.length > asked.limit;
  const kept = more ? rows.slice(0, asked.limit) : rows;
  const backwards = position?.direction === 'prev';
  const ordered = backwards ? [...kept].reverse() : kept;
  const at = (row: ResultRow | undefined, direction: Position['direction']): string | null => {
    if (row === undefined) return null;
    const values = asked.sort.map((_key, index) => {
      const value = row[`k${index}`];
      return typeof value === 'string' ? value : null;
    });
    return printCursor(ctx, asked.identity, { direction, values });
  };
  const hasNext = backwards || more;
  const hasPrev = backwards ? more : position !== undefined || (asked.page ?? 1) > 1;
  const page: PageInfo = {
    limit: asked.limit,
    next: hasNext ? at(ordered.at(-1), 'next') : null,
    prev: hasPrev ? at(ordered[0], 'prev') : null,
    ...(total === undefined
      ? {}
      : {
          total: plan.cap === undefined || plan.cap === 0 ? total : Math.min(total, plan.cap),
          totalIsExact: plan.cap === undefined || (plan.cap > 0 && total <= plan.cap),
        }),
  };
  return `{"data":[${ordered.map((row) => String(row['json'])).join(',')}],"page":${JSON.stringify(page)}}`;
}

/** One record with the version for its ETag. */
export interface Written {
  readonly json: string;
  readonly id: string;
  readonly version: number | undefined;
}
