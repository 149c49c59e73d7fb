/**
 * The list that is shown stays true: the same query is followed, and what it tells takes the place of what was read.
 *
 * Worry: what was just read may be a moment ahead of what is heard, and would jump back and forth. Decision: after each reading
 * there is a pause before both are compared. Worry: how many there are in all is told by no live query. Decision: where all rows are
 * known they are counted; elsewhere the list is read again when rows came or went, once a second at most.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useListContext, type RaRecord } from 'react-admin';
import { allFields, expandable, isSystem } from '../data/collection.ts';
import { follow } from '../data/live.ts';
import { useSession } from '../data/session.ts';
import { showRecord, showRows, type ShownList } from '../data/shown.ts';

/** The server follows no more rows than these at once. */
const MOST_ROWS = 500;
const EXPANDED = 10;
const SETTLED_MS = 700;
const COUNT_MS = 1000;
const FLASH_MS = 2000;

const NONE: ReadonlySet<string> = new Set();

/** The ids of rows that have just changed or come. */
export const useLiveList = (collection: CollectionInfo): ReadonlySet<string> => {
  const client = useQueryClient();
  const { page, perPage, sort, filterValues, data } = useListContext();
  const { status } = useSession();
  const [flashing, setFlashing] = useState(NONE);
  const show = useRef((): void => undefined);
  const { name } = collection;
  const filter = typeof filterValues?.['filter'] === 'string' ? filterValues['filter'] : '';
  const isSortable = allFields(collection).some((field) => field.name === sort.field);
  const isFollowed = !isSystem(collection) && status === 'in' && page * perPage <= MOST_ROWS && isSortable;
  const expanded = expandable(collection).slice(0, EXPANDED).join();
  // The rows of the next page too: what moves up from there is nothing new.
  const limit = Math.min(MOST_ROWS, (page + 1) * perPage);
  const order = sort.order === 'DESC' ? `-${sort.field}` : sort.field;

  const query = useMemo(
    () => ({
      collection: name,
      limit,
      sort: [order],
      ...(filter === '' ? {} : { filter }),
      ...(expanded === '' ? {} : { expand: Object.fromEntries(expanded.split(',').map((field) => [field, true])) }),
    }),
    [name, limit, order, filter, expanded],
  );

  useEffect(() => {
    if (!isFollowed) return undefined;
    let known: ReadonlySet<RaRecord> | undefined;
    let ids = '';
    let counting: ReturnType<typeof setTimeout> | undefined;
    const start = (page - 1) * perPage;
    const put = (rows: readonly RaRecord[]): void => {
      const queries = client.getQueryCache().findAll({ queryKey: [name, 'getList'], type: 'active' });
      for (const { queryKey } of queries)
        client.setQueryData<ShownList>(
          queryKey,
          (list) => list && showRows(list, rows.slice(start, start + perPage), rows.length < limit ? rows.length : undefined),
        );
    };
    const stop = follow(query, (rows) => {
      show.current = () => put(rows);
      put(rows);
      const fresh = known ? rows.filter((row) => known?.has(row) === false) : [];
      for (const row of fresh) showRecord(client, name, row);
      if (fresh.length > 0) setFlashing(new Set(fresh.map((row) => String(row.id))));
      known = new Set(rows);
      const now = rows.map((row) => row.id).join();
      if (ids !== '' && ids !== now && rows.length >= limit) {
        clearTimeout(counting);
        counting = setTimeout(() => void client.invalidateQueries({ queryKey: [name, 'getList'] }), COUNT_MS);
      }
      ids = now;
    });
    return () => {
      stop();
      clearTimeout(counting);
      show.current = () => undefined;
    };
  }, [client, name, query, isFollowed, page, perPage, limit]);

  useEffect(() => {
    const timer = setTimeout(() => show.current(), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [data]);
  useEffect(() => {
    const timer = setTimeout(() => setFlashing(NONE), FLASH_MS);
    return () => clearTimeout(timer);
  }, [flashing]);
  return flashing;
};
