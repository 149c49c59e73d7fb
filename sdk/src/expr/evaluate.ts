/**
 * Typed expression → a function in memory that decides exactly as the SQL of the same expression does.
 *
 * A property test holds the two together over random rules and rows (server/test/property). What operators mean stands in
 * operate.ts and scalar.ts alone; `distance` is the one whose last digits may differ from Postgres's, so where it decides who
 * sees what, Postgres is asked (classify.ts).
 */
import type { ConstValue, Ir } from './ir.ts';
import { combine, compares, isWithin, matches, measure, readPath, shift, toList } from './operate.ts';
import { createReach } from './reach.ts';
import type { Reach, Read } from './reach.ts';
import type { Frame, MemoryView, Missing, Subject } from './world.ts';

export interface Decision {
  readonly holds: boolean;
  /** What the decision hung on and was not known; where there is any, load it and decide again. */
  readonly missing: readonly Missing[];
}

/** A condition whose context was folded in. `view`: what the caller sees of the records that it reaches. */
export function compile(ir: Ir, view?: MemoryView): (subject: Subject) => Decision {
  const test = compilerOf(view).holds(ir);
  return (subject) => {
    const at = frameOf(subject);
    return { holds: test(at), missing: at.missing };
  };
}

/** Conditions and values on frames: for what puts a quantifier's items in itself, as a trace does. */
export interface Compiler {
  holds(ir: Ir): Read<boolean>;
  value(ir: Ir): Read<ConstValue>;
  readonly reach: Reach;
}

export const frameOf = (subject: Subject): Frame => ({ subject, rows: [], elements: [], missing: [] });

export function compilerOf(view?: MemoryView): Compiler {
  const reach = createReach(view, (ir) => compilerOf().holds(ir));

  const value = (ir: Ir): Read<ConstValue> => {
    switch (ir.op) {
      case 'const':
        return () => ir.value;
      case 'context':
        throw new Error(`"${ir.path.join('.')}" was not folded`);
      case 'column':
        return reach.column(ir.row, ir.field);
      case 'path': {
        const of = value(ir.of);
        return (at) => readPath(of(at), ir.path);
      }
      case 'element':
        return (at) => at.elements[ir.id] ?? null;
      case 'lower':
      case 'size': {
        const of = value(ir.of);
        return (at) => measure(ir, of(at));
      }
      case 'count': {
        const ids = reach.ids(ir.many);
        return (at) => ids(at).length;
      }
      case 'concat':
      case 'arith':
      case 'between':
      case 'distance': {
        const [left, right] = [value(ir.left), value(ir.right)];
        return (at) => combine(ir, left(at), right(at));
      }
      case 'shift': {
        const [time, by] = [value(ir.time), value(ir.by)];
        return (at) => shift(ir, time(at), by(at));
      }
      case 'conditional': {
        const [test, then, otherwise] = [holds(ir.test), value(ir.then), value(ir.otherwise)];
        return (at) => (test(at) ? then(at) : otherwise(at));
      }
      default:
        return holds(ir);
    }
  };

  const holds = (ir: Ir): Read<boolean> => {
    switch (ir.op) {
      case 'and':
        return decidedBy(ir.of.map(holds), false);
      case 'or':
        return decidedBy(ir.of.map(holds), true);
      case 'not': {
        const of = holds(ir.of);
        return (at) => !of(at);
      }
      case 'absent': {
        const of = value(ir.of);
        return (at) => of(at) === null;
      }
      case 'changed':
        return (at) => at.subject.changed?.(ir.field) ?? false;
      case 'compare': {
        const [left, right] = [value(ir.left), value(ir.right)];
        return (at) => compares(ir, left(at), right(at));
      }
      case 'in': {
        const [sought, list] = [value(ir.value), value(ir.list)];
        return (at) => isWithin(ir, sought(at), list(at));
      }
      case 'member': {
        const [sought, ids] = [value(ir.value), reach.ids(ir.many)];
        return (at) => {
          const id = sought(at);
          return typeof id === 'string' && ids(at).includes(id);
        };
      }
      case 'string': {
        const [whole, part] = [value(ir.value), value(ir.part)];
        return (at) => matches(ir.how, whole(at), part(at));
      }
      case 'quantifier':
        return quantified(ir);
      default: {
        // A value: absent is not true.
        const read = value(ir);
        return (at) => read(at) === true;
      }
    }
  };

  const quantified = (ir: Extract<Ir, { op: 'quantifier' }>): Read<boolean> => {
    const { over, how } = ir;
    const body = holds(ir.body);
    if ('list' in over) {
      return quantify(
        how,
        value(over.list),
        (list) => toList(list),
        (at, item) => {
          at.elements[over.element] = item;
          return body(at);
        },
      );
    }
    return quantify(
      how,
      reach.records(over.many),
      (records) => records,
      (at, item) => {
        at.rows[over.row.id] = item;
        return body(at);
      },
    );
  };

  return { holds, value, reach };
}

/** Arm after arm until one decides; what was missing before that does not matter then. */
const decidedBy =
  (arms: readonly Read<boolean>[], deciding: boolean): Read<boolean> =>
  (at) => {
    const before = at.missing.length;
    for (const arm of arms) {
      const known = at.missing.length;
      if (arm(at) !== deciding || at.missing.length > known) continue;
      at.missing.length = before;
      return deciding;
    }
    return !deciding;
  };

/** The same over items: one decides `exists` and `all`, two `exists_one`; not where the items themselves are uncertain. */
const quantify =
  <L, T>(
    how: Extract<Ir, { op: 'quantifier' }>['how'],
    list: Read<L>,
    itemsOf: (list: L) => readonly T[],
    holds: (at: Frame, item: T) => boolean,
  ): Read<boolean> =>
  (at) => {
    const before = at.missing.length;
    const items = itemsOf(list(at));
    const isSure = at.missing.length === before;
    let holding = 0;
    for (const item of items) {
      const known = at.missing.length;
      const held = holds(at, item);
      if (at.missing.length > known) continue;
      if (held) holding += 1;
      const decided = how === 'all' ? !held : holding > (how === 'exists' ? 0 : 1);
      if (!decided) continue;
      if (isSure) at.missing.length = before;
      return how === 'exists';
    }
    return how === 'exists_one' ? holding === 1 : how === 'all';
  };
