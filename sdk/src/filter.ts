/** Filters as text whose values are never part of the text. */

export type ParamValue = string | number | boolean | Date | null | readonly (string | number | boolean | Date)[];

export interface Filter {
  readonly text: string;
  readonly params: Readonly<Record<string, ParamValue>>;
}

/** filter`author.team == ${team} and created > ${since}`: each value becomes a parameter. `undefined` throws. */
export function filter(parts: TemplateStringsArray, ...values: readonly ParamValue[]): Filter {
  const params: Record<string, ParamValue> = {};
  const names = values.map((value, i) => {
    refuseUndefined(value);
    params[`v${i}`] = value;
    return `$v${i}`;
  });
  return { text: parts.reduce((text, part, i) => `${text}${names[i - 1] ?? ''}${part}`), params };
}

/** A missing value must never turn into "no filter". Looks into objects and lists. */
export function refuseUndefined(value: unknown, path = 'filter'): void {
  if (value === undefined) throw new TypeError(`${path} is undefined; use null to ask for absence, or leave it out`);
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  for (const [key, item] of Array.isArray(value) ? [...value.entries()] : Object.entries(value)) refuseUndefined(item, `${path}.${key}`);
}
