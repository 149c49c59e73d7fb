/** A field gets another name: every text that mentions it follows. */
import { ruleLimits } from './ast.ts';
import type { Ast } from './ast.ts';
import { languageNames } from './model.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';
import type { Mention } from './state.ts';

/**
 * The canonical text with `from` of `collection` named `to`, given the mentions that `check` found in the text. A bare name
 * that would now be taken for a quantifier's variable or a name of the language is written `record.to`.
 */
export function renameMentions(text: string, mentions: readonly Mention[], collection: string, from: string, to: string): string {
  const taken = new Set<string>(languageNames);
  collectVariables(parse(text, ruleLimits), taken);
  const places = mentions.filter((mention) => mention.collection === collection && mention.field === from);
  const starts = [...new Set(places.map(({ start }) => start))].sort((a, b) => b - a);
  let renamed = text;
  for (const start of starts) {
    const isBare = !/\.\s*$/.test(text.slice(0, start));
    renamed = renamed.slice(0, start) + (isBare && taken.has(to) ? `record.${to}` : to) + renamed.slice(start + from.length);
  }
  return print(parse(renamed, ruleLimits));
}

function collectVariables(ast: Ast, into: Set<string>): void {
  const [first] = ast.type === 'call' && ast.receiver ? ast.args : [];
  if (first?.type === 'name') into.add(first.name);
  for (const child of children(ast)) collectVariables(child, into);
}

function children(ast: Ast): readonly Ast[] {
  switch (ast.type) {
    case 'get':
    case 'not':
    case 'negate':
      return [ast.of];
    case 'call':
      return ast.receiver ? [ast.receiver, ...ast.args] : ast.args;
    case 'list':
      return ast.items;
    case 'binary':
      return [ast.left, ast.right];
    case 'conditional':
      return [ast.test, ast.then, ast.otherwise];
    default:
      return [];
  }
}
