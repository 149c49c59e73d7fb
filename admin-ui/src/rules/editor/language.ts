/** The colours of the rule language. Errors are the checker's business: this only tells words, names and values apart. */
import { StreamLanguage } from '@codemirror/language';
import { languageNames } from '@underpin/sdk/expr/model';

const words: ReadonlySet<string> = new Set(languageNames);
const constants: ReadonlySet<string> = new Set(['true', 'false', 'null']);
const operators: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in']);

const kindOf = (name: string, isMember: boolean): string => {
  if (isMember) return 'propertyName';
  if (constants.has(name)) return 'atom';
  if (operators.has(name)) return 'operatorKeyword';
  return words.has(name) ? 'keyword' : 'variableName';
};

export const ruleLanguage = StreamLanguage.define<{ member: boolean }>({
  name: 'rule',
  startState: () => ({ member: false }),
  token: (stream, state) => {
    if (stream.eatSpace()) return null;
    const { member } = state;
    state.member = false;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^'\\]|\\.)*'?/)) return 'string';
    if (stream.match(/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/)) return 'number';
    const name = stream.match(/^[A-Za-z_]\w*/);
    if (name && typeof name !== 'boolean') return kindOf(name[0], member);
    if (stream.eat('.')) {
      state.member = true;
      return 'punctuation';
    }
    if (stream.match(/^(?:==|!=|<=|>=|&&|\|\||[<>=!+\-*/?:])/)) return 'operator';
    stream.next();
    return 'bracket';
  },
  languageData: { closeBrackets: { brackets: ['(', '[', '"', "'"] } },
});
