/** GET /api/v1/openapi.json: the API as this caller may know it. */
import type { RequestHandler } from 'express';
import type { Base } from '../ctx.ts';
import { errorKinds } from '../kit/errors.ts';
import { describeRecords } from '../records/describe.ts';
import { callerOf } from '../records/policy.ts';
import { schemaOf } from '../schema/load.ts';
import { noParameters } from './incoming.ts';
import { json } from './reply.ts';
import { route } from './route.ts';

const problem = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(errorKinds) },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'message'],
        properties: { pointer: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};
const page = {
  type: 'object',
  required: ['limit', 'next', 'prev'],
  properties: {
    limit: { type: 'integer' },
    next: { type: ['string', 'null'] },
    prev: { type: ['string', 'null'] },
    total: { type: 'integer' },
    totalIsExact: { type: 'boolean' },
  },
};

export const openApi = (base: Base): RequestHandler =>
  route(base, async (ctx, request) => {
    noParameters(request);
    const { paths, schemas } = describeRecords(callerOf(ctx, await schemaOf(ctx)));
    return json({
      openapi: '3.1.0',
      info: { title: 'Underpin', version: '1', description: 'The records that you may know of. Everything else of the API: /docs/api.' },
      servers: [{ url: '/api/v1' }],
      security: [{}, { token: [] }],
      paths,
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
        schemas: { ...schemas, Page: page, Problem: problem },
        responses: {
          Problem: {
            description: 'A refusal',
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        },
      },
    });
  });
