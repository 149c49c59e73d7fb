/** A collection's definition as it comes from outside: its shape and names. What needs the other collections is in validate.ts. */
import { z } from 'zod';
import type { CollectionDef, FieldDef, ProblemField } from '@underpin/sdk/wire';
import { languageNames } from '@underpin/sdk/expr/model';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { parseId } from '../kit/ids.ts';
import { authOptions } from './auth-options.ts';
import { fieldType, fieldTypes } from './fields/index.ts';
import { accountFieldNames, reservedAccountNames, systemFieldNames } from './system-fields.ts';

const namePattern = /^[a-z][a-z0-9_]{0,47}$/;
const nameProblem = 'must begin with a letter and hold only a–z, 0–9 and _, at most 48 characters';
const name = z.string({ error: nameProblem }).regex(namePattern, { error: nameProblem });
const rule = z.string().max(8192).nullable();
const historyProblem = 'must be true, false or { "keep": "1 year" }, in days, weeks, months or years';
const keep = z.string({ error: historyProblem }).regex(/^[1-9]\d{0,3} (?:day|week|month|year)s?$/, { error: historyProblem });
const ui = z.record(z.string().max(48), z.unknown());

/** The columns that Postgres has on every table. */
const postgresColumns = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'];
const reservedFieldNames: ReadonlySet<string> = new Set([...systemFieldNames, 'deleted', 'expand', ...languageNames, ...postgresColumns]);

const common = {
  id: z
    .string()
    .refine((value) => parseId(value) !== undefined, { error: 'must be the id of a field' })
    .optional(),
  name: name.refine((value) => !reservedFieldNames.has(value), { error: 'is a reserved name' }),
  type: z.string(),
  required: z.boolean().default(false),
  default: z.unknown().optional(),
  onUpdate: z.unknown().optional(),
  rules: z.strictObject({ read: rule.optional(), write: rule.optional() }).optional(),
  secret: z.boolean().optional(),
  ui: ui.optional(),
};

const definition = z.strictObject({
  id: z.string().optional(),
  name: name.refine((value) => !value.startsWith('pg_'), { error: 'must not begin with pg_' }),
  kind: z.enum(['base', 'auth'], { error: 'must be base or auth' }).default('base'),
  fields: z.array(z.unknown()).max(limits.collections.fields).default([]),
  indexes: z
    .array(
      z.strictObject({
        fields: z
          .array(z.string().regex(/^-?[a-z][a-z0-9_]{0,47}$/))
          .min(1)
          .max(16),
        unique: z.boolean().default(false),
      }),
    )
    .max(limits.collections.indexes)
    .default([]),
  rules: z
    .strictObject({
      list: rule.optional(),
      view: rule.optional(),
      create: rule.optional(),
      update: rule.optional(),
      delete: rule.optional(),
      history: rule.optional(),
    })
    .default({}),
  guard: rule.optional(),
  auth: authOptions.optional(),
  history: z.union([z.boolean(), z.strictObject({ keep })], { error: historyProblem }).optional(),
  ui: ui.optional(),
});

/** Whether no field, and so no back-relation either, may have this name. */
export const isReservedName = (value: string): boolean => reservedFieldNames.has(value);

/** Reads a whole definition, or refuses with every problem at its pointer. Settings of fields get their defaults. */
export function parseDefinition(input: unknown): CollectionDef {
  const parsed = definition.safeParse(input);
  if (!parsed.success) throw refused(problemsOf(parsed.error, ''));
  const problems: ProblemField[] = [];
  if (parsed.data.auth !== undefined && parsed.data.kind !== 'auth') problems.push(at('/auth', 'is for collections of accounts'));
  const fields = parsed.data.fields.map((field, index) => parseField(field, `/fields/${index}`, parsed.data.kind, problems));
  fields.forEach((field, index) => {
    if (field !== undefined && fields.findIndex((other) => other?.name === field.name) !== index)
      problems.push(at(`/fields/${index}/name`, 'stands in this collection twice'));
  });
  if (problems.length > 0) throw refused(problems);
  return { ...parsed.data, fields: fields.filter((field) => field !== undefined) };
}

function parseField(input: unknown, pointer: string, kind: 'base' | 'auth', problems: ProblemField[]): FieldDef | undefined {
  const typeName = input !== null && typeof input === 'object' && 'type' in input ? input.type : undefined;
  const type = typeof typeName === 'string' ? fieldType(typeName) : undefined;
  if (type === undefined) {
    problems.push(at(`${pointer}/type`, `must be one of ${fieldTypes.map((known) => known.name).join(', ')}`));
    return undefined;
  }
  const own = type.settings instanceof z.ZodObject ? type.settings.shape : {};
  const parsed = z.strictObject({ ...common, ...own }).safeParse(input);
  if (!parsed.success) {
    problems.push(...problemsOf(parsed.error, pointer));
    return undefined;
  }
  const field: FieldDef = parsed.data;
  if (kind === 'auth' && (accountFieldNames.has(field.name) || reservedAccountNames.has(field.name)))
    problems.push(at(`${pointer}/name`, 'is a reserved name in accounts'));
  problems.push(...defaultProblems(field, type.input(field), pointer));
  return field;
}

/** A default is a value that the field would take, or `{ expr }`, which is checked with the rules. */
function defaultProblems(field: FieldDef, input: z.ZodType<unknown>, pointer: string): ProblemField[] {
  return (['default', 'onUpdate'] as const).flatMap((place) => {
    const value = field[place];
    if (value === undefined || value === null || expressionOf(value) !== undefined) return [];
    const checked = input.safeParse(value);
    return checked.success ? [] : problemsOf(checked.error, `${pointer}/${place}`);
  });
}

/** The text of `{ expr: "…" }`, or undefined for a plain value. */
export function expressionOf(value: unknown): string | undefined {
  return value !== null && typeof value === 'object' && 'expr' in value && typeof value.expr === 'string' && Object.keys(value).length === 1
    ? value.expr
    : undefined;
}

export const at = (pointer: string, message: string): ProblemField => ({ pointer, code: 'invalid_request', message });

export const refused = (problems: readonly ProblemField[]): Error =>
  fail('invalid_request', { detail: problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; '), errors: problems });

/** The problems of a zod schema with their JSON pointers. */
export function problemsOf(error: z.ZodError, prefix: string, code = 'invalid_request'): ProblemField[] {
  return error.issues.flatMap((issue) => {
    const pointer = prefix + issue.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ pointer: `${pointer}/${key}`, code, message: 'is not known' }));
    return [{ pointer, code, message: issue.message }];
  });
}
