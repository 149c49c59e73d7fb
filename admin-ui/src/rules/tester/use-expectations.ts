/** What is expected of the rules: kept in this browser while it is put together, and taken from here as a file for the tests. */
import { useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import type { RuleTestResult } from '@underpin/sdk/wire';
import { useStore, useTranslate } from 'react-admin';
import { runExpectations, type Attempt, type Expectation } from '../rule-api.ts';
import { isExpectation, withNames } from './expectation-file.ts';

export interface ExpectationState {
  readonly all: readonly Expectation[];
  /** By name; empty until they were run. */
  readonly results: ReadonlyMap<string, RuleTestResult>;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly add: (wanted: Attempt, allowed: boolean) => void;
  readonly remove: (name: string) => void;
  readonly replace: (all: readonly Expectation[]) => void;
  readonly run: () => void;
}

const NONE: ReadonlyMap<string, RuleTestResult> = new Map();

export const useExpectations = (): ExpectationState => {
  const t = useTranslate();
  // What is stored may have been written by an older page.
  const [stored, setStored] = useStore<unknown>('rules.expectations', []);
  const all = Array.isArray(stored) ? stored.filter(isExpectation) : [];
  const [results, setResults] = useState(NONE);
  const run = useMutation({
    mutationFn: () => runExpectations(all),
    onSuccess: (answers) => setResults(new Map(all.flatMap(({ name }, at) => (answers[at] ? [[name, answers[at]] as const] : [])))),
  });
  const replace = (next: readonly Expectation[]) => {
    setResults(NONE);
    setStored(next);
  };
  const nameOf = ({ action, collection, as, id }: Attempt, allowed: boolean): string => {
    const who = as === null ? t('who.anonymous') : `${as.collection} …${as.id.slice(-6)}`;
    const what = id === undefined ? collection : `${collection} …${id.slice(-6)}`;
    return t(allowed ? 'expect.may' : 'expect.mayNot', { who, what, action: t(`verb.${action}`) });
  };
  return {
    all,
    results,
    busy: run.isPending,
    error: run.error,
    add: (wanted, allowed) => replace(withNames([...all, { name: nameOf(wanted, allowed), ...wanted, allowed }])),
    remove: (name) => replace(all.filter((one) => one.name !== name)),
    replace,
    run: () => run.mutate(),
  };
};
