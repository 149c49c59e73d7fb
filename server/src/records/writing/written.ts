/** What a write answers with: the record as the caller may view it now, or nothing but its id and version. */
import type { Texts } from '../../db/connect.ts';
import type { ParamList } from '../../expr/params.ts';
import type { Collection } from '../../schema/collection.ts';
import { policyFor, type Caller } from '../policy.ts';
import { allHold, noLists, selectRecord, type Columns, type Root, type Writer } from '../reading/select.ts';
import type { Written } from '../reading/serialize.ts';

/** Where things stand in the one row of a write's statement. */
export interface Answer {
  readonly id: number;
  readonly version: number | undefined;
  /** Whether the caller may view the record as it is now. Absent: he may, if there is a writer. */
  readonly visible: number | undefined;
  readonly write: Writer | undefined;
  /** The judgements, in the order of the refusals. */
  readonly judged: readonly number[];
}

/** Asks for what is shown of a record that was just written, under the rule that guards every look at it. */
export function selectWritten(
  caller: Caller,
  collection: Collection,
  params: ParamList,
  columns: Columns,
  root: Root,
): Pick<Answer, 'visible' | 'write'> {
  const seen = policyFor(caller, collection, 'view');
  if (seen === 'never') return { visible: undefined, write: undefined };
  const visible = seen.length === 0 ? undefined : columns.add(`((${allHold(caller, params, root, seen)}) IS TRUE)`);
  return { visible, write: selectRecord({ caller, params, columns, root }, collection, { expand: [] }) };
}

/** The answer of a row; undefined where nothing was written. */
export function readWritten({ id: at, version: versionAt, visible, write }: Answer, row: Texts): Written | undefined {
  const id = row[at];
  if (id === null || id === undefined) return undefined;
  const version = versionAt === undefined ? undefined : Number(row[versionAt]);
  const isShown = write !== undefined && (visible === undefined || row[visible] === 't');
  return { id, version, json: isShown ? write(row, noLists) : JSON.stringify({ id, version }) };
}
