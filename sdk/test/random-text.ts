/** Random texts of the grammar that CEL and ours share, with brackets where they are needed and sometimes where not. */
import type { Random } from './support.ts';

const names = ['a', 'title', 'owner', 'members', 'tags', '_x1', 'views'] as const;
const strings = ['"x"', "'y'", '"it\'s"', '"\\n\\t\\\\\\""', '"\\u00e9"', '""', "'a%_'"] as const;

export function randomText(random: Random, depth: number): string {
  const [a, b] = [(): string => operand(random, depth - 1), (): string => operand(random, depth - 1)];
  if (depth <= 0) return leaf(random);
  switch (random.below(12)) {
    case 0:
    case 1:
      return `${a()} && ${b()}`;
    case 2:
    case 3:
      return `${a()}||${b()}`;
    case 4:
      return `${tight(random, depth)} ${random.pick(['==', '!=', '<', '<=', '>', '>=', 'in'])} ${tight(random, depth)}`;
    case 5:
      return `${tight(random, depth)} ${random.pick(['+', '-'])} ${tight(random, depth)}`;
    case 6:
      return `${random.pick(['!', '-'])}(${a()})`;
    case 7:
      return `!${random.pick(names)}.${random.pick(names)}`;
    case 8:
      return `(${a()}) ? (${b()}) : ${a()}`;
    case 9:
      return `${random.pick(names)}.${random.pick(['exists', 'all', 'exists_one'])}(${random.pick(['m', 'n'])}, ${a()})`;
    case 10:
      return `[${Array.from({ length: random.below(4) }, a).join(', ')}]`;
    default:
      return random.chance(0.5) ? `size(${a()})` : `${random.pick(names)}.startsWith(${a()})`;
  }
}

const operand = (random: Random, depth: number): string => {
  const text = randomText(random, depth);
  return random.chance(0.4) || /\?/.test(text) ? `(${text})` : text;
};

/** What may stand beside a comparison or a sum without changing how that is read. */
const tight = (random: Random, depth: number): string => (random.chance(0.3) ? `(${randomText(random, depth - 1)})` : leaf(random));

function leaf(random: Random): string {
  switch (random.below(7)) {
    case 0:
      return random.pick(strings);
    case 1:
      return random.pick(['0', '1', '42', '1.5', '2e3', '1.25e-2', '9007199254740991', '-7', '-0.5']);
    case 2:
      return random.pick(['true', 'false', 'null']);
    case 3:
      return `has(${random.pick(names)}.${random.pick(names)})`;
    case 4:
      return `${random.pick(names)}.${random.pick(names)}.${random.pick(names)}`;
    default:
      return random.pick(names);
  }
}
