/** What is asked of the rules, as it is put together in the form. */
import { useState } from 'react';
import type { RuleAction } from '@underpin/sdk/expr/findings';
import type { CollectionInfo, Rule } from '@underpin/sdk/wire';
import type { Draft } from '../../schema/draft.ts';
import type { Attempt, Question } from '../rule-api.ts';

export interface Asked {
  /** A collection of accounts; empty: nobody signed in. */
  readonly who: string;
  readonly account: string | null;
  readonly action: RuleAction;
  readonly record: string | null;
  readonly data: unknown;
  /** A field whose rule is meant instead of that of the record; empty: none. */
  readonly field: string;
  readonly which: 'draft' | 'saved';
}
const BEGIN: Asked = { who: '', account: null, action: 'view', record: null, data: null, field: '', which: 'draft' };

export const takesRecord = ({ action }: Asked): boolean => action !== 'create';
export const takesBody = ({ action }: Asked): boolean => action === 'create' || action === 'update';
/** Which of a field's rules an action asks. */
const ofField = ({ action }: Asked): 'read' | 'write' => (action === 'create' || action === 'update' ? 'write' : 'read');
/** The fields that have a rule for the action. */
export const fieldsAsked = (asked: Asked, draft: Draft): readonly string[] =>
  asked.action === 'delete' ? [] : draft.fields.filter(({ def }) => def.rules?.[ofField(asked)] !== undefined).map(({ def }) => def.name);

const isWhole = (asked: Asked): boolean =>
  (asked.who === '' || asked.account !== null) && (!takesRecord(asked) || asked.action === 'list' || asked.record !== null);

const draftRule = (asked: Asked, { rules, fields }: Draft): Rule => {
  if (asked.field !== '') return fields.find(({ def }) => def.name === asked.field)?.def.rules?.[ofField(asked)] ?? null;
  return (asked.action === 'view' && rules.view === undefined ? rules.list : rules[asked.action]) ?? null;
};

const attemptOf = (asked: Asked, collection: string): Attempt => ({
  collection,
  action: asked.action,
  as: asked.who !== '' && asked.account !== null ? { collection: asked.who, id: asked.account } : null,
  ...(takesRecord(asked) && asked.record !== null ? { id: asked.record } : {}),
  ...(takesBody(asked) && asked.data !== null ? { data: asked.data } : {}),
});

export const useQuestion = (collection: CollectionInfo, draft: Draft) => {
  const [asked, setAsked] = useState(BEGIN);
  const attempt = attemptOf(asked, collection.name);
  const question: Question = {
    ...attempt,
    ...(asked.field === '' ? {} : { field: { name: asked.field, of: ofField(asked) } }),
    ...(asked.which === 'draft' ? { rule: draftRule(asked, draft) } : {}),
  };
  return { asked, put: (part: Partial<Asked>) => setAsked({ ...asked, ...part }), attempt, question, isWhole: isWhole(asked) };
};
