/** What react-admin keeps of the records that were read, brought up to what is heard of them. */
import type { QueryClient } from '@tanstack/react-query';
import type { RaRecord } from 'react-admin';

export interface ShownList {
  readonly data: readonly RaRecord[];
  readonly total?: number;
}

export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** What was read a moment ago may be ahead of what is heard. */
const isOlder = (row: RaRecord, shown: RaRecord): boolean => Number(row['version']) < Number(shown['version']);

/** The same object where nothing changed, so that nothing is drawn again. */
const upTo = (shown: RaRecord, row: RaRecord): RaRecord => {
  const next = { ...shown, ...row };
  return isOlder(row, shown) || isSame(next, shown) ? shown : next;
};

/** A record as it is now, wherever it is shown by itself or as one of several. */
export const showRecord = (client: QueryClient, resource: string, row: RaRecord): void => {
  const one = (shown: RaRecord): RaRecord => (String(shown.id) === row.id ? upTo(shown, row) : shown);
  client.setQueriesData<RaRecord>({ queryKey: [resource, 'getOne'] }, (shown) => shown && one(shown));
  client.setQueriesData<readonly RaRecord[]>({ queryKey: [resource, 'getMany'] }, (shown) => shown?.map(one));
};

/** These rows in place of those of a list; `total`: how many there are in all, where that is known. */
export const showRows = (list: ShownList, rows: readonly RaRecord[], total: number | undefined): ShownList => {
  const before = new Map(list.data.map((row) => [row.id, row]));
  const data = rows.map((row) => upTo(before.get(row.id) ?? row, row));
  const isUnchanged = data.length === list.data.length && data.every((row, index) => row === list.data[index]);
  const all = total ?? list.total;
  if (isUnchanged && all === list.total) return list;
  return { ...list, data, ...(all === undefined ? {} : { total: all }) };
};
