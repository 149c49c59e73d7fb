/** Related records beside a record: one, lists, back-relations, their options and bounds, and what each record may be used for. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };
const id: Record<string, string> = {};

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const make = async (body: unknown): Promise<void> =>
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  await up.send('PATCH /collections/users', { token: up.owner, body: { rules: { list: 'auth != null', view: 'auth != null' } } });
  await make({
    name: 'tags',
    fields: [
      { name: 'name', type: 'text' },
      { name: 'open', type: 'bool', default: true },
    ],
    rules: { list: 'open == true', view: 'true' },
  });
  await make({
    name: 'posts',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' }, inverse: 'posts' },
      { name: 'tags', type: 'relation', to: 'tags', many: true, inverse: 'tagged' },
      { name: 'quiet', type: 'relation', to: 'tags', many: true, rules: { read: 'author == auth.id' }, inverse: 'quietly' },
    ],
    rules: { list: 'auth != null', create: 'true', update: 'author == auth.id && !changed.author', delete: null },
  });
  await make({
    name: 'comments',
    fields: [
      { name: 'text', type: 'text' },
      { name: 'post', type: 'relation', to: 'posts', required: true, inverse: 'comments', onDelete: 'cascade' },
      { name: 'by', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
      { name: 'hidden', type: 'bool', default: false },
    ],
    rules: { list: 'hidden == false || by == auth.id', create: 'true' },
  });
  const create = async (name: string, collection: string, body: unknown, token = ann.token): Promise<void> => {
    const made = await up.send(`POST /records/${collection}`, { token, body });
    expect(made.status).toBe(201);
    id[name] = made.body.id;
  };
  for (const name of ['a', 'b', 'c']) await create(name, 'tags', { name }, up.owner);
  await create('shut', 'tags', { name: 'shut', open: false }, up.owner);
  await create('first', 'posts', { title: 'first', tags: [id['c'], id['shut'], id['a']], quiet: [id['b']] });
  await create('second', 'posts', { title: 'second', tags: [id['b']] }, bob.token);
  await create('third', 'posts', { title: 'third' });
  for (const text of ['one', 'two', 'three', 'four']) await create(text, 'comments', { text, post: id['first'] }, bob.token);
  await create('secret', 'comments', { text: 'secret', post: id['first'], hidden: true }, bob.token);
  await create('other', 'comments', { text: 'other', post: id['second'] });
});
afterAll(() => up.close());

const list = (parameters: Record<string, string>, token = ann.token) => up.send(`GET /records/posts${query(parameters)}`, { token });
const texts = (records: { text: string }[]): string[] => records.map(({ text }) => text);

describe('a list that is expanded', () => {
  test('stands in its order, under the target’s list rule, and the ids stay', async () => {
    const { body } = await list({ expand: 'tags', 'expand.tags.fields': 'name', sort: 'created' });
    expect(body.data.map((post: { expand: { tags: unknown } }) => post.expand.tags)).toEqual([
      [
        { id: id['c'], name: 'c' },
        { id: id['a'], name: 'a' },
      ],
      [{ id: id['b'], name: 'b' }],
      [],
    ]);
    expect(body.data[0].tags).toEqual([id['c'], id['shut'], id['a']]);
  });

  test('goes along a back-relation, sorted, filtered, cut, and says so', async () => {
    const options = {
      expand: 'comments,comments.by',
      'expand.comments.limit': '2',
      'expand.comments.sort': '-text',
      'expand.comments.fields': 'text',
    };
    const { body } = await list({ ...options, 'expand.comments.by.fields': 'name', filter: 'title == $t', 'p.t': 'first' });
    const [post] = body.data;
    expect(texts(post.expand.comments)).toEqual(['two', 'three']);
    expect(post._more).toEqual(['comments']);
    expect(post.expand.comments[0].expand.by).toEqual({ id: bob.id, name: expect.anything() });
    const filtered = await list({ expand: 'comments', 'expand.comments.filter': 'text.startsWith($x)', 'p.x': 't', sort: 'created' });
    expect(filtered.body.data.map((one: { expand: { comments: { text: string }[] } }) => texts(one.expand.comments).sort())).toEqual([
      ['three', 'two'],
      [],
      [],
    ]);
    expect(filtered.body.data[0]._more).toBeUndefined();
  });

  test('gives what its own rule gives to each caller', async () => {
    const comments = async (token: string): Promise<string[]> => {
      const { body } = await up.send(`GET /records/posts/${id['first']}${query({ expand: 'comments' })}`, { token });
      return texts(body.expand.comments).sort();
    };
    expect(await comments(ann.token)).toEqual(['four', 'one', 'three', 'two']);
    expect(await comments(bob.token)).toEqual(['four', 'one', 'secret', 'three', 'two']);
  });

  test('of a masked field is empty, there and back', async () => {
    const quiet = async (token: string): Promise<unknown[]> => {
      const one = await up.send(`GET /records/posts/${id['first']}${query({ expand: 'quiet' })}`, { token });
      const back = await up.send(`GET /records/tags/${id['b']}${query({ expand: 'quietly' })}`, { token });
      return [one.body.quiet, one.body.expand.quiet.length, back.body.expand.quietly.length];
    };
    expect(await quiet(ann.token)).toEqual([[id['b']], 1, 1]);
    expect(await quiet(bob.token)).toEqual([null, 0, 0]);
  });

  test('takes objects in a body, as deep as three', async () => {
    const body = {
      where: { title: 'first' },
      expand: {
        comments: { limit: 1, sort: ['text'], where: { text: { ne: 'four' } }, expand: { by: true, post: { expand: { tags: true } } } },
      },
    };
    const answer = await up.send('POST /records/posts/query', { token: ann.token, body });
    const [comment] = answer.body.data[0].expand.comments;
    expect([comment.text, comment.expand.by.id, comment.expand.post.expand.tags.length]).toEqual(['one', bob.id, 2]);
  });

  test('takes one statement for a relation, however many records there are', async () => {
    const statements = jest.spyOn(up.app.base.database.app, 'texts');
    const taken = async (limit: string): Promise<number> => {
      statements.mockClear();
      expect((await list({ expand: 'comments,comments.by,tags,author', limit })).status).toBe(200);
      return statements.mock.calls.length;
    };
    expect([await taken('1'), await taken('30')]).toEqual([3, 3]);
    statements.mockRestore();
  });
});

describe('what cannot be expanded', () => {
  const deep = Array.from({ length: 4 }, (_one, index) => ['comments', 'post', 'comments', 'post'].slice(0, index + 1).join('.')).join();
  test.each<[string, Record<string, string>, string, string]>([
    ['what is no relation', { expand: 'title' }, 'unknown_field', '/expand'],
    ['what is not there', { expand: 'nothing' }, 'unknown_field', '/expand'],
    ['in a circle', { expand: deep }, 'limit_exceeded', '/expand'],
    ['more than can come back', { expand: 'comments', 'expand.comments.limit': '500', limit: '500' }, 'limit_exceeded', '/expand'],
    ['a limit of one record', { expand: 'author', 'expand.author.limit': '3' }, 'invalid_request', '/expand/author/limit'],
    ['a field that is not there', { expand: 'comments', 'expand.comments.fields': 'nothing' }, 'unknown_field', '/expand'],
    [
      'a filter that means nothing',
      { expand: 'comments', 'expand.comments.filter': 'text ==' },
      'invalid_filter',
      '/expand/comments/filter',
    ],
    ['a sort that means nothing', { expand: 'comments', 'expand.comments.sort': 'nothing' }, 'unknown_field', '/expand/comments/sort'],
    ['options of what is not expanded', { 'expand.comments.limit': '3' }, 'invalid_request', '/expand.comments'],
  ])('%s', async (_name, parameters, code, pointer) => {
    const { status, body } = await list(parameters);
    expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([400, code, pointer]);
  });
});

describe('can', () => {
  test('says of each record what the caller may do to it as it stands', async () => {
    const can = async (token: string): Promise<unknown[]> =>
      (await list({ can: 'update,delete', sort: 'created' }, token)).body.data.map(({ _can }: { _can: unknown }) => _can);
    const yes = { update: true, delete: false };
    const no = { update: false, delete: false };
    expect(await can(ann.token)).toEqual([yes, no, yes]);
    expect(await can(bob.token)).toEqual([no, yes, no]);
    expect(await can(up.owner)).toEqual(Array(3).fill({ update: true, delete: true }));
    expect((await list({ can: 'fly' })).status).toBe(400);
  });
});

describe('pages far into a list', () => {
  test('are the same as plain ones', async () => {
    const all = await list({ sort: 'title', expand: 'tags,author' });
    const pages = await Promise.all(
      [1, 2, 3].map((page) => list({ sort: 'title', limit: '1', page: String(page), expand: 'tags,author' })),
    );
    expect(pages.map(({ body }) => body.data[0])).toEqual(all.body.data);
  });
});
