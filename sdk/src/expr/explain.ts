/** A rule for one caller and one record, clause by clause: what each came to, and which of them decided. */
import type { FoldContext } from './context.ts';
import type { Subject } from './world.ts';
import type { Trace } from './findings.ts';
import type { Ir } from './ir.ts';

/** `text` is what `ir` was checked from: the spans of the trace are places in it. */
export function explain(text: string, ir: Ir, context: FoldContext, subject: Subject): Trace {
  throw new Error(`not yet: ${text.length}${ir.op}${context.now}${String(subject.record)}`);
}
