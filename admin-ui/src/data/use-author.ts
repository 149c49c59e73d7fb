/** Who is meant by `users:<id>`. */
import { useGetManyAggregate, type RaRecord } from 'react-admin';

/** The address or name of who wrote it; his collection and id while that is not known, or where he is gone. */
export const useAuthor = (by: string | null): string | null => {
  const [collection = '', id = ''] = (by ?? '').split(':');
  const { data } = useGetManyAggregate<RaRecord>(collection, { ids: [id] }, { enabled: id !== '', retry: false });
  const [known] = data ?? [];
  const name: unknown = known?.['email'] ?? known?.['name'];
  return typeof name === 'string' ? name : by;
};
