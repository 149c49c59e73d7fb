/**
 * The records' part of the API as OpenAPI 3.1, for one caller: the collections, actions and fields that are there for him, and
 * nothing of what is not.
 */
import type { FoldContext } from '@underpin/sdk/expr/context';
import { isFollowed, type Action, type Collection, type Field } from '../schema/collection.ts';
import { jsonSchema, type JsonSchema } from '../schema/json-schema.ts';
import { policyFor, readOf, writeOf, type Caller } from './policy.ts';
import { visibleFields } from './reading/select.ts';

export interface Described {
  readonly paths: Readonly<Record<string, JsonSchema>>;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

export function describeRecords(caller: Caller): Described {
  const parts = caller.schema.collections.map((collection) => describe(caller, collection));
  return {
    paths: Object.assign({}, ...parts.map(({ paths }) => paths)),
    schemas: Object.assign({}, ...parts.map(({ schemas }) => schemas)),
  };
}

const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const body = (schema: JsonSchema): JsonSchema => ({ required: true, content: { 'application/json': { schema } } });
const answer = (description: string, schema: JsonSchema): JsonSchema => ({ description, content: { 'application/json': { schema } } });
const problems = { '4XX': { $ref: '#/components/responses/Problem' } };
const query = (name: string, description: string, schema: JsonSchema = { type: 'string' }): JsonSchema => ({
  name,
  in: 'query',
  description,
  schema,
});

const shape = [
  query('fields', 'Names of the fields to answer; id is always there'),
  query('expand', 'Relations whose records stand beside, as author,author.team'),
  query('can', 'update,delete: what the caller may do to each record'),
];
const filter = query('filter', 'Which records: an expression of the rule language, with p.NAME for $NAME');
const sort = query('sort', 'Up to four fields, -field descending');
const list = [
  filter,
  {
    name: 'p',
    in: 'query',
    style: 'form',
    explode: true,
    schema: { type: 'object', propertyNames: { pattern: '^p\\.' }, additionalProperties: { type: 'string' } },
    description: '{ "p.NAME": "value" } where the filter says $NAME',
    // Without it a page that tries requests out makes one up, and the request is refused.
    example: {},
  },
  sort,
  ...shape,
  query('limit', 'Records of a page', { type: 'integer', minimum: 1, maximum: 500, default: 30 }),
  query('cursor', 'page.next or page.prev of an earlier answer'),
  query('page', 'Instead of a cursor: 1 is the first', { type: 'integer', minimum: 1 }),
  query('count', 'none, exact, estimated, or a number at which counting stops'),
];
const counted = answer('How many', { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } });

type FoldMore = Partial<FoldContext>;
type May = Readonly<Record<Action, boolean>>;
const never: FoldMore = { sent: new Set<string>() };

function describe(caller: Caller, collection: Collection): Described {
  const allows = (action: Action, more: FoldMore = {}): boolean => policyFor(caller, collection, action, more) !== 'never';
  const may: May = {
    list: allows('list'),
    view: allows('view'),
    create: allows('create', { ...never, creating: true }),
    update: allows('update', never),
    delete: allows('delete'),
    history: isFollowed(collection) && allows('history'),
  };
  const { name } = collection;
  const paths = {
    ...pathsOfOne(name, may),
    ...(may.history ? pathsOfHistory(name, may) : {}),
    ...(may.list ? pathsOfMany(name, may) : {}),
  };
  const there = Object.entries(paths).filter(([, methods]) => Object.keys(methods).some((key) => key !== 'parameters'));
  return {
    paths: Object.fromEntries(there),
    schemas: {
      ...(may.view || may.list ? { [name]: readSchema(caller, collection) } : {}),
      ...(may.create ? { [`${name}.create`]: writeSchema(caller, collection, 'write-create') } : {}),
      ...(may.update ? { [`${name}.update`]: writeSchema(caller, collection, 'write-update') } : {}),
    },
  };
}

const operation = (verb: string, name: string, summary: string, more: JsonSchema): JsonSchema => ({
  operationId: `${verb}_${name}`,
  tags: [name],
  summary,
  ...more,
});
const idOnly = { type: 'object', required: ['id'], properties: { id: { type: 'string', format: 'uuid' } } };
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };

/** A record by itself: made, read, changed, deleted. */
function pathsOfOne(name: string, may: May): Record<string, JsonSchema> {
  const record = answer('The record', may.view ? ref(name) : idOnly);
  const create = operation('create', name, 'Create a record', {
    requestBody: body(ref(`${name}.create`)),
    responses: { 201: record, ...problems },
  });
  const get = operation('get', name, 'One record', { parameters: shape, responses: { 200: record, ...problems } });
  const patch = operation('update', name, 'Change the fields sent', {
    requestBody: body(ref(`${name}.update`)),
    responses: { 200: record, ...problems },
  });
  const remove = operation('delete', name, 'Delete it', { responses: { 204: { description: 'It is gone' }, ...problems } });
  const page = operation('list', name, 'A page of records', { parameters: list, responses: { 200: pageOf(name), ...problems } });
  return {
    [`/records/${name}`]: { ...(may.list ? { get: page } : {}), ...(may.create ? { post: create } : {}) },
    [`/records/${name}/{id}`]: {
      parameters: [id],
      ...(may.view ? { get } : {}),
      ...(may.update ? { patch } : {}),
      ...(may.delete ? { delete: remove } : {}),
    },
  };
}

