/**
 * Which upload a file was begun as, so that it goes on after a reload: in the browser's localStorage, by what tells one file from
 * another without reading it. Blobs without a name and a date of their own are not remembered: two of them would pass for one.
 */
import { nameOf } from './wanted.ts';
import type { Access, Wanted } from './wanted.ts';

export interface Memory {
  /** Of the upload that it was begun as. */
  readonly id: string | undefined;
  keep(id: string): void;
  forget(): void;
  /** It is under way no more, and remembered for who tries again. */
  leave(): void;
}
interface Entry {
  readonly id: string;
  readonly at: number;
}
type Entries = Readonly<Record<string, Entry>>;

const key = 'underpin:uploads';
/** What is older, the server has long swept. */
const longestMs = 7 * 86_400_000;

const none = (): void => undefined;
const nothing: Memory = { id: undefined, keep: none, forget: none, leave: none };

/** The same file twice at a time, in whichever tabs, is two uploads, of which the first is remembered. */
export async function remember(access: Access, blob: Blob, wanted: Wanted): Promise<Memory> {
  if (!(blob instanceof File)) return nothing;
  const purpose = [access.url, access.account() ?? '', wanted.collection, wanted.field];
  const mark = JSON.stringify([...purpose, nameOf(blob, wanted), blob.name, blob.size, blob.lastModified]);
  const leave = await claim(access.marks, mark);
  if (!leave) return nothing;
  return {
    id: readEntries()[mark]?.id,
    keep: (id) => write({ ...readEntries(), [mark]: { id, at: Date.now() } }),
    forget: () => {
      leave();
      const { [mark]: _done, ...others } = readEntries();
      write(others);
    },
    leave,
  };
}

/** Makes it this client's own, and where the browser can tell, that of no other tab; gives back what ends that. */
async function claim(marks: Set<string>, mark: string): Promise<(() => void) | undefined> {
  if (marks.has(mark)) return undefined;
  marks.add(mark);
  const isFree = await lock(mark, () => marks.delete(mark));
  if (!isFree) marks.delete(mark);
  return isFree;
}

/** Only pages that came safely have locks. */
function lock(mark: string, ended: () => void): Promise<(() => void) | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(ended);
  return new Promise((resolve) => {
    const held = (it: Lock | null): Promise<void> | undefined => {
      if (it) return new Promise((release) => resolve(() => (ended(), release())));
      resolve(undefined);
      return undefined;
    };
    locks.request(`underpin:${mark}`, { ifAvailable: true }, held).catch(() => resolve(ended));
  });
}

function readEntries(): Entries {
  try {
    const kept: unknown = JSON.parse(globalThis.localStorage.getItem(key) ?? '{}');
    // cast: written by `write` below; an id that is none is unknown to the server, and the upload begins anew
    return typeof kept === 'object' && kept !== null ? (kept as Entries) : {};
  } catch {
    // There is no storage, or a page may not have it.
    return {};
  }
}

function write(entries: Entries): void {
  const fresh = Object.entries(entries).filter(([, { at }]) => at > Date.now() - longestMs);
  try {
    if (fresh.length === 0) globalThis.localStorage.removeItem(key);
    else globalThis.localStorage.setItem(key, JSON.stringify(Object.fromEntries(fresh)));
  } catch {
    // Then it is not remembered.
  }
}
