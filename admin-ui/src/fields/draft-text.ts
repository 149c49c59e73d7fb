/**
 * Inputs whose text is not always a value (half a number, JSON with a missing brace): the text is kept as it is typed,
 * the value changes only when the text is one, and a value that changes from outside replaces the text.
 */
import { useState } from 'react';

export type Parsed = { readonly value: unknown } | { readonly problem: string };

interface DraftTextOptions {
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly onProblem: (message: string | null) => void;
  readonly show: (value: unknown) => string;
  readonly parse: (text: string) => Parsed;
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

export const useDraftText = ({ value, onChange, onProblem, show, parse }: DraftTextOptions) => {
  const [text, setText] = useState(() => show(value));
  const [last, setLast] = useState(value);
  const [problem, setProblem] = useState<string | null>(null);
  if (!same(value, last)) {
    setLast(value);
    setText(show(value));
    setProblem(null);
  }
  const write = (next: string) => {
    setText(next);
    const parsed = parse(next);
    const trouble = 'problem' in parsed ? parsed.problem : null;
    setProblem(trouble);
    onProblem(trouble);
    if ('value' in parsed) {
      setLast(parsed.value);
      onChange(parsed.value);
    }
  };
  return { text, write, problem };
};
