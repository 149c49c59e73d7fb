/**
 * A changed collection against all the others: relations that lead somewhere, indexes over fields that are there, and
 * every expression of every collection checked against the schema as it would be. Says all problems at once.
 */
import { ExprError, ruleLimits } from '@underpin/sdk/expr/ast';
import { parse } from '@underpin/sdk/expr/parse';
import { print } from '@underpin/sdk/expr/print';
import type { CollectionDef, FieldDef, ProblemField } from '@underpin/sdk/wire';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { buildCollection, type Collection } from './collection.ts';
import { at, isReservedName, refused } from './definition.ts';
import { makeSchema, type Schema } from './load.ts';
import { conversion, isConversion } from './convert.ts';
import { compiled } from './ddl.ts';
import { checkPlace, rulePlaces, type RulePlace } from './rules.ts';
import { searchProblems } from './search.ts';

type Stored = CollectionDef & { readonly id: string };

/** The schema with one definition put in, taken out or replaced (by id). */
export function schemaWith(schema: Schema, id: string, def: Stored | undefined, others: readonly Stored[] = []): Schema {
  const replaced = new Map([...others, ...(def === undefined ? [] : [def])].map((stored) => [stored.id, stored]));
  const kept = schema.collections.filter((collection) => !collection.system && collection.id !== id && !replaced.has(collection.id));
  return makeSchema(schema.version, [...kept, ...[...replaced.values()].map(buildCollection)]);
}

/** Checks `def` within the schema that already holds it. `mine` says which problems are reported under its own pointers. */
export function validateCollection(before: Schema, after: Schema, def: Stored): void {
  const problems: ProblemField[] = [];
  const known = before.byId.get(def.id);
  if (after.collections.length > limits.collections.max)
    throw fail('limit_exceeded', `There may be at most ${limits.collections.max} collections.`);
  if (after.collections.some((other) => other.name === def.name && other.id !== def.id)) {
    throw fail('unique_violation', {
      detail: `There is a collection "${def.name}" already.`,
      errors: [{ pointer: '/name', code: 'unique_violation', message: 'is taken' }],
    });
  }
  def.fields.forEach((field, index) => {
    const target = field.to === undefined ? undefined : after.byName.get(field.to);
    if (field.to !== undefined && (target === undefined || target.system))
      problems.push(at(`/fields/${index}/to`, `there is no collection "${field.to}"`));
    const was = known?.def.fields.find((other) => other.id === field.id);
    if (was !== undefined && isConversion(was, field)) {
      const user = def.fields.find(
        (other) => other.type === 'computed' && compiled(def, other).mentions.some((mention) => mention.field === field.name),
      );
      if (conversion(was, field) === undefined)
        problems.push(at(`/fields/${index}/type`, `cannot be changed from ${was.type} to ${field.type}`));
      else if (user !== undefined)
        problems.push(at(`/fields/${index}/type`, `cannot be changed while the computed field "${user.name}" uses it`));
    }
    problems.push(...relationProblems(after, field, index));
    if (field.type === 'file' && (field.default ?? field.onUpdate ?? null) !== null)
      problems.push(at(`/fields/${index}/default`, 'a file has no default'));
    if (after.byId.get(def.id)?.inverses.has(field.name) === true)
      problems.push(at(`/fields/${index}/name`, 'is the name of a back-relation'));
    if (field.type === 'relation' && field.many !== true && field.required === true && field['onDelete'] === 'set null')
      problems.push(at(`/fields/${index}/onDelete`, 'a required field cannot be set to null'));
  });
  const collection = after.byId.get(def.id);
  (def.indexes ?? []).forEach((index, position) => {
    index.fields.forEach((name, part) => {
      const field = collection?.byName.get(name.replace(/^-/, ''));
      const pointer = `/indexes/${position}/fields/${part}`;
      if (field === undefined) problems.push(at(pointer, `there is no field "${name.replace(/^-/, '')}"`));
      else if (field.junction !== undefined || field.ty.kind === 'geo') problems.push(at(pointer, `"${field.name}" has no order to index`));
    });
  });
  if (problems.length > 0) throw refused(problems);
  problems.push(...expressionProblems(after, def.id));
  if (problems.length > 0) throw refused(problems);
  problems.push(...searchProblems(after, def));
  if (problems.length > 0) throw refused(problems);
}

