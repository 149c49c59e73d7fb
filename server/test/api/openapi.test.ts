/** The description of the API is for the one who asks: what he may know of, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  const make = async (body: unknown): Promise<void> =>
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  await make({
    name: 'posts',
    fields: [
      { name: 'title', type: 'text', required: true, max: 20 },
      { name: 'status', type: 'select', values: ['draft', 'published'] },
      { name: 'price', type: 'decimal' },
      { name: 'place', type: 'geo' },
      { name: 'mine', type: 'number', integer: true, min: 1, rules: { read: 'author == auth.id' } },
      { name: 'hidden', type: 'text', rules: { read: null, write: null } },
      { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
      { name: 'also', type: 'relation', to: 'users', many: true },
    ],
    rules: { list: 'true', create: 'auth != null', update: 'author == auth.id' },
  });
  await make({ name: 'quiet', fields: [{ name: 'text', type: 'text' }] });
});
afterAll(() => up.close());

const document = async (token?: string) => (await up.send('GET /openapi.json', token === undefined ? {} : { token })).body;
const operations = (paths: Record<string, object>, of: string): string[] =>
  Object.entries(paths)
    .filter(([path]) => path.split('/')[2] === of)
    .flatMap(([path, methods]) => Object.keys(methods).flatMap((method) => (method === 'parameters' ? [] : [`${method} ${path}`])))
    .sort();

describe('openapi.json', () => {
  test('tells each caller of the actions that are open to him', async () => {
    const reading = [
      'get /records/posts',
      'get /records/posts/export',
      'get /records/posts/{id}',
      'post /records/posts/aggregate',
      'post /records/posts/query',
    ];
    const [nobody, somebody, owner] = [await document(), await document(ann.token), await document(up.owner)];
    expect(operations(nobody.paths, 'posts')).toEqual(reading);
    expect(operations(somebody.paths, 'posts')).toEqual(
      [...reading, 'patch /records/posts/{id}', 'post /records/posts', 'post /records/posts/update'].sort(),
    );
    expect([operations(nobody.paths, 'quiet'), operations(somebody.paths, 'quiet')]).toEqual([[], []]);
    expect(operations(owner.paths, 'quiet').length).toBe(10);
    expect(JSON.stringify([nobody, somebody])).not.toMatch(/hidden|quiet/);
  });

  test('says what a record looks like, and what may be sent', async () => {
    const { components } = await document(ann.token);
    const { properties, required } = components.schemas.posts;
    expect(properties).toMatchObject({
      id: { type: 'string', format: 'uuid' },
      title: { type: 'string', maxLength: 20 },
      status: { type: ['string', 'null'], enum: ['draft', 'published', null] },
      price: { type: ['string', 'null'] },
      mine: { type: ['integer', 'null'], minimum: 1 },
      also: { type: ['array', 'null'], items: { format: 'uuid' } },
      created: { type: 'string', format: 'date-time' },
    });
    expect(required).toEqual(Object.keys(properties));
    expect(Object.keys(components.schemas['posts.create'].properties)).toEqual([
      'title',
      'status',
      'price',
      'place',
      'mine',
      'author',
      'also',
    ]);
    expect([components.schemas['posts.create'].required, components.schemas['posts.update'].required]).toEqual([['title'], undefined]);
  });

  test('refers to nothing that is not in it', async () => {
    for (const token of [undefined, ann.token, up.owner]) {
      const whole = await document(token);
      const found = [...JSON.stringify(whole).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
      expect(found.length).toBeGreaterThan(10);
      const missing = found.filter((path) => path.split('/').reduce((at, step) => at?.[step], whole) === undefined);
      expect(missing).toEqual([]);
    }
    expect((await up.send('GET /openapi.json?for=me')).status).toBe(400);
  });
});
