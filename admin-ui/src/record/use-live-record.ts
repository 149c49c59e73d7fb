/** A record that is open, as it is now. */
import { useEffect, useState } from 'react';
import type { CollectionInfo } from '@underpin/sdk/wire';
import type { RaRecord } from 'react-admin';
import { isSystem } from '../data/collection.ts';
import { follow } from '../data/live.ts';
import { useSession } from '../data/session.ts';

interface LiveRecord {
  readonly latest: RaRecord | null;
  /** Somebody has deleted it. */
  readonly isGone: boolean;
}
/** Who deletes it here is led away before he could read of it. */
const GONE_MS = 700;
const UNKNOWN: LiveRecord = { latest: null, isGone: false };

export const useLiveRecord = (collection: CollectionInfo, id: string | undefined): LiveRecord => {
  const { status } = useSession();
  const [live, setLive] = useState(UNKNOWN);
  const isFollowed = !isSystem(collection) && status === 'in' && id !== undefined;
  const { name } = collection;
  useEffect(() => {
    if (!isFollowed) return undefined;
    let going: ReturnType<typeof setTimeout> | undefined;
    const stop = follow({ collection: name, filter: `id == ${JSON.stringify(id)}`, limit: 1 }, ([latest]) => {
      clearTimeout(going);
      if (latest) setLive({ latest, isGone: false });
      else going = setTimeout(() => setLive({ latest: null, isGone: true }), GONE_MS);
    });
    return () => {
      stop();
      clearTimeout(going);
      setLive(UNKNOWN);
    };
  }, [isFollowed, name, id]);
  return live;
};
