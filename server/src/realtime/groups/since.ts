/** What transactions did to a group's own table, and whether they may concern it at all. */
import type { Txn } from '../../changes/change.ts';
import type { Group } from './group.ts';
import { tableOf, toRowChange, type RowChange } from '../matching/row.ts';

/** Undefined where one of them was too large to be told. */
export function changesOf(group: Group, txns: readonly Txn[]): readonly RowChange[] | undefined {
  if (txns.some((txn) => isBulkOf(group, txn))) return undefined;
  return txns.flatMap(({ changes }) =>
    changes.filter(({ relation }) => tableOf(relation) === group.table).map((change) => toRowChange(group.collection, change)),
  );
}

export const isBulkOf = (group: Group, { bulk }: Txn): boolean => [...(bulk ?? [])].some((relation) => group.tables.has(tableOf(relation)));

export const concerns = (group: Group, txn: Txn): boolean =>
  isBulkOf(group, txn) || txn.changes.some(({ relation }) => group.tables.has(tableOf(relation)));
