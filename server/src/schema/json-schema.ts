/** What a field's values look like, as JSON Schema 2020-12: for the description of the API. Follows from the type, as answers do. */
import type { Ty } from '@underpin/sdk/expr/model';
import type { Field } from './collection.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `mayBeNull`: where it is read, also what a mask makes of it. */
export function jsonSchema(field: Field, mayBeNull: boolean): JsonSchema {
  const { min, max, values } = field.def;
  const plain = field.junction === undefined ? ofTy(field.ty) : { type: 'array', items: ofTy({ kind: 'id' }), maxItems: 100 };
  const bounds = boundsOf(field.ty, min, max);
  const schema = { ...plain, ...bounds, ...(Array.isArray(values) ? { enum: mayBeNull ? [...values, null] : values } : {}) };
  const described = typeof field.def.ui?.['label'] === 'string' ? { title: field.def.ui['label'] } : {};
  return { ...(mayBeNull ? orNull(schema) : schema), ...described };
}

const orNull = (schema: JsonSchema): JsonSchema =>
  typeof schema['type'] === 'string' ? { ...schema, type: [schema['type'], 'null'] } : schema;

/** Of a text the bounds are those of its length. */
function boundsOf(ty: Ty, min: unknown, max: unknown): JsonSchema {
  const [least, most] = ty.kind === 'text' ? ['minLength', 'maxLength'] : ['minimum', 'maximum'];
  if (ty.kind !== 'text' && ty.kind !== 'int' && ty.kind !== 'number') return {};
  return { ...(typeof min === 'number' ? { [least]: min } : {}), ...(typeof max === 'number' ? { [most]: max } : {}) };
}

function ofTy(ty: Ty): JsonSchema {
  switch (ty.kind) {
    case 'text':
      return { type: 'string' };
    case 'id':
      return { type: 'string', format: 'uuid' };
    case 'int':
      return { type: 'integer' };
    case 'number':
    case 'duration':
      return { type: 'number' };
    case 'decimal':
      return { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' };
    case 'bool':
      return { type: 'boolean' };
    case 'time':
      return { type: 'string', format: 'date-time' };
    case 'day':
      return { type: 'string', format: 'date' };
    case 'json':
      return {};
    case 'geo':
      return {
        type: 'object',
        required: ['lat', 'lon'],
        properties: { lat: { type: 'number', minimum: -90, maximum: 90 }, lon: { type: 'number', minimum: -180, maximum: 180 } },
      };
    case 'list':
      return { type: 'array', items: ofTy(ty.of) };
  }
}