/** Its versions, and one of them written again. */
const pathsOfHistory = (name: string, may: May): Record<string, JsonSchema> => {
  const version = {
    type: 'object',
    properties: {
      version: { type: 'integer' },
      action: { enum: ['created', 'updated', 'deleted'] },
      at: { type: 'string', format: 'date-time' },
      by: { type: ['string', 'null'] },
      request: { type: ['string', 'null'] },
      record: ref(name),
      before: { oneOf: [ref(name), { type: 'null' }] },
    },
  };
  const versions = { type: 'object', properties: { data: { type: 'array', items: version }, page: ref('Page') } };
  const sent = { type: 'object', required: ['version'], properties: { version: { type: 'integer' } } };
  const get = operation('history', name, 'Its versions, the newest first', {
    parameters: list.filter((one) => one['name'] === 'limit' || one['name'] === 'cursor'),
    responses: { 200: answer('A page of versions', versions), ...problems },
  });
  const post = operation('restore', name, 'Write a version again', {
    requestBody: body(sent),
    responses: { 200: answer('The record', ref(name)), 201: answer('The record, created again', ref(name)), ...problems },
  });
  return {
    [`/records/${name}/{id}/history`]: { parameters: [id], get },
    ...(may.update ? { [`/records/${name}/{id}/restore`]: { parameters: [id], post } } : {}),
  };
};

const pageOf = (name: string): JsonSchema =>
  answer('A page', {
    type: 'object',
    required: ['data', 'page'],
    properties: { data: { type: 'array', items: ref(name) }, page: ref('Page') },
  });
const text = { type: 'string' };
const condition = { filter: text, params: { type: 'object' }, where: { type: 'object' } };
const aggregate = {
  type: 'object',
  required: ['select'],
  properties: {
    select: { type: 'object', additionalProperties: text },
    group: { type: 'array' },
    ...condition,
    having: text,
    sort: { type: 'array', items: text },
    limit: { type: 'integer', maximum: 1000 },
  },
};

/** What is done to all that the caller can list. */
function pathsOfMany(name: string, may: May): Record<string, JsonSchema> {
  const path = `/records/${name}`;
  const post = (verb: string, summary: string, sent: JsonSchema, answered: JsonSchema): JsonSchema => ({
    post: operation(verb, name, summary, { requestBody: body(sent), responses: { 200: answered, ...problems } }),
  });
  const groups = answer('The groups', {
    type: 'object',
    properties: { data: { type: 'array', items: { type: 'object' } }, isCut: { type: 'boolean' } },
  });
  const format = { ...query('format', 'The form', { enum: ['csv', 'ndjson', 'json'] }), required: true };
  const stream = { description: 'The records', content: { 'text/csv': {}, 'application/x-ndjson': {}, 'application/json': {} } };
  const change = { type: 'object', required: ['data'], properties: { ...condition, data: ref(`${name}.update`) } };
  return {
    [`${path}/query`]: post('query', 'A list with a JSON body', { type: 'object' }, pageOf(name)),
    [`${path}/aggregate`]: post('aggregate', 'Groups, and what is taken together in them', aggregate, groups),
    [`${path}/export`]: {
      get: operation('export', name, 'All that matches, as a stream', {
        parameters: [format, filter, sort],
        responses: { 200: stream, ...problems },
      }),
    },
    ...(may.update ? { [`${path}/update`]: post('updateMany', 'Change all that matches', change, counted) } : {}),
    ...(may.delete
      ? { [`${path}/delete`]: post('deleteMany', 'Delete all that matches', { type: 'object', properties: condition }, counted) }
      : {}),
  };
}

function readSchema(caller: Caller, collection: Collection): JsonSchema {
  const fields = visibleFields(caller, collection, undefined);
  const isSure = (field: Field): boolean =>
    readOf(caller, collection, field).length === 0 && (field.def.required === true || (field.system && field.type.name !== 'text'));
  return {
    type: 'object',
    required: fields.map(({ name }) => name),
    properties: Object.fromEntries(fields.map((field) => [field.name, jsonSchema(field, !isSure(field))])),
  };
}

function writeSchema(caller: Caller, collection: Collection, of: 'write-create' | 'write-update'): JsonSchema {
  const fields = collection.fields.filter(
    (field) =>
      field.written !== 'never' &&
      (field.written === 'anyone' || caller.exempt) &&
      writeOf(caller, collection, field, of, new Set([field.name])) !== 'never',
  );
  const required = fields.filter(
    (field) => of === 'write-create' && field.def.required === true && (field.def.default ?? undefined) === undefined,
  );
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 ? { required: required.map(({ name }) => name) } : {}),
    properties: Object.fromEntries(
      fields.map((field) => [field.name, jsonSchema(field, field.def.required !== true && field.junction === undefined, true)]),
    ),
  };
}
