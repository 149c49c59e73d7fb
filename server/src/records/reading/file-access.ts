/** Who may read a file: whoever sees a record that names it, with the field in which it does. Every door asks this. */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { ParamList } from '../../expr/params.ts';
import { literal } from '../../kit/sql.ts';
import { holdsFiles, type Field } from '../../schema/collection.ts';
import { policyFor, readOf, type Caller } from '../policy.ts';
import { allHold, type Root } from './select.ts';

/** `through`: only by fields for which it holds. `file`: SQL of the file's id. */
export function readableFile(
  caller: Caller,
  params: ParamList,
  file: string,
  through: (field: Field) => boolean = () => true,
): { readonly sql: string; readonly conditions: readonly Ir[] } {
  const all: Ir[] = [];
  const ways = caller.schema.collections.flatMap((collection) =>
    collection.fields
      .filter((field) => holdsFiles(field) && through(field))
      .flatMap((field) => {
        const [view, read] = [policyFor(caller, collection, 'view'), readOf(caller, collection, field)];
        if (view === 'never' || read === 'never') return [];
        const conditions = [...view, ...read];
        all.push(...conditions);
        const use = `u${params.nextAlias()}`;
        const root: Root = { alias: `x${params.nextAlias()}`, joins: [] };
        const holds = allHold(caller, params, root, conditions);
        const record =
          conditions.length === 0
            ? ''
            : ` JOIN ${collection.table} ${root.alias} ON ${root.alias}."id" = ${use}.record${root.joins.join('')}`;
        return [
          `EXISTS (SELECT 1 FROM underpin.file_uses ${use}${record} WHERE ${use}.file = ${file} AND ${use}.field = ${literal(field.id)} AND ${use}.version = 0 AND ${holds})`,
        ];
      }),
  );
  return { sql: ways.length === 0 ? 'FALSE' : `(${ways.join(' OR ')})`, conditions: all };
}
