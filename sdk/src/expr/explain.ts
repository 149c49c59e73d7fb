/** A rule for one caller and one record, clause by clause: what each came to, and which of them decided. */
import { ruleLimits } from './ast.ts';
import type { Ast, Span } from './ast.ts';
import type { FoldContext } from './context.ts';
import { compilerOf, frameOf } from './evaluate.ts';
import type { Compiler } from './evaluate.ts';
import type { Trace, TraceItems } from './findings.ts';
import { foldValue } from './fold.ts';
import type { ConstValue, Ir } from './ir.ts';
import { toList } from './operate.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';
import { partsOf, syntaxOf } from './walk.ts';
import { fieldOf } from './world.ts';
import type { Frame, Missing, Subject } from './world.ts';

/** Items of a quantifier that are shown each with a trace of its own; those that decide come first. */
const shown = 5;

export interface Explained {
  readonly trace: Trace;
  /** What was not known of the world; where there is any, load it and explain again. */
  readonly missing: readonly Missing[];
}

/** `text` is what `ir` was checked from: the spans of the trace are places in it. */
export function explain(text: string, ir: Ir, context: FoldContext, subject: Subject): Explained {
  const explaining: Explaining = { compiler: compilerOf(), context, texts: textsOf(text) };
  const frame = frameOf(subject);
  const trace = traceOf(explaining, ir, frame, true);
  return { trace, missing: frame.missing };
}

interface Explaining {
  readonly compiler: Compiler;
  readonly context: FoldContext;
  readonly texts: ReadonlyMap<string, string>;
}

function traceOf(explaining: Explaining, ir: Ir, at: Frame, decisive: boolean): Trace {
  const value = valueOf(explaining, ir, at);
  const node = { op: ir.op, text: textOf(explaining, ir), start: ir.start, end: ir.end, value, decisive };
  if (ir.op === 'quantifier') return { ...node, children: [], items: itemsOf(explaining, ir, at, value === true) };
  // `a != b` is written as one and checked as the opposite of `a == b`.
  const told = ir.op === 'not' && keyOf(ir.of) === keyOf(ir) && ir.of.op !== 'quantifier' ? ir.of : ir;
  const inner = told === ir ? value : valueOf(explaining, told, at);
  const children = partsOf(told)
    .filter(isTold)
    .map((part) => traceOf(explaining, part, at, decisive && decides(explaining, told, part, at, inner)));
  return { ...node, children };
}

/** A condition is true or not true; a value is what it is. */
function valueOf({ compiler, context }: Explaining, ir: Ir, at: Frame): ConstValue {
  const folded = foldValue(ir, context);
  return ir.ty.kind === 'bool' && ir.op !== 'column' && ir.op !== 'context' ? compiler.holds(folded)(at) : compiler.value(folded)(at);
}

/** A literal says what it is in the text already, and `auth` as a whole is a person, not a value. */
const isTold = (part: Ir): boolean => part.op !== 'const' && !(part.op === 'context' && part.path.length === 1 && part.path[0] === 'auth');

/** What the checker put beside `owner == auth.id` stands nowhere in the text. */
function textOf({ texts }: Explaining, ir: Ir): string {
  const isAdded = ir.op === 'compare' && ir.left.op === 'context' && ir.right.op === 'const' && keyOf(ir.left) === keyOf(ir);
  if (ir.op === 'context' && ir.path[0] !== 'today') return ir.path.join('.');
  return isAdded ? `auth.collection == ${JSON.stringify(ir.right.value)}` : (texts.get(keyOf(ir)) ?? ir.op);
}

/** Whether a part alone would have made the whole come out as it did: in `&&` what is false, in `||` what is true. */
function decides(explaining: Explaining, ir: Ir, part: Ir, at: Frame, value: ConstValue): boolean {
  if (ir.op === 'and' || ir.op === 'or') {
    const holds = valueOf(explaining, part, at) === true;
    // Where nobody decides alone (all true under `&&`), all do together.
    return ir.op === 'and' ? value === true || !holds : value !== true || holds;
  }
  if (ir.op === 'conditional') return part === ir.test || (valueOf(explaining, ir.test, at) === true) === (part === ir.then);
  return true;
}

type Quantifier = Extract<Ir, { op: 'quantifier' }>;

function itemsOf(explaining: Explaining, ir: Quantifier, at: Frame, holds: boolean): TraceItems {
  const { over, body } = ir;
  const { compiler, context } = explaining;
  const tried =
    'list' in over
      ? toList(compiler.value(foldValue(over.list, context))(at)).map((item) => {
          const put = (): void => void (at.elements[over.element] = item);
          return { item, put };
        })
      : compiler.reach
          .records(over.many)(at)
          .map((record) => {
            const put = (): void => void (at.rows[over.row.id] = record);
            return { item: fieldOf(record, 'id'), put };
          });
  const all = tried.map((one) => {
    one.put();
    return { ...one, holding: valueOf(explaining, body, at) === true };
  });
  // Under `all` it is the failing ones that tell, under `exists` those for which it holds.
  const telling = ir.how === 'all' ? false : true;
  const sorted = [...all].sort((a, b) => Number(b.holding === telling) - Number(a.holding === telling));
  return {
    total: all.length,
    holding: all.filter(({ holding }) => holding).length,
    shown: sorted.slice(0, shown).map(({ item, put, holding }) => {
      put();
      return { item, trace: traceOf(explaining, body, at, holding === holds || ir.how === 'exists_one') };
    }),
  };
}

const keyOf = ({ start, end }: Span): string => `${start}:${end}`;

/** The canonical text of every part, by its place. */
function textsOf(text: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const visit = (ast: Ast): void => {
    if (!texts.has(keyOf(ast))) texts.set(keyOf(ast), print(ast));
    for (const part of syntaxOf(ast)) visit(part);
  };
  visit(parse(text, ruleLimits));
  return texts;
}