/** What a to-many relation cannot have, and whether a back-relation's name is free in the collection pointed to. */
function relationProblems(after: Schema, field: FieldDef, index: number): ProblemField[] {
  const problems: ProblemField[] = [];
  if (field.many === true && field['onDelete'] === 'cascade')
    problems.push(at(`/fields/${index}/onDelete`, 'of a list can be restrict or set null'));
  if (field.many === true && field.required === true) problems.push(at(`/fields/${index}/required`, 'a list is never absent'));
  if (field.inverse === undefined) return problems;
  const target = after.byName.get(field.to ?? '');
  const others = after.collections.flatMap((other) =>
    other.fields.filter((one) => one.to === target?.name && one.def.inverse === field.inverse && one.id !== field.id),
  );
  const taken = target?.byName.has(field.inverse) === true || others.length > 0 || isReservedName(field.inverse);
  if (taken) problems.push(at(`/fields/${index}/inverse`, `"${field.inverse}" is taken in "${field.to ?? ''}"`));
  return problems;
}

/** Every expression of every collection that would no longer mean anything. */
export function expressionProblems(schema: Schema, mine: string | undefined): readonly ProblemField[] {
  return schema.collections.flatMap((collection) =>
    rulePlaces(collection).flatMap((place) => {
      const problem = problemOf(schema, collection, place);
      if (problem === undefined) return [];
      const prefix = collection.id === mine ? '' : `/collections/${collection.name}`;
      return [
        {
          pointer: prefix + place.pointer,
          code: problem.code,
          message: `${problem.message}${problem.hint === undefined ? '' : `. ${problem.hint}`} (at ${problem.start + 1})`,
          start: problem.start,
          end: problem.end,
        },
      ];
    }),
  );
}

function problemOf(schema: Schema, collection: Collection, place: RulePlace): ExprError | undefined {
  try {
    checkPlace(schema, collection, place);
    return undefined;
  } catch (error) {
    if (error instanceof ExprError) return error;
    throw error;
  }
}

/** Rewrites every expression of a definition; `null` and plain values stay. */
export function mapExpressions(def: Stored, rewrite: (place: RulePlace) => string): Stored {
  const collection = buildCollection(def);
  const texts = new Map(rulePlaces(collection).map((place) => [place.pointer, rewrite(place)]));
  const text = <T>(pointer: string, fallback: T): T | string => texts.get(pointer) ?? fallback;
  const rules = Object.fromEntries(Object.entries(def.rules ?? {}).map(([name, rule]) => [name, text(`/rules/${name}`, rule)]));
  return {
    ...def,
    rules,
    ...(def.guard === undefined ? {} : { guard: text('/guard', def.guard) }),
    fields: def.fields.map((field, index) => ({
      ...field,
      ...(field.rules === undefined
        ? {}
        : {
            rules: Object.fromEntries(
              Object.entries(field.rules).map(([name, rule]) => [name, text(`/fields/${index}/rules/${name}`, rule)]),
            ),
          }),
      ...Object.fromEntries(
        (['default', 'onUpdate'] as const).flatMap((place) =>
          texts.has(`/fields/${index}/${place}/expr`) ? [[place, { expr: texts.get(`/fields/${index}/${place}/expr`) }]] : [],
        ),
      ),
    })),
  };
}

/** The stored form of an expression; what cannot be parsed stays as it is, for validation to name. */
export function canonicalText(text: string): string {
  try {
    return print(parse(text, ruleLimits));
  } catch (error) {
    if (error instanceof ExprError) return text;
    throw error;
  }
}

/** Fills in what a computed field returns; refuses expressions that mean nothing. */
export function withResults(def: Stored): Stored {
  const problems: ProblemField[] = [];
  const fields = def.fields.map((field, index) => {
    if (field.type !== 'computed') return field;
    try {
      return { ...field, required: false, returns: compiled(def, field).ty.kind };
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
      problems.push({ pointer: `/fields/${index}/expr`, code: error.code, message: `${error.message} (at ${error.start + 1})` });
      return field;
    }
  });
  if (problems.length > 0) throw refused(problems);
  return { ...def, fields };
}
