/** What is known of a request when a rule is folded, and how a path into it becomes a constant of the type that was checked. */
import type { ConstValue } from './ir.ts';
import type { Ty } from './model.ts';
import { toPoint } from './places.ts';
import { plainDecimal } from './scalar.ts';
import { dayIn, parseDay, parseTime } from './times.ts';

export interface FoldContext {
  /** The caller's account; null for nobody. A service key is no account: it comes as `{ key: { id } }`, and `auth == null` holds. */
  readonly auth: null | Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly request?: { readonly ip: string; readonly method: string };
  /** The fields that a write sends: at create they decide `changed.f`; at update what was not sent has not changed. */
  readonly sent?: ReadonlySet<string>;
  /** True at create, where `changed.f` means "f was sent". */
  readonly creating?: boolean;
}

/** The value at a path, as a constant of type `ty`; null if there is none or it is of another type. */
export function contextValue(context: FoldContext, path: readonly string[], ty: Ty): ConstValue {
  const [root, zone = 'UTC'] = path;
  return root === 'today' ? dayIn(zone, context.now) : toConst(lookUp(context, path), ty);
}

/** Whether there is something at a path of objects: `auth` is there for an account only, not for a service key. */
export function isInContext(context: FoldContext, path: readonly string[]): boolean {
  const found = lookUp(context, path.length === 1 && path[0] === 'auth' ? ['auth', 'id'] : path);
  return found !== null && found !== undefined;
}

function lookUp(context: FoldContext, path: readonly string[]): unknown {
  let value: unknown = context;
  for (const step of path) {
    // Own properties only: `auth.constructor` is nothing.
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null;
    value = Reflect.get(value, step);
  }
  return value;
}

/** A value as JSON or the driver gives it, in the form of the language; null where it is not of that type. */
export function toConst(value: unknown, ty: Ty): ConstValue {
  if (value === null || value === undefined) return null;
  switch (ty.kind) {
    case 'text':
      return typeof value === 'string' ? value : null;
    case 'id':
      return typeof value === 'string' ? value.toLowerCase() : null;
    case 'bool':
      return typeof value === 'boolean' ? value : null;
    case 'int':
    case 'number':
    case 'duration':
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    case 'decimal':
      return typeof value === 'string' || typeof value === 'number' ? (plainDecimal(String(value)) ?? null) : null;
    case 'time':
      return toTime(value);
    case 'day':
      return typeof value === 'string' ? (parseDay(value) ?? null) : null;
    case 'list':
      return Array.isArray(value) ? value.map((item) => toConst(item, ty.of)).filter((item) => item !== null) : null;
    case 'json':
      return toJson(value);
    case 'geo':
      return toPoint(value);
  }
}

function toTime(value: unknown): number | null {
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.getTime() : null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' ? (parseTime(value) ?? null) : null;
}

function toJson(value: unknown): ConstValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
