/** What is wrong with the text of a rule, found as the server finds it: by parsing and checking. */
import { ExprError, ruleLimits } from '@underpin/sdk/expr/ast';
import { check } from '@underpin/sdk/expr/check';
import type { Vocabulary } from '@underpin/sdk/expr/findings';
import type { Scope } from '@underpin/sdk/expr/model';
import { parse } from '@underpin/sdk/expr/parse';

export interface Fault {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint?: string;
}

/** Null where nothing is wrong; the checker stops at the first fault, so there is one at most. */
export const faultIn = (text: string, vocabulary: Vocabulary, scope: Scope): Fault | null => {
  try {
    const { schema, auth, collection } = vocabulary;
    check(parse(text, ruleLimits), { schema, auth, collection, scope, limits: ruleLimits });
    return null;
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    const { start, end, message, hint } = error;
    return { start, end, message, ...(hint === undefined ? {} : { hint }) };
  }
};
