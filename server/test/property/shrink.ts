/** The smallest rule that still shows what a rule showed: every part is tried in the place of what it is a part of. */
import { ruleLimits, type Ast } from '@underpin/sdk/expr/ast';
import { parse } from '@underpin/sdk/expr/parse';
import { print } from '@underpin/sdk/expr/print';
import { syntaxOf } from '@underpin/sdk/expr/walk';

const at = { start: 0, end: 0 };
const simpler: readonly Ast[] = [
  { type: 'bool', value: true, ...at },
  { type: 'bool', value: false, ...at },
];

/** Every tree in which one node is replaced by one of its parts, or by true or false; larger steps first. */
function* smaller(ast: Ast): Generator<Ast> {
  if (ast.type !== 'bool') yield* simpler;
  yield* syntaxOf(ast);
  switch (ast.type) {
    case 'get':
    case 'not':
    case 'negate':
      for (const of of smaller(ast.of)) yield { ...ast, of };
      return;
    case 'call':
      if (ast.receiver) for (const receiver of smaller(ast.receiver)) yield { ...ast, receiver };
      for (const [index, arg] of ast.args.entries()) for (const one of smaller(arg)) yield { ...ast, args: ast.args.with(index, one) };
      return;
    case 'list':
      for (const index of ast.items.keys()) yield { ...ast, items: ast.items.toSpliced(index, 1) };
      return;
    case 'binary':
      for (const left of smaller(ast.left)) yield { ...ast, left };
      for (const right of smaller(ast.right)) yield { ...ast, right };
      return;
    case 'conditional':
      for (const test of smaller(ast.test)) yield { ...ast, test };
      for (const then of smaller(ast.then)) yield { ...ast, then };
      for (const otherwise of smaller(ast.otherwise)) yield { ...ast, otherwise };
      return;
    default:
  }
}

/** `shows` is asked at most `tries` times; texts that do not check do not show it. */
export async function shrink(source: string, shows: (source: string) => Promise<boolean>, tries = 400): Promise<string> {
  let best = print(parse(source, ruleLimits));
  const tried = new Set([best]);
  for (let again = true; again;) {
    again = false;
    for (const candidate of smaller(parse(best, ruleLimits))) {
      const text = print(candidate);
      if (text.length >= best.length || tried.has(text)) continue;
      tried.add(text);
      if (tried.size > tries) return best;
      if (!(await shows(text))) continue;
      best = text;
      again = true;
      break;
    }
  }
  return best;
}
