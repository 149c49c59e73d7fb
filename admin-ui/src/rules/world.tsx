/** What the rules of one collection are about, for every editor of a rule on its page. */
import { createContext, useContext, useMemo, type ReactNode } from 'react';
import type { Vocabulary } from '@underpin/sdk/expr/findings';
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { useCollections } from '../data/schema-store.ts';
import type { Draft } from '../schema/draft.ts';
import { vocabularyOf } from './vocabulary.ts';

interface RuleWorld {
  readonly vocabulary: Vocabulary;
  /** What the vocabulary was made of, as plain data; `key` tells one from another. */
  readonly collections: readonly CollectionInfo[];
  readonly edited: CollectionInfo;
  readonly key: string;
  /** As it is saved; null while it is made. */
  readonly saved: CollectionInfo | null;
}
const World = createContext<RuleWorld | null>(null);

const NEW_FIELDS: readonly FieldDef[] = [
  { name: 'id', type: 'id' },
  { name: 'created', type: 'date' },
  { name: 'updated', type: 'date' },
  { name: 'version', type: 'number' },
];
const NEW: CollectionInfo = { id: '', name: 'this', kind: 'base', hash: '', fields: [], systemFields: NEW_FIELDS };

export const RuleWorldProvider = (props: { saved: CollectionInfo | null; draft: Draft; children: ReactNode }) => {
  const { saved, draft } = props;
  const collections = useCollections();
  const world = useMemo(() => {
    // The saved name, also while another one is typed: what else points here still says that one.
    const base = saved ?? { ...NEW, name: draft.name || NEW.name };
    const fields = draft.fields.map(({ def }) => def);
    const edited = { ...base, fields };
    const key = JSON.stringify([collections.map(({ hash }) => hash), edited.name, fields]);
    return { saved, collections, edited, key, vocabulary: vocabularyOf(collections, edited) };
  }, [collections, saved, draft.name, draft.fields]);
  return <World value={world}>{props.children}</World>;
};

export const useRuleWorld = (): RuleWorld => {
  const world = useContext(World);
  if (world === null) throw new Error('a rule stands outside of its collection');
  return world;
};
