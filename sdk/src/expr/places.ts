/** Points on the earth, in degrees of WGS 84: `geo(lat, lon)`, and how far two of them are apart. */
import { ExprError } from './ast.ts';
import type { Ast } from './ast.ts';
import type { ConstValue, Ir } from './ir.ts';
import type { Checking, Names } from './state.ts';
import { constant, settle, span, typeName, valueName } from './values.ts';

type Call = Extract<Ast, { type: 'call' }>;

export interface Point {
  readonly lat: number;
  readonly lon: number;
}

/** Metres: twice the mean radius of WGS 84 (IUGG's R1). */
export const earthDiameter = 2 * 6_371_008.8;

/** The great circle's length in metres, by the haversine formula; SQL computes the same, up to the last digits of its sines. */
export function metresBetween(a: Point, b: Point): number {
  const north = Math.sin(radians(b.lat - a.lat) / 2);
  const east = Math.sin(radians(b.lon - a.lon) / 2);
  const square = north * north + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * (east * east);
  return earthDiameter * Math.asin(Math.min(1, Math.sqrt(square)));
}

/**
 * Adding and taking away cuts off what is finer than 10⁻¹³ degrees, a hundredth of a micrometre: the square of anything finer
 * would be too small for a double, which is an error in Postgres.
 */
const radians = (degrees: number): number => (degrees + 512 - 512) * (Math.PI / 180);

/** A point as the language holds it; also as Postgres's driver gives it, the longitude as `x`. */
export function toPoint(value: unknown): (Point & { readonly [key: string]: ConstValue }) | null {
  if (typeof value !== 'object' || value === null) return null;
  const [lat, lon]: unknown[] =
    'lat' in value && 'lon' in value ? [value.lat, value.lon] : 'x' in value && 'y' in value ? [value.y, value.x] : [];
  return typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}

/** `geo(52.5, 13.4)`: both numbers are written or parameters, so that they are checked here and never fail later. */
export function geoCall(checking: Checking, ast: Call, names: Names): Ir {
  const [lat, lon, ...more] = ast.args;
  if (!lat || !lon || more.length > 0) throw new ExprError('arguments', 'geo() takes a latitude and a longitude', ast);
  const point = { lat: degrees(checking, lat, names, 90), lon: degrees(checking, lon, names, 180) };
  return constant(ast, point, { kind: 'geo' });
}

function degrees(checking: Checking, ast: Ast, names: Names, most: number): number {
  const value = checking.value(ast, names);
  const read =
    value.kind === 'number' || (value.kind === 'string' && value.loose) ? Number(value.kind === 'number' ? value.raw : value.value) : NaN;
  if (Number.isNaN(read)) throw new ExprError('const_argument', `geo() takes written numbers, not ${valueName(value)}`, ast);
  if (Math.abs(read) > most) throw new ExprError('bad_number', `Degrees are within ±${most} here`, ast);
  return read === 0 ? 0 : read;
}

export function distanceCall(checking: Checking, ast: Call, names: Names): Ir {
  const [from, to, ...more] = ast.args;
  if (!from || !to || more.length > 0)
    throw new ExprError('arguments', 'distance() takes two points, as distance(at, geo(52.5, 13.4))', ast);
  const [left, right] = [place(checking, from, names), place(checking, to, names)];
  return { op: 'distance', left, right, ty: { kind: 'number' }, ...span(ast) };
}

function place(checking: Checking, ast: Ast, names: Names): Ir {
  const ir = settle(checking.value(ast, names));
  if (ir.ty.kind !== 'geo') throw new ExprError('type_mismatch', `distance() takes points, not ${typeName(ir.ty)}`, ast);
  return ir;
}
