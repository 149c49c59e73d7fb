/**
 * Does the gate see anything? Each measure that keeps Postgres and memory together is switched off, here and in no code of the
 * product: by rewriting the SQL that was made, the tree that is evaluated, the rows that are read, or the tables themselves.
 * Each time the gate must find a rule that is decided wrongly; it is shrunk and printed.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compile, compilerOf, frameOf } from '@underpin/sdk/expr/evaluate';
import type { Stored } from '@underpin/sdk/expr/findings';
import type { Ir } from '@underpin/sdk/expr/ir';
import { nodesOf, rebuild } from '@underpin/sdk/expr/walk';
import type { MemoryView } from '@underpin/sdk/expr/world';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Hooks } from './engines.ts';
import { runGate } from './gate.ts';
import { randomness } from './random.ts';
import { defineWorld, fillWorld, readWorld, type Known } from './world.ts';

let up: TestApp;
let known: Known;
beforeAll(async () => {
  up = await startTestApp();
  await defineWorld(up);
  await fillWorld(up, randomness(7));
  known = await readWorld(up);
}, 60_000);
afterAll(() => up.close());

type Compare = Extract<Ir, { op: 'compare' }>;
const bool = { kind: 'bool' } as const;
const at = { start: 0, end: 0 };

/** Every node, from the leaves up, put through `change`. */
const rewrite = (ir: Ir, change: (node: Ir) => Ir): Ir => change(rebuild(ir, (part) => rewrite(part, change)));
const has =
  (wanted: (node: Ir) => boolean) =>
  (ir: Ir): boolean =>
    [...nodesOf(ir)].some(wanted);
const compiled =
  (change: (node: Ir) => Ir): typeof compile =>
  (ir, view) =>
    compile(rewrite(ir, change), view);

/** An evaluator whose comparisons outside of quantifiers are decided by `decide`, where it has an opinion. */
const comparing =
  (decide: (node: Compare, left: unknown, right: unknown) => boolean | undefined): typeof compile =>
  (ir, view) => {
    const compiler = compilerOf(view);
    const own: { node: Compare; left: ReturnType<typeof compiler.value>; right: ReturnType<typeof compiler.value> }[] = [];
    const replace = (node: Ir): Ir => {
      if (node.op === 'quantifier') return node;
      const inner = rebuild(node, replace);
      if (inner.op !== 'compare' || decide(inner, 1, 1) === undefined) return inner;
      own.push({ node: inner, left: compiler.value(inner.left), right: compiler.value(inner.right) });
      return { op: 'changed', field: `#${own.length - 1}`, ty: bool, ...at };
    };
    const run = compile(replace(ir), view);
    return (subject) => {
      const changed = (field: string): boolean => {
        const one = own[Number(field.slice(1))];
        if (!field.startsWith('#') || one === undefined) return subject.changed?.(field) ?? false;
        return decide(one.node, one.left(frameOf(subject)), one.right(frameOf(subject))) ?? false;
      };
      return run({ ...subject, changed });
    };
  };

const ordered = (node: Compare, order: number): boolean =>
  ({ eq: order === 0, lt: order < 0, le: order <= 0, gt: order > 0, ge: order >= 0 })[node.how];

