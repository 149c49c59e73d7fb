/** The lints of one rule of a collection, with what the other rules make of it. */
import type { Lint, RuleAction } from '@underpin/sdk/expr/findings';
import { lint } from '@underpin/sdk/expr/lint';
import type { Rule } from '@underpin/sdk/wire';
import type { Collection } from '../../schema/collection.ts';
import type { RuleAt } from '../../schema/drafted.ts';
import type { Schema } from '../../schema/load.ts';
import { authFields, wholeModel } from '../../schema/model.ts';

/** What one rule alone can be told. */
const ofItself: ReadonlySet<Lint['code']> = new Set(['never_true', 'always_true', 'all_over_empty', 'depends_on_now']);

export function lintsOf(schema: Schema, collection: Collection, { action, field }: RuleAt, rule: Rule): readonly Lint[] {
  const vocabulary = { schema: wholeModel(schema), auth: authFields(schema), collection: collection.name };
  if (field !== undefined) {
    // A field's rule stands in the scope of an action's.
    const as: RuleAction = field.of === 'read' ? 'view' : 'update';
    return lint(vocabulary, { rules: { [as]: rule } }).flatMap((found) => (ofItself.has(found.code) ? [{ ...found, rule: field.of }] : []));
  }
  const { rules = {}, guard = null } = collection.def;
  const written = collection.fields.filter((one) => one.written === 'anyone');
  const rulesOf = (kind: 'read' | 'write') =>
    Object.fromEntries(written.flatMap(({ name, def }) => (def.rules?.[kind] === undefined ? [] : [[name, def.rules[kind]]])));
  const othersAreGuarded = schema.collections.some((other) => other.id !== collection.id && typeof other.def.guard === 'string');
  return lint(vocabulary, { rules, guard, reads: rulesOf('read'), writes: rulesOf('write'), othersAreGuarded }).filter(
    (found) => found.rule === action || found.rule === null,
  );
}
