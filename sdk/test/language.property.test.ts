/**
 * The language against chance: no input makes parser or checker throw anything but an ExprError, printing and reading are
 * inverse, and the part of the grammar that CEL shares is read as two CEL libraries read it. `SEED=…` repeats a run.
 */
import { expect, test } from '@jest/globals';
import { parse as parseBuf } from '@bufbuild/cel';
import { parse as parseMarc } from '@marcbachmann/cel-js';
import { ExprError, clientLimits, ruleLimits } from '../src/expr/ast.ts';
import { fold } from '../src/expr/fold.ts';
import { parse } from '../src/expr/parse.ts';
import { print } from '../src/expr/print.ts';
import { fromBuf, fromMarc, fromOurs } from './cel-shapes.ts';
import { randomText } from './random-text.ts';
import { bare, checkText, randomness } from './support.ts';
import type { Random } from './support.ts';

const valid = [
  'owner == auth.id || status == "published"',
  'auth != null && owner.team == auth.team',
  'auth.id in members',
  'members.exists(m, m.team.active && m.age >= 18)',
  `"x" in tags && !(score > 10 or title.startsWith('a%'))`,
  'meta.plan.tier == "pro" && meta.seats > 5',
  'created > now - duration("24h")',
  '!changed.owner && next.status in ["draft", "archived"]',
  'collections.memberships.exists(m, m.user == auth.id && m.post == record.id)',
  'views not in [1, -2, 3.5] and (pinned ? title : owner.name) == $p',
  'price >= 1e-3 && price < $n && due != day("2026-01-02")',
];
const pieces = [
  ...[
    'owner',
    'title',
    'auth',
    'record',
    'next',
    'changed',
    'members',
    'tags',
    'meta',
    'now',
    'm',
    'true',
    'null',
    '$p',
    '$n',
    '$x',
    'price',
    'created',
  ],
  ...[
    '.',
    ',',
    '(',
    ')',
    '[',
    ']',
    '==',
    '=',
    '!=',
    '<',
    '>=',
    '&&',
    '||',
    '!',
    '?',
    ':',
    '+',
    '-',
    '*',
    '/',
    'in',
    'not',
    'and',
    'or',
    'not in',
  ],
  ...[
    '"x"',
    "'y'",
    '"\\u0000"',
    '"',
    "'",
    '\\',
    '1',
    '2.5',
    '1e400',
    '1e-400',
    '99999999999999999999',
    '"24h"',
    '"2024-02-30"',
    '.exists(m, ',
    '.all(',
    'size(',
    'has(',
  ],
  ...['\0', '\ud800', '😀', 'é', '#', '//', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '\n', '%', '$', '$$', '@', '`'],
];

function anyInput(random: Random): string {
  const kind = random.below(4);
  if (kind === 0)
    return Array.from({ length: random.below(30) }, () => String.fromCharCode(random.below(random.chance(0.8) ? 128 : 65536))).join('');
  if (kind === 1) return Array.from({ length: 1 + random.below(16) }, () => random.pick(pieces) + (random.chance(0.6) ? ' ' : '')).join('');
  let text = kind === 2 ? random.pick(valid) : randomText(random, 3);
  for (let edits = random.below(4); edits > 0; edits -= 1) {
    const at = random.below(text.length + 1);
    const cut = random.chance(0.5) ? random.below(4) : 0;
    text = text.slice(0, at) + (random.chance(0.7) ? random.pick(pieces) : '') + text.slice(at + cut);
  }
  return text;
}

test('30,000 inputs: only an ExprError is ever thrown', () => {
  const random = randomness('fuzz');
  const seen = { refused: 0, parsed: 0, checked: 0 };
  const scopes = ['read', 'create', 'update', 'filter', 'validate', 'default'] as const;
  for (let i = 0; i < 30_000; i += 1) {
    const input = anyInput(random);
    const params = {
      p: random.pick(['a', null, undefined, Number.NaN, {}, 'a\0']),
      n: random.pick([1, '1', 2 ** 70, new Date(), [], [1, 'a', null]]),
    };
    try {
      const ast = parse(input, random.chance(0.5) ? ruleLimits : clientLimits, { products: random.chance(0.2) });
      seen.parsed += 1;
      const printed = print(ast);
      const again = parse(printed, { ...ruleLimits, bytes: 100_000 }, { products: true });
      if (JSON.stringify(bare(again)) !== JSON.stringify(bare(ast))) expect([input, bare(again)]).toEqual([input, bare(ast)]);
      const { ir, mentions } = checkText(input, { scope: random.pick(scopes), params, textParams: random.chance(0.3) });
      seen.checked += 1;
      for (const { field, start, end } of mentions) if (input.slice(start, end) !== field) expect([input, field]).toBe(start);
      fold(ir, {
        auth: random.chance(0.5) ? null : { id: 'x', collection: 'users', roles: ['a'] },
        now: 0,
        request: { ip: '', method: '' },
      });
    } catch (error) {
      if (!(error instanceof ExprError)) throw new Error(`${JSON.stringify(input)} (seed ${random.seed})`, { cause: error });
      if (!(error.start >= 0 && error.start <= error.end)) expect([input, error.start]).toBe(error.end);
      seen.refused += 1;
    }
  }
  process.stdout.write(`fuzz: ${JSON.stringify(seen)}\n`);
  // A fuzzer that never gets past the door tests the door alone.
  expect(seen.parsed).toBeGreaterThan(5000);
  expect(seen.checked).toBeGreaterThan(500);
});

test('20,000 expressions are read as two CEL libraries read them', () => {
  const random = randomness('cel');
  for (let i = 0; i < 20_000; i += 1) {
    const text = randomText(random, 4);
    const ours = fromOurs(parse(text, { ...ruleLimits, depth: 100, nodes: 5000 }));
    const printed = print(parse(text, { ...ruleLimits, depth: 100, nodes: 5000 }));
    const theirs = {
      marc: fromMarc(parseMarc(text).ast),
      buf: fromBuf(parseBuf(text).expr),
      // What we print is CEL that means the same, and is printed so again.
      printed: fromMarc(parseMarc(printed).ast),
      again: fromOurs(parse(printed, { ...ruleLimits, depth: 100, nodes: 5000 })),
    };
    const shape = JSON.stringify(ours);
    for (const [parser, tree] of Object.entries(theirs)) {
      // Compared as text first: 80,000 deep comparisons by the matcher take half a minute.
      if (JSON.stringify(tree) !== shape) expect([text, random.seed, parser, tree]).toEqual([text, random.seed, parser, ours]);
    }
  }
}, 60_000);