const naive: Readonly<Record<string, Hooks>> = {
  'NOT with three truth values': {
    sql: (text) => text.replaceAll('IS DISTINCT FROM', '<>').replaceAll(' IS NOT TRUE', ' = FALSE'),
  },
  'null equals null': {
    compile: compiled((node) =>
      node.op === 'compare' && node.how === 'eq'
        ? { op: 'or', of: [node, { op: 'and', of: [absent(node.left), absent(node.right)], ty: bool, ...at }], ty: bool, ...at }
        : node,
    ),
  },
  'jsonb cast without asking its type': {
    sql: (text) => text.replaceAll(/\(CASE WHEN jsonb_typeof\((.+?)\) = 'number' THEN \(\1\)::float8 END\)/g, '($1)::float8'),
    relevant: has((node) => node.op === 'compare' && node.as === 'json' && node.how !== 'eq'),
  },
  'decimals as doubles': {
    compile: compiled((node) => (node.op === 'compare' && node.as === 'decimal' ? { ...node, as: 'number' } : node)),
    relevant: has((node) => node.op === 'compare' && node.as === 'decimal'),
  },
  'text in the order of UTF-16': {
    compile: comparing((node, left, right) =>
      node.as !== 'text' || node.how === 'eq'
        ? undefined
        : typeof left === 'string' && typeof right === 'string' && ordered(node, left < right ? -1 : left > right ? 1 : 0),
    ),
    relevant: has((node) => node.op === 'compare' && node.as === 'text' && node.how !== 'eq'),
  },
  'a double as numeric, which keeps 15 digits': {
    emitted: (ir) =>
      rewrite(ir, (node) => (node.op === 'compare' && node.as === 'number' && isMixed(node) ? { ...node, as: 'decimal' } : node)),
    relevant: has((node) => node.op === 'compare' && node.as === 'number' && isMixed(node)),
  },
  'null converted to a number': {
    compile: comparing((node, left, right) =>
      ['number', 'int', 'decimal'].includes(node.as) ? ordered(node, Number(left) - Number(right)) : undefined,
    ),
  },
  'a joined condition with one arm folded to a bare value': {
    emitted: (ir) => rewrite(ir, (node) => ((node.op === 'or' || node.op === 'and') && node.of.length === 1 ? (node.of[0] ?? node) : node)),
    relevant: has(
      (node) =>
        node.op === 'compare' && [node.left, node.right].some((side) => (side.op === 'or' || side.op === 'and') && side.of.length === 1),
    ),
  },
  'lists of records past their guard': { compile: (ir, view) => compile(ir, view && { ...view, guard: nothing }) },
  'fields past their mask': { compile: (ir, view) => compile(ir, view && { ...view, mask: nothing }) },
  'lower case by collation': {
    sql: (text) => text.replaceAll(/lower\(((?:[^()]|\([^()]*\))*) COLLATE "C"\)/g, '(lower($1 COLLATE "und-x-icu") COLLATE "C")'),
    relevant: has((node) => node.op === 'lower'),
  },
};
const nothing: MemoryView['guard'] = () => [];
const absent = (of: Ir): Ir => ({ op: 'absent', of, ty: bool, ...at });
const isMixed = ({ left, right }: Compare): boolean => left.ty.kind === 'decimal' || right.ty.kind === 'decimal';

/** The first rule that goes wrong. */
async function firstWrong(name: string, hooks: Hooks, of: Known = known, rules = 20_000): Promise<string> {
  const { wrong } = await runGate(up.app.base.database.app, of, 11, rules, hooks, 1);
  const [first] = wrong;
  process.stdout.write(`${name}: ${first === undefined ? 'not noticed' : `${first.source}\n    ${first.about}`}\n`);
  return first?.source ?? '';
}

describe('the gate notices', () => {
  test.each(Object.entries(naive))('%s', async (name, hooks) => {
    expect(await firstWrong(name, hooks)).not.toBe('');
  });

  test('whole numbers that come as texts', async () => {
    const asTexts = (row: Stored): Stored =>
      Object.fromEntries(
        Object.entries(row).map(([field, value]) => [
          field,
          typeof value === 'number' && ['n', 'age', 'quota', 'version'].includes(field) ? String(value) : value,
        ]),
      );
    const rows = new Map([...known.rows].map(([name, list]) => [name, list.map(asTexts)]));
    expect(await firstWrong('whole numbers as texts', {}, { ...known, rows })).not.toBe('');
  });

  test('what is no uuid', async () => {
    const naively = up.app.base.database.app.run({ text: 'SELECT FROM public.posts WHERE "owner" = $1', values: ['no-uuid'] });
    await expect(naively).rejects.toMatchObject({ code: '22P02' });
  });

  test('microseconds', async () => {
    for (const column of ['at', 'upd'])
      await up.sql(`ALTER TABLE public.posts ALTER COLUMN "${column}" TYPE timestamptz(6) USING "${column}" + interval '400 microseconds'`);
    expect(
      await firstWrong('microseconds', { relevant: has((node) => node.op === 'compare' && node.as === 'time') }, await readWorld(up)),
    ).not.toBe('');
  });

  test('the collation of the database', async () => {
    for (const column of ['posts.title', 'posts.body', 'posts.status', 'users.name', 'teams.name', 'staff.name', 'notes.text']) {
      const [table = '', name = ''] = column.split('.');
      await up.sql(`ALTER TABLE public.${table} ALTER COLUMN "${name}" TYPE text COLLATE "und-x-icu"`);
    }
    const hooks: Hooks = {
      sql: (text) => text.replaceAll(' COLLATE "C"', ''),
      relevant: has((node) => node.op === 'compare' && node.as === 'text' && node.how !== 'eq'),
    };
    expect(await firstWrong('collation', hooks, await readWorld(up))).not.toBe('');
  });
});
