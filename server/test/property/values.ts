/** The values at the edges: where collations, doubles, digits, time zones and JSON types tell engines apart. */
import type { Random } from './random.ts';

export const texts = [
  ...['', 'a', 'A', 'b', 'B', 'ab', 'aXb', 'abc', 'ABC', 'z', 'Z', 'a b', ' a', 'a '],
  ...['é', 'e\u0301', 'É', 'ß', 'SS', 'İ', 'i', 'Ω', '😀', '\uFFFD', '\uE000', '\u{1F600}a'],
  ...['_', '%', 'a%', 'a_b', '\\', "x'y", '"q"', '$1', '--', ';', 'a\nb', 'null', '10', '9', 'draft', '2026-01-02'],
];
export const numbers = [0, 1, -1, 2, 5, 10, 18, 0.1, 0.2, 0.3, 0.30000000000000004, 1.5, -2.25, 1e15, 1e-7, 123456789.125, 1e300, -1e300];
export const integers = [0, 1, -1, 2, 3, 5, 10, 18, 100, 2147483647, -2147483648, 9007199254740991, -9007199254740991];
export const decimals = [
  ...['0', '1', '0.1', '0.10', '0.3', '2.5000', '-0.0001', '0.30000000000000004', '12345678901234.5678'],
  ...['9007199254740993', '9007199254740992', '9007199254740992.1', `0.${'0'.repeat(48)}1`, `${'9'.repeat(90)}.5`],
];
/** The moment at which all is decided. */
export const now = Date.UTC(2026, 10, 21, 23, 30);
export const times = [
  ...[now, now - 1, now + 1, now - 86_400_000, now - 86_400_001, now - 3_600_000, now + 86_400_000],
  ...[0, Date.UTC(2024, 1, 29), Date.UTC(1999, 11, 31, 23, 59, 59, 999), -62_135_596_800_000, 253_402_300_799_999],
];
export const days = ['2026-11-21', '2026-11-22', '2026-11-20', '2024-02-29', '0001-01-01', '0999-12-31', '9999-12-31', '1970-01-01'];
export const points = [
  { lat: 0, lon: 0 },
  { lat: 52.52, lon: 13.405 },
  { lat: 48.8566, lon: 2.3522 },
  { lat: -33.8688, lon: 151.2093 },
  { lat: 90, lon: 0 },
  { lat: -90, lon: 180 },
  { lat: 0, lon: 180 },
  { lat: 0, lon: -180 },
  { lat: 1e-200, lon: -1e-300 },
  { lat: 5e-324, lon: 0 },
];
/** Of few words, so that a search finds some; they begin and end with one, as a highlight may leave out the signs beside it. */
export const words = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel', 'willow'];
export const prose = [
  ...['', 'ash', 'Ash birch', 'birch ash', 'ASH, cedar', 'cedar elm fir', 'elm (ash) fir', 'fir; birch! Cedar', 'hazel', 'Hazel: elm'],
  ...['ash ash elm', 'birch < "hazel" & fir', 'fir fir', 'willow', 'willow hazel', 'elm = ash', 'cedar\nash'],
];
export const statuses = ['draft', 'published', 'archived'];

export function json(random: Random, depth = 0): unknown {
  return random.branch<unknown>([
    [1, () => null],
    [2, () => random.pick(numbers)],
    [2, () => random.pick(texts)],
    [1, () => random.chance(0.5)],
    [depth > 2 ? 0 : 1, () => [json(random, depth + 1), json(random, depth + 1)]],
    [
      depth > 2 ? 0 : depth === 0 ? 12 : 3,
      () => Object.fromEntries(['a', 'b', 'n'].flatMap((key) => (random.chance(0.7) ? [[key, json(random, depth + 1)]] : []))),
    ],
  ]);
}
