/**
 * Quantifiers: decided where the condition is the same for all, or where the list is a constant (`auth.roles`) and the
 * condition speaks of nothing but its items.
 */
import type { ConstValue, Ir } from './ir.ts';
import { isList } from './scalar.ts';
import { always, constant } from './values.ts';
import { rebuild } from './walk.ts';

type Quantifier = Extract<Ir, { op: 'quantifier' }>;

/** Longest constant list that is tried item by item; two within each other cost its square. */
const longestTried = 64;

export function foldQuantifier(ir: Quantifier, again: (part: Ir) => Ir): Ir {
  const body = again(ir.body);
  if (body.op === 'const' && (ir.how === 'all') === (body.value === true)) {
    // `all` of what always holds is true, and nothing `exists` that never holds, however long the list.
    return always(ir, ir.how === 'all');
  }
  if (!('list' in ir.over)) return { ...ir, body };
  const over = { ...ir.over, list: again(ir.over.list) };
  const decided = over.list.op === 'const' ? tryItems(ir, body, over.element, over.list, again) : undefined;
  return decided === undefined ? { ...ir, over, body } : always(ir, decided);
}

function tryItems(
  ir: Quantifier,
  body: Ir,
  element: number,
  list: Extract<Ir, { op: 'const' }>,
  again: (part: Ir) => Ir,
): boolean | undefined {
  const items = isList(list.value) ? list.value : [];
  if (items.length > longestTried) return undefined;
  let hold = 0;
  for (const item of items) {
    const tried = again(replaceElement(body, element, item));
    if (tried.op !== 'const') return undefined;
    if (tried.value === true) hold += 1;
  }
  if (ir.how === 'exists_one') return hold === 1;
  return ir.how === 'exists' ? hold > 0 : hold === items.length;
}

/** The same tree with the variable replaced by one of its values. */
const replaceElement = (ir: Ir, id: number, value: ConstValue): Ir =>
  ir.op === 'element' && ir.id === id ? constant(ir, value, ir.ty) : rebuild(ir, (part) => replaceElement(part, id, value));
