/**
 * The draft of a collection, its saving, and what the server said against it. Drafts outlive the page: somebody who looks
 * something up in the records finds the half-made change again. A hazardous change answers with a plan, and is sent again
 * with the plan's hash once it was read.
 */
import { useState } from 'react';
import type { CollectionInfo, Plan } from '@underpin/sdk/wire';
import { ApiFailure, messageOf, request, type FailureField } from '../data/client.ts';
import { refreshSchema } from '../data/schema-store.ts';
import { draftOf, isDirty, patchOf, type Draft } from './draft.ts';

interface Entry {
  readonly base: CollectionInfo | null;
  readonly draft: Draft;
}
const kept = new Map<string, Entry>();

export interface CollectionDraft {
  readonly draft: Draft;
  readonly dirty: boolean;
  /** The collection was changed elsewhere after this draft was begun. */
  readonly overtaken: boolean;
  readonly busy: boolean;
  readonly errors: readonly FailureField[];
  /** Why it was refused, where no single place is at fault. */
  readonly refusal: string | null;
  readonly plan: Plan | null;
  /** `touched` is the pointer of what changes: the server's words about it no longer hold. */
  readonly change: (draft: Draft, touched: string) => void;
  readonly discard: () => void;
  /** Holds on to this draft as a change of what is there now; what it would undo, the plan shows. */
  readonly keepMine: () => void;
  /** The name under which it was saved, or null. */
  readonly save: (confirm?: string) => Promise<string | null>;
  readonly dismissPlan: () => void;
}

export const useCollectionDraft = (info: CollectionInfo | null): CollectionDraft => {
  const key = info?.id ?? 'new';
  const fresh = (): Entry => ({ base: info, draft: draftOf(info) });
  const [entry, setEntry] = useState<Entry>(() => kept.get(key) ?? fresh());
  const [errors, setErrors] = useState<readonly FailureField[]>([]);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [busy, setBusy] = useState(false);

  const dirty = isDirty(entry.draft, entry.base);
  const moved = info !== null && JSON.stringify(info) !== JSON.stringify(entry.base);
  if (moved && !dirty) setEntry(fresh());

  const put = (next: Entry) => {
    kept.set(key, next);
    setEntry(next);
    setRefusal(null);
  };
  const change = (draft: Draft, touched: string) => {
    const about = (pointer: string) => pointer === touched || pointer.startsWith(`${touched}/`) || touched.startsWith(`${pointer}/`);
    put({ base: entry.base, draft });
    setErrors((all) => all.filter((error) => !about(error.pointer)));
  };
  const settle = () => {
    kept.delete(key);
    setErrors([]);
    setRefusal(null);
    setPlan(null);
  };
  const discard = () => {
    settle();
    setEntry(fresh());
  };
  const save = async (confirm?: string): Promise<string | null> => {
    setBusy(true);
    const patch = patchOf(entry.draft, entry.base);
    // With the hash of what this draft began from, a change by somebody else in between is refused instead of being undone.
    const body = entry.base
      ? { ...patch, base: entry.base.hash, ...(confirm === undefined ? {} : { confirm }) }
      : { ...patch, kind: 'base' };
    try {
      if (entry.base) await request('PATCH', `/collections/${entry.base.name}`, { body });
      else await request('POST', '/collections', { body });
      settle();
      // Equal to what the schema will say after the next line: the draft is no longer one.
      setEntry((now) => ({ ...now, base: now.base ? { ...now.base, ...patch } : null }));
      await refreshSchema();
      return entry.draft.name.trim();
    } catch (error) {
      const failure = error instanceof ApiFailure ? error : null;
      setPlan(failure?.code === 'confirmation_required' ? (failure.plan ?? null) : null);
      setErrors(failure?.errors ?? []);
      const explained = failure !== null && (failure.plan !== undefined || failure.errors.length > 0);
      setRefusal(explained ? null : messageOf(error));
      if (failure?.code === 'conflict') void refreshSchema();
      return null;
    } finally {
      setBusy(false);
    }
  };
  return {
    draft: entry.draft,
    dirty,
    overtaken: moved && dirty,
    busy,
    errors,
    refusal,
    plan,
    change,
    discard,
    keepMine: () => put({ base: info, draft: entry.draft }),
    save,
    dismissPlan: () => setPlan(null),
  };
};

export const messageAt = (errors: readonly FailureField[], pointer: string): string | undefined => {
  const error = errors.find((one) => one.pointer === pointer);
  return error && (error.hint ? `${error.message} ${error.hint}` : error.message);
};
