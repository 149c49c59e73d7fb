/** The text of a rule in CodeMirror: colours, completion, and what is wrong underlined at its place. Loaded when first shown. */
import { useEffect, useRef } from 'react';
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  snippet,
  type CompletionSource,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, hoverTooltip, keymap, placeholder, type Tooltip } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { complete, describe, type Choice } from './complete.ts';
import { ruleLanguage } from './language.ts';
import type { RuleEditorProps } from './props.ts';

const KINDS: Readonly<Record<Choice['kind'], string>> = {
  field: 'property',
  word: 'keyword',
  function: 'function',
  method: 'method',
  value: 'enum',
  variable: 'variable',
};

export const RuleEditor = (props: RuleEditorProps) => {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const named = useRef(new Compartment());
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (host.current === null) return undefined;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          history(),
          closeBrackets(),
          bracketMatching(),
          ruleLanguage,
          syntaxHighlighting(classHighlighter),
          autocompletion({ override: [(context) => source(latest.current)(context)], icons: false }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          hoverTooltip((at, position) => typeAt(at.state.doc.toString(), position, latest.current)),
          EditorView.lineWrapping,
          placeholder(latest.current.placeholder),
          named.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  const { text, label, faulty, marks, describedBy } = props;
  useEffect(() => {
    // The text as it was typed stays; a preset or a draft that was discarded replaces it.
    const now = view.current?.state.doc.toString();
    if (now !== text) view.current?.dispatch({ changes: { from: 0, to: now?.length ?? 0, insert: text } });
  }, [text]);
  useEffect(() => {
    const attributes = {
      'aria-label': label,
      'aria-invalid': String(faulty),
      'aria-describedby': describedBy,
      ...{ spellcheck: 'false', autocapitalize: 'none', autocorrect: 'off' },
    };
    view.current?.dispatch({ effects: named.current.reconfigure(EditorView.contentAttributes.of(attributes)) });
  }, [label, faulty, describedBy]);
  useEffect(() => {
    const state = view.current?.state;
    if (state)
      view.current?.dispatch(
        setDiagnostics(
          state,
          marks.flatMap((mark) => diagnosticOf(mark, state.doc.length)),
        ),
      );
  }, [marks, text]);
  return <div ref={host} />;
};

/** A mark may be of a text that has become shorter meanwhile; one without a place stands below the editor only. */
const diagnosticOf = ({ start, end, message, severity }: RuleEditorProps['marks'][number], length: number): Diagnostic[] => {
  const from = Math.min(start, Math.max(0, length - 1));
  return length === 0 ? [] : [{ from, to: Math.min(Math.max(end, from + 1), length), message, severity }];
};

/** Whoever points at a name is told its type. */
const typeAt = (text: string, position: number, { vocabulary }: RuleEditorProps): Tooltip | null => {
  const found = describe(text, position, vocabulary);
  if (!found) return null;
  const create = () => {
    const dom = document.createElement('div');
    dom.className = 'cm-type';
    dom.textContent = found.type;
    return { dom };
  };
  return { pos: found.start, end: found.end, create };
};

const source =
  ({ vocabulary, scope }: RuleEditorProps): CompletionSource =>
  (context) => {
    const found = complete(context.state.doc.toString(), context.pos, vocabulary, scope);
    // Nothing is offered between two words unless it is asked for: what follows may be an operator.
    const isBegun = context.explicit || context.matchBefore(/[\w.]|["'([,]|[=!<>&|]\s?|\bin\s/) !== null;
    if (!found || !isBegun || found.choices.length === 0) return null;
    const typed = context.state.sliceDoc(found.from, context.pos);
    const begun = found.choices.filter(({ label }) => label.startsWith(typed));
    // A word that is whole needs no offer of itself.
    if (!context.explicit && begun.length === 1 && begun[0]?.label === typed) return null;
    const options = found.choices.map(({ label, kind, detail, insert, first }) => ({
      label,
      detail,
      type: KINDS[kind],
      ...(first === true ? { boost: 50 } : {}),
      ...(insert === undefined ? {} : { apply: snippet(insert) }),
    }));
    return { from: found.from, options };
  };
