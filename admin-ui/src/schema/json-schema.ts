/** A field type's settings, read from the JSON Schema that the server sends with each type. */
import type { FieldTypeInfo } from '@underpin/sdk/wire';

export interface Setting {
  readonly name: string;
  readonly kind: 'text' | 'expression' | 'number' | 'integer' | 'boolean' | 'choice' | 'list' | 'tags' | 'size' | 'collection' | 'json';
  readonly choices: readonly string[];
  readonly description: string | undefined;
  /** What holds when the setting is absent. */
  readonly fallback: unknown;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Drawn by hand elsewhere in the panel, or no setting of the type. */
const ELSEWHERE = new Set(['id', 'name', 'type', 'required', 'default', 'onUpdate', 'rules', 'secret', 'ui', 'unique', 'returns']);

/** `anyOf [X, null]` is X that may be left out. */
const inner = (schema: Json): Json => {
  const options = [schema['anyOf'], schema['oneOf']].find(Array.isArray);
  const real: unknown = options?.find((option: unknown) => isObject(option) && option['type'] !== 'null');
  return isObject(real) ? { ...schema, ...real } : schema;
};

/** Of files: numbers of bytes, and short words of which some are offered. */
const SIZES = new Set(['maxSize', 'quota', 'quotaPerAccount']);
const TAGS = new Set(['types', 'thumbs']);

const kindOf = (name: string, schema: Json): Setting['kind'] => {
  if (name === 'to') return 'collection';
  if (SIZES.has(name)) return 'size';
  if (TAGS.has(name)) return 'tags';
  if (name === 'expr') return 'expression';
  if (Array.isArray(schema['enum'])) return 'choice';
  const type = schema['type'];
  if (type === 'string') return 'text';
  if (type === 'number' || type === 'integer' || type === 'boolean') return type;
  if (type === 'array' && isObject(schema['items']) && schema['items']['type'] === 'string') return 'list';
  return 'json';
};

export const settingsOf = (info: FieldTypeInfo | undefined): readonly Setting[] => {
  const properties = info?.settings['properties'];
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, raw]) => {
    if (ELSEWHERE.has(name) || !isObject(raw)) return [];
    const schema = inner(raw);
    const description = typeof schema['description'] === 'string' ? schema['description'] : undefined;
    return [{ name, kind: kindOf(name, schema), choices: texts(schema['enum']), description, fallback: schema['default'] }];
  });
};

export const settingNames = (info: FieldTypeInfo | undefined): readonly string[] => settingsOf(info).map((setting) => setting.name);
