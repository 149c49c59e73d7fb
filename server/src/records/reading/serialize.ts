/** Rows → the text of an answer. */
import type { PageInfo } from '@underpin/sdk/wire';
import type { Ctx } from '../../ctx.ts';
import type { Texts } from '../../db/connect.ts';
import { printCursor, type Position } from '../parse/cursor.ts';
import type { ListPlan } from './plan.ts';
import { nearMark } from '../parse/search.ts';
import type { Lists } from './select.ts';

/** What a plan's statements brought. */
export interface Rows {
  readonly rows: readonly Texts[];
  readonly lists: Lists;
  readonly total: number | undefined;
}

export const serializePage = (ctx: Ctx, plan: ListPlan, rows: Rows): string => {
  const { records, page } = pageOf(ctx, plan, rows);
  return `{"data":[${records.join()}],"page":${JSON.stringify(page)}}`;
};

/** The records of a page as JSON, and where to go on. */
export function pageOf(
  ctx: Ctx,
  plan: ListPlan,
  { rows, lists, total }: Rows,
): { readonly records: readonly string[]; readonly page: PageInfo } {
  const { asked, position } = plan;
  const more = rows.length > asked.limit;
  const kept = more ? rows.slice(0, asked.limit) : rows;
  const backwards = position?.direction === 'prev';
  const ordered = backwards ? [...kept].reverse() : kept;
  const mark = asked.search?.near === undefined ? '' : nearMark;
  const at = (row: Texts | undefined, direction: Position['direction']): string | null =>
    row === undefined ? null : mark + printCursor(ctx, asked.identity, { direction, values: plan.keys.map((key) => row[key] ?? null) });
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
  return { records: ordered.map((row) => plan.write(row, lists)), page };
}

/** One record with the version for its ETag. */
export interface Written {
  readonly json: string;
  readonly id: string;
  readonly version: number | undefined;
}
