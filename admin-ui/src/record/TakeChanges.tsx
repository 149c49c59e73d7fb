/**
 * Brings what others change into the form that is open: at once where nothing was typed, and as a question where something was.
 *
 * Worry: a draft is lost, or saved over what nobody has seen. Decision: a field that was edited keeps its draft, and says what it
 * is elsewhere until the person has chosen; until then saving asks too (`RecordEdit`). What is typed and no value yet is a draft
 * too, which the form knows nothing of: there it goes on with the value of before.
 */
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useFormContext, useFormState } from 'react-hook-form';
import type { RaRecord } from 'react-admin';
import { isSame, showRecord } from '../data/shown.ts';
import { MeanwhileContext } from '../fields/meanwhile.ts';

interface TakeChangesProps {
  readonly resource: string;
  readonly record: RaRecord;
  readonly latest: RaRecord | null;
  /** Fields whose drafts somebody else knows nothing of, and what they are elsewhere. */
  readonly theirs: ReadonlyMap<string, unknown>;
  readonly onTheirs: (theirs: ReadonlyMap<string, unknown>) => void;
  readonly children: ReactNode;
}
const NONE: ReadonlySet<string> = new Set();
const FLASH_MS = 2000;

export const TakeChanges = ({ resource, record, latest, theirs, onTheirs, children }: TakeChangesProps) => {
  const client = useQueryClient();
  const form = useFormContext();
  const { dirtyFields } = useFormState();
  const [taken, setTaken] = useState(NONE);

  const half = useRef(new Set<string>());
  const heard = useRef<RaRecord | null>(null);

  useEffect(() => {
    if (latest === null || heard.current === latest || Number(latest['version']) < Number(record['version'])) return;
    heard.current = latest;
    const changed = Object.keys(latest).filter((name) => !isSame(latest[name], record[name]));
    const isDraft = (name: string): boolean =>
      half.current.has(name) || (Object.hasOwn(dirtyFields, name) && !isSame(form.getValues(name), latest[name]));
    const drafts = changed.filter(isDraft);
    if (drafts.length > 0) onTheirs(new Map([...theirs, ...drafts.map((name) => [name, latest[name]] as const)]));
    setTaken(new Set(changed.filter((name) => !isDraft(name))));
    const kept = changed.filter((name) => half.current.has(name)).map((name) => [name, record[name]]);
    showRecord(client, resource, { ...latest, ...Object.fromEntries(kept) });
  }, [latest, record, dirtyFields, theirs, client, form, onTheirs, resource]);
  useEffect(() => {
    const timer = setTimeout(() => setTaken(NONE), FLASH_MS);
    return () => clearTimeout(timer);
  }, [taken]);

  const meanwhile = useMemo(
    () => ({
      theirs,
      taken,
      settle: (field: string) => onTheirs(new Map([...theirs].filter(([name]) => name !== field))),
      onProblem: (field: string, isProblem: boolean) => void (isProblem ? half.current.add(field) : half.current.delete(field)),
    }),
    [theirs, taken, onTheirs],
  );
  return <MeanwhileContext.Provider value={meanwhile}>{children}</MeanwhileContext.Provider>;
};
