/** What somebody else has changed while a record is being edited, as its fields see it. */
import { createContext } from 'react';

export interface Meanwhile {
  /** Fields that were changed both here and elsewhere: what they are elsewhere. */
  readonly theirs: ReadonlyMap<string, unknown>;
  /** Fields that have just taken what they are elsewhere. */
  readonly taken: ReadonlySet<string>;
  /** The draft of this field is kept. */
  readonly settle: (field: string) => void;
  /** What is typed into this field is no value yet. */
  readonly onProblem: (field: string, isProblem: boolean) => void;
}

export const MeanwhileContext = createContext<Meanwhile>({
  theirs: new Map(),
  taken: new Set(),
  settle: () => undefined,
  onProblem: () => undefined,
});
