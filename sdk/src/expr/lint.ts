/** What is suspicious about a collection's rules, each finding with an example where one can be found. */
import type { Span } from './ast.ts';
import type { Example, Lint, LintCode, RuleAction, RuleKind, RuleSet, Vocabulary } from './findings.ts';
import type { Ir } from './ir.ts';
import { scopeOf, tryRule } from './rule.ts';
import { findExample } from './search.ts';
import type { Wanted, Who } from './search.ts';
import { manyOf, nodesOf, rowOf } from './walk.ts';

const actions = ['list', 'view', 'create', 'update', 'delete', 'history'] as const;
const everyone = ['anonymous', 'account'] as const;

/** Rules that do not check are passed over: the checker says what is wrong with them. */
export function lint(vocabulary: Vocabulary, set: RuleSet): readonly Lint[] {
  const linting = new Linting(vocabulary, set);
  const places: readonly (RuleAction | 'guard')[] = [...actions, 'guard'];
  return [...places.flatMap((place) => [...linting.rule(place)]), ...linting.between(), ...linting.collection()];
}

const severities: Readonly<Record<LintCode, Lint['severity']>> = {
  never_true: 'warning',
  always_true: 'info',
  anonymous_may_write: 'warning',
  ownership_can_change: 'warning',
  written_unseen: 'warning',
  update_without_view: 'info',
  all_over_empty: 'warning',
  depends_on_now: 'info',
  missing_guard: 'warning',
};

class Linting {
  readonly #vocabulary: Vocabulary;
  readonly #set: RuleSet;
  constructor(vocabulary: Vocabulary, set: RuleSet) {
    this.#vocabulary = vocabulary;
    this.#set = set;
  }

  *rule(place: RuleAction | 'guard'): Generator<Lint> {
    const text = place === 'guard' ? this.#set.guard : this.#set.rules[place];
    const ir = this.#check(place, text);
    if (typeof text !== 'string' || ir === undefined) return;
    const whole = { start: 0, end: text.length };
    if (ir.op !== 'const' && this.#isNever(place, ir, (holds) => holds(ir)))
      yield this.#lint('never_true', place, whole, 'This is never true, for nobody and no record');
    if (ir.op !== 'const' && this.#isNever(place, ir, (holds) => !holds(ir)))
      yield this.#lint('always_true', place, whole, 'This is always true; everybody is written true');
    yield* this.#emptiness(place, ir);
    if (place === 'list' || place === 'view') yield* this.#moments(place, ir);
  }

  /** What shows only where rules are seen together. */
  *between(): Generator<Lint> {
    for (const action of ['create', 'update', 'delete'] as const) {
      const example = this.#example(action, [action], 'anonymous', (allowed) => allowed(action));
      const text = this.#set.rules[action] ?? '';
      const about = { start: 0, end: text.length };
      if (example) yield this.#lint('anonymous_may_write', action, about, `Who is not signed in may ${action} records`, example);
    }
    yield* this.#ownership();
    yield* this.#unseen();
    for (const who of everyone) {
      const example = this.#example('update', ['update', 'view', 'list'], who, (allowed) => allowed('update') && !allowed('view'));
      if (example === undefined) continue;
      const message = 'Allows changes of records that the same caller may not view; those are refused as not found';
      yield this.#lint('update_without_view', 'update', { start: 0, end: this.#set.rules.update?.length ?? 0 }, message, example);
      return;
    }
  }

  *collection(): Generator<Lint> {
    if (this.#set.othersAreGuarded === true && typeof this.#set.guard !== 'string')
      yield this.#lint('missing_guard', null, { start: 0, end: 0 }, 'Other collections have a guard, this one has none');
  }

  /** The owner of a record gives it away, or makes another its owner. */
  *#ownership(): Generator<Lint> {
    const rule = this.#check('update', this.#set.rules.update);
    for (const field of rule === undefined ? [] : ownersIn(rule)) {
      const write = this.#set.writes?.[field.name];
      if (write === null) continue;
      const writable = this.#check('write', write);
      const passing = this.#check('write', `record.${field.name} == auth.id && next.${field.name} != auth.id`);
      if (passing === undefined) continue;
      const example = this.#example(
        'update',
        ['update'],
        'account',
        (allowed, holds) => holds(passing) && (writable === undefined || holds(writable)) && allowed('update'),
        [passing, ...(writable ? [writable] : [])],
      );
      if (example === undefined) continue;
      const message = `Whom "${field.name}" names may put another there; add !changed.${field.name} if that is not meant`;
      yield this.#lint('ownership_can_change', 'update', field, message, example);
    }
  }

  /** A field that nobody reads: whoever may write the record still writes it, unless it has a rule of its own. */
  *#unseen(): Generator<Lint> {
    const { reads = {}, writes = {}, rules } = this.#set;
    const names = Object.keys(reads).filter((name) => reads[name] === null && writes[name] === undefined);
    if (names.length === 0) return;
    for (const action of ['create', 'update'] as const) {
      const example = this.#firstAllowed(action);
      if (example === undefined) continue;
      const whole = { start: 0, end: rules[action]?.length ?? 0 };
      for (const name of names) {
        const message = `Nobody reads "${name}", and whom this lets pass may write it; give the field a write rule if that is not meant`;
        yield this.#lint('written_unseen', action, whole, message, example);
      }
    }
  }

