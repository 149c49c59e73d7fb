/**
 * What a caller sees, straight from the rules: an answer that the server owes, worked out row by row in memory. Of the product
 * it takes the language and the texts of the rules, and nothing of what makes statements, plans or conditions of them.
 */
import { ExprError, clientLimits, ruleLimits } from '@underpin/sdk/expr/ast';
import { check } from '@underpin/sdk/expr/check';
import type { FoldContext } from '@underpin/sdk/expr/context';
import { compile } from '@underpin/sdk/expr/evaluate';
import type { Stored } from '@underpin/sdk/expr/findings';
import { fold, type Folded } from '@underpin/sdk/expr/fold';
import type { Ir } from '@underpin/sdk/expr/ir';
import type { SchemaModel } from '@underpin/sdk/expr/model';
import { parse } from '@underpin/sdk/expr/parse';
import type { MemoryView } from '@underpin/sdk/expr/world';
import type { Collection, Field } from '../../src/schema/collection.ts';
import { authFields, schemaModel, wholeModel } from '../../src/schema/model.ts';
import type { Known } from './world.ts';

type Test = (row: Stored) => boolean;
/** A condition on a row: what is left of it for this caller, and how it is decided. */
interface Judged {
  readonly never: boolean;
  readonly parts: readonly Ir[];
  readonly holds: Test;
}
const open: Judged = { never: false, parts: [], holds: () => true };
const shut: Judged = {
  never: true,
  parts: [{ op: 'const', value: false, ty: { kind: 'bool' }, start: 0, end: 0 }],
  holds: () => false,
};

const settled = { always: open, never: shut };

export class Judge {
  readonly #known: Known;
  readonly #context: FoldContext;
  readonly #judged = new Map<string, Judged>();
  readonly model: SchemaModel;
  /** The guards and masks of this caller's own filters. */
  readonly filtered: MemoryView;
  constructor(known: Known, context: FoldContext) {
    this.#known = known;
    this.#context = context;
    this.model = schemaModel(
      known.schema,
      (collection, field) => !collection.system && this.isThere(collection) && !this.mask(collection, field).never,
    );
    this.filtered = {
      guard: (name) => this.list(this.collection(name)).parts,
      mask: (name, field) => this.mask(this.collection(name), this.field(name, field)).parts,
      back: (name, field) => {
        const inverse = this.collection(name).inverses.get(field);
        return inverse && { collection: inverse.from, field: inverse.field.name };
      },
    };
  }

  collection(name: string): Collection {
    const found = this.#known.schema.byName.get(name);
    if (found === undefined) throw new Error(`no collection ${name}`);
    return found;
  }
  field(name: string, field: string): Field {
    const found = this.collection(name).byName.get(field);
    if (found === undefined) throw new Error(`no field ${name}.${field}`);
    return found;
  }
  rows(name: string): readonly Stored[] {
    return this.#known.rows.get(name) ?? [];
  }

  /** Whether anything of it can ever be open to him: here a guard alone can close every action. */
  isThere({ name, def }: Collection): boolean {
    return def.guard === undefined || def.guard === null || !this.#all(name, [def.guard]).never;
  }
  view({ name, def }: Collection): Judged {
    const { list = null, view = list } = def.rules ?? {};
    return this.#all(name, [view, ...(def.guard === undefined || def.guard === null ? [] : [def.guard])]);
  }
  list(collection: Collection): Judged {
    return this.#both(this.view(collection), this.#all(collection.name, [collection.def.rules?.list ?? null]));
  }
  mask({ name }: Collection, { def }: Field): Judged {
    if (def.secret === true) return shut;
    return def.rules?.read === undefined ? open : this.#all(name, [def.rules.read]);
  }

  /** The client's own filter, or undefined where it means nothing to him. */
  filter(name: string, source: string, params: Readonly<Record<string, unknown>>): Test | undefined {
    try {
      const options = { schema: this.model, collection: name, scope: 'filter' as const, auth: authFields(this.#known.schema), params };
      const { ir } = check(parse(source, clientLimits), { ...options, limits: clientLimits });
      return this.#decide(fold(ir, this.#context), this.filtered);
    } catch (error) {
      if (error instanceof ExprError) return undefined;
      throw error;
    }
  }

  #all(name: string, rules: readonly (string | null)[]): Judged {
    return rules.map((rule) => (rule === null ? shut : this.#one(name, rule))).reduce((a, b) => this.#both(a, b), open);
  }
  #both(a: Judged, b: Judged): Judged {
    return a.never || b.never ? shut : { never: false, parts: [...a.parts, ...b.parts], holds: (row) => a.holds(row) && b.holds(row) };
  }
  #one(name: string, rule: string): Judged {
    const key = `${name} ${rule}`;
    const before = this.#judged.get(key);
    if (before !== undefined) return before;
    const { schema } = this.#known;
    const options = { schema: wholeModel(schema), collection: name, scope: 'read' as const, auth: authFields(schema), limits: ruleLimits };
    const folded = fold(check(parse(rule, ruleLimits), options).ir, this.#context);
    const judged =
      folded.verdict === 'depends' ? { never: false, parts: [folded.ir], holds: this.#decide(folded) } : settled[folded.verdict];
    this.#judged.set(key, judged);
    return judged;
  }
  #decide(folded: Folded, view?: MemoryView): Test {
    if (folded.verdict !== 'depends') return () => folded.verdict === 'always';
    const decide = compile(folded.ir, view);
    return (record) => decide({ record, world: this.#known.world }).holds;
  }
}
