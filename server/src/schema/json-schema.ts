/** What a field's values look like, as JSON Schema 2020-12: for the description of the API. Follows from the type, as answers do. */
import type { Ty } from '@underpin/sdk/expr/model';
import { holdsFiles, type Field } from './collection.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `mayBeNull`: where it is read, also what a mask makes of it. `isSent`: a file stands for itself by its id too. */
export function jsonSchema(field: Field, mayBeNull: boolean, isSent = false): JsonSchema {
  const { min, max, values } = field.def;
  const plain = holdsFiles(field)
    ? files(field, isSent)
    : field.junction === undefined
      ? ofTy(field.ty)
      : { type: 'array', items: ofTy({ kind: 'id' }), maxItems: 100 };
  const bounds = boundsOf(field.ty, min, max);
  const schema = { ...plain, ...bounds, ...(Array.isArray(values) ? { enum: mayBeNull ? [...values, null] : values } : {}) };
  const described = typeof field.def.ui?.['label'] === 'string' ? { title: field.def.ui['label'] } : {};
  return { ...(mayBeNull ? orNull(schema) : schema), ...described };
}

const file: JsonSchema = {
  type: 'object',
  required: ['id', 'name', 'type', 'size', 'sha256', 'url'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    name: { type: 'string' },
    type: { type: 'string' },
    size: { type: 'integer' },
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    width: { type: 'integer' },
    height: { type: 'integer' },
    url: { type: 'string', format: 'uri-reference' },
  },
};
function files({ def }: Field, isSent: boolean): JsonSchema {
  const one = isSent ? { anyOf: [{ type: 'string', format: 'uuid' }, file] } : file;
  return def.many === true ? { type: 'array', items: one } : one;
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, anyOf } = schema;
  if (Array.isArray(anyOf)) return { ...schema, anyOf: [...anyOf.map((one: unknown) => one), { type: 'null' }] };
  return typeof type === 'string' ? { ...schema, type: [type, 'null'] } : schema;
}

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