  #firstAllowed(action: RuleAction): Example | undefined {
    for (const who of everyone) {
      const example = this.#example(action, [action], who, (allowed) => allowed(action));
      if (example) return example;
    }
    return undefined;
  }

  *#emptiness(place: RuleAction | 'guard', ir: Ir): Generator<Lint> {
    for (const node of nodesOf(ir)) {
      if (node.op !== 'quantifier' || node.how !== 'all' || isInside(node)) continue;
      const size: Ir = { ...sizeOf(node), ty: { kind: 'int' }, start: node.start, end: node.end };
      const example = this.#first(place, [ir], (holds, value) => value(size) === 0 && holds(ir));
      const message = 'all() is true where there are none; add size() > 0 && if that is not meant';
      if (example) yield this.#lint('all_over_empty', place, node, message, example);
    }
  }

  *#moments(place: 'list' | 'view', ir: Ir): Generator<Lint> {
    for (const node of nodesOf(ir)) {
      if (node.op !== 'context' || (node.path[0] !== 'now' && node.path[0] !== 'today')) continue;
      yield this.#lint('depends_on_now', place, node, 'Depends on the time: a live query is told of writes, not of time that passes');
      return;
    }
  }

  #check(place: RuleKind, text: string | null | undefined): Ir | undefined {
    return typeof text === 'string' ? tryRule(this.#vocabulary, scopeOf(place), text) : undefined;
  }

  #isNever(place: RuleKind, ir: Ir, wanted: Wanted): boolean {
    return everyone.every((who) => {
      const found = findExample(this.#vocabulary, [ir], scopeOf(place), who, wanted);
      return found.example === undefined && found.exhaustive;
    });
  }

  #first(place: RuleKind, rules: readonly Ir[], wanted: Wanted): Example | undefined {
    for (const who of everyone) {
      const { example } = findExample(this.#vocabulary, rules, scopeOf(place), who, wanted);
      if (example) return example;
    }
    return undefined;
  }

  /** `allowed`: whether rule and guard let an action pass, as the server asks them. */
  #example(
    scope: RuleAction,
    about: readonly RuleAction[],
    who: Who,
    wanted: (allowed: (action: RuleAction) => boolean, holds: (rule: Ir) => boolean) => boolean,
    more: readonly Ir[] = [],
  ): Example | undefined {
    const rules = new Map(about.map((action) => [action, this.#check(action, this.#text(action))]));
    const guard = this.#check(scope === 'create' ? 'create' : 'guard', this.#set.guard);
    const known = [...rules.values(), guard, ...more].filter((ir) => ir !== undefined);
    return findExample(this.#vocabulary, known, scopeOf(scope), who, (holds) => {
      const allowed = (action: RuleAction): boolean => {
        const rule = rules.get(action);
        return rule !== undefined && (guard === undefined || holds(guard)) && holds(rule);
      };
      return wanted(allowed, holds);
    }).example;
  }

  #text(action: RuleAction): string | null | undefined {
    const { rules } = this.#set;
    return action === 'view' && rules.view === undefined ? rules.list : rules[action];
  }

  #lint(code: LintCode, rule: RuleKind | null, { start, end }: Span, message: string, example?: Example): Lint {
    return { code, severity: severities[code], message, rule, start, end, ...(example ? { example } : {}) };
  }
}

/** The fields of the stored record that a rule compares with the caller. */
function ownersIn(rule: Ir): readonly (Span & { readonly name: string })[] {
  const found = new Map<string, Span & { name: string }>();
  for (const node of nodesOf(rule)) {
    if (node.op !== 'compare' || node.how !== 'eq') continue;
    const [column, other] = node.left.op === 'column' ? [node.left, node.right] : [node.right, node.left];
    if (column.op !== 'column' || column.row.origin.kind !== 'record' || column.field === 'id') continue;
    if (other.op !== 'context' || other.path.join('.') !== 'auth.id') continue;
    found.set(column.field, { name: column.field, start: node.start, end: node.end });
  }
  return [...found.values()];
}

type Quantifier = Extract<Ir, { op: 'quantifier' }>;
const sizeOf = ({ over }: Quantifier) =>
  'list' in over ? ({ op: 'size', of: over.list } as const) : ({ op: 'count', many: over.many } as const);
/** Whether the list hangs on an item of another quantifier, which cannot be asked from outside. */
function isInside(node: Quantifier): boolean {
  let row = manyOf(node)?.row ?? ('list' in node.over ? rowOf(node.over.list) : undefined);
  while (row?.origin.kind === 'hop') row = row.origin.row;
  return row?.origin.kind === 'each' || ('list' in node.over && node.over.list.op === 'element');
}
