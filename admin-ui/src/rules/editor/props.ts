/** What the editor of a rule is given; apart from it, so that nothing but its types is loaded with the page. */
import type { Vocabulary } from '@underpin/sdk/expr/findings';
import type { Scope } from '@underpin/sdk/expr/model';

export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly severity: 'error' | 'warning' | 'info';
}
export interface RuleEditorProps {
  readonly text: string;
  readonly label: string;
  readonly placeholder: string;
  readonly vocabulary: Vocabulary;
  readonly scope: Scope;
  readonly marks: readonly Mark[];
  readonly faulty: boolean;
  /** The id of the element with the words below it. */
  readonly describedBy: string;
  readonly onChange: (text: string) => void;
}
