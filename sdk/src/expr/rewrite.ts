/** A field gets another name: every text that mentions it follows. */
import { ruleLimits } from './ast.ts';
import type { Ast } from './ast.ts';
import { languageNames } from './model.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';
import type { Mention } from './state.ts';
import { syntaxOf } from './walk.ts';

/**
 * The canonical text with new names, given the mentions that `check` found in it; `rename` says what a mention is called now,
 * undefined where it keeps its name. A bare name that would now be taken for a quantifier's variable or a name of the
 * language is written `record.…`.
 */
export function renameMentions(text: string, mentions: readonly Mention[], rename: (mention: Mention) => string | undefined): string {
  const taken = new Set<string>(languageNames);
  collectVariables(parse(text, ruleLimits), taken);
  const names = new Map(mentions.map((mention) => [mention.start, { from: mention.field, to: rename(mention) }]));
  let renamed = text;
  // From the end, so that the places before stay where they are.
  for (const [start, { from, to }] of [...names].sort(([a], [b]) => b - a)) {
    if (to === undefined) continue;
    const isBare = !/\.\s*$/.test(text.slice(0, start));
    renamed = renamed.slice(0, start) + (isBare && taken.has(to) ? `record.${to}` : to) + renamed.slice(start + from.length);
  }
  return print(parse(renamed, ruleLimits));
}

function collectVariables(ast: Ast, into: Set<string>): void {
  const [first] = ast.type === 'call' && ast.receiver ? ast.args : [];
  if (first?.type === 'name') into.add(first.name);
  for (const child of syntaxOf(ast)) collectVariables(child, into);
}
