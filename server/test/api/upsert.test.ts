/** Upsert by a unique index or the id, and changes of numbers in place. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'pages',
      fields: [
        { name: 'slug', type: 'text', required: true },
        { name: 'lang', type: 'text', default: 'en' },
        { name: 'title', type: 'text' },
        { name: 'views', type: 'number', integer: true, default: 0, min: 0, max: 100 },
        { name: 'score', type: 'number' },
        { name: 'price', type: 'decimal', default: '0' },
        { name: 'owner', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
      ],
      indexes: [{ fields: ['slug'], unique: true }, { fields: ['lang', 'title'], unique: true }, { fields: ['views'] }],
      rules: { list: 'owner == auth.id', create: 'owner == auth.id', update: 'owner == auth.id' },
    },
  });
});
afterAll(() => up.close());

const upsert = (onConflict: string, body: unknown, token = ann.token, headers = {}) =>
  up.send(`POST /records/pages?onConflict=${onConflict}`, { token, body, headers });

describe('upsert', () => {
  test('creates, then changes what is sent and nothing else', async () => {
    const first = await upsert('slug', { slug: 'home', title: 'Home', views: 3 });
    expect([first.status, first.headers.get('location')]).toEqual([201, `/api/v1/records/pages/${first.body.id}`]);
    const second = await upsert('slug', { slug: 'home', title: 'New home' });
    expect([second.status, second.body]).toEqual([200, { ...first.body, title: 'New home', version: 2, updated: second.body.updated }]);
    const third = await upsert('lang,title', { slug: 'home', lang: 'en', title: 'New home', views: 4 });
    expect([third.status, third.body.id, third.body.views]).toEqual([200, first.body.id, 4]);
  });

  test('by the id', async () => {
    const id = '01a20080-1111-7000-8000-000000000001';
    expect((await upsert('id', { id, slug: 'by-id' })).status).toBe(201);
    expect((await upsert('id', { id, slug: 'by-id', title: 'again' })).body).toMatchObject({ id, title: 'again', version: 2 });
  });

  test('what is in the way and not seen is 409', async () => {
    await upsert('slug', { slug: 'anns' });
    const taken = await upsert('slug', { slug: 'anns', title: 'mine now' }, bob.token);
    expect([taken.status, taken.body.code, taken.body.errors[0].pointer]).toEqual([409, 'unique_violation', '/slug']);
    expect(await up.sql('SELECT title FROM pages WHERE slug = $1', ['anns'])).toEqual([{ title: null }]);
  });

  test('who may not create learns nothing of what he may not see', async () => {
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'slots',
        fields: [
          { name: 'k', type: 'text' },
          { name: 'owner', type: 'relation', to: 'users' },
        ],
        indexes: [{ fields: ['k'], unique: true }],
        rules: { list: 'owner == auth.id', create: null, update: 'owner == auth.id' },
      },
    });
    await up.send('POST /records/slots', { token: up.owner, body: { k: 'taken', owner: ann.id } });
    const ask = async (k: string) => {
      const { status, body } = await up.send('POST /records/slots?onConflict=k', { token: bob.token, body: { k } });
      return [status, body.code];
    };
    expect(await ask('taken')).toEqual(await ask('free'));
    expect(await ask('taken')).toEqual([403, 'forbidden']);
  });

  test('thirty at once make one record', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => upsert('slug', { slug: 'race', views: n })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(29);
    expect(await up.sql('SELECT version FROM pages WHERE slug = $1', ['race'])).toEqual([{ version: '30' }]);
  });

  test('with a key is done once', async () => {
    const headers = { 'idempotency-key': 'upsert-with-a-key-1' };
    const [first, second] = [
      await upsert('slug', { slug: 'key' }, ann.token, headers),
      await upsert('slug', { slug: 'key' }, ann.token, headers),
    ];
    expect([first.status, second.status, second.body.version]).toEqual([201, 201, 1]);
  });

  test.each([['title'], ['views'], ['nope'], ['slug,lang'], ['']])('by %j, which is not unique, is refused', async (onConflict) => {
    const { status, body } = await upsert(onConflict, { slug: 'x', title: 'x', views: 1, lang: 'x' });
    expect([status, body.errors[0].pointer]).toEqual([400, '/onConflict']);
  });

  test('without the field that decides is refused', async () => {
    expect((await upsert('slug', { title: 'x' })).body.errors[0].pointer).toBe('/slug');
    expect((await up.send('POST /records/pages?onConflic=slug', { token: ann.token, body: {} })).status).toBe(400);
  });
});

describe('$inc', () => {
  test('of fifty at once all count', async () => {
    const { body } = await upsert('slug', { slug: 'count' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        up.send(`PATCH /records/pages/${body.id}`, {
          token: ann.token,
          body: { views: { $inc: 1 }, price: { $inc: '0.10' }, score: { $inc: 0.5 } },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect((await up.send(`GET /records/pages/${body.id}`, { token: ann.token })).body).toMatchObject({
      views: 50,
      price: '5.00',
      score: 25,
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['beyond the bounds', { views: { $inc: 1000 } }, '/views'],
    ['below them', { views: { $inc: -1000 } }, '/views'],
    ['of a text', { title: { $inc: 1 } }, '/title/$inc'],
    ['by a text', { views: { $inc: 'x' } }, '/views'],
    ['by a fraction', { views: { $inc: 0.5 } }, '/views'],
    ['of an unknown kind', { views: { $mul: 2 } }, '/views/$mul'],
  ])('%s is refused, and nothing changes', async (_name, body, pointer) => {
    const { body: before } = await upsert('slug', { slug: 'bounds' });
    const { status, body: refused } = await up.send(`PATCH /records/pages/${before.id}`, { token: ann.token, body });
    expect([status, refused.errors[0].pointer]).toEqual([422, pointer]);
    expect((await up.send(`GET /records/pages/${before.id}`, { token: ann.token })).body.views).toBe(before.views);
  });

  test('is for changes only', async () => {
    expect((await up.send('POST /records/pages', { token: ann.token, body: { slug: 'inc', views: { $inc: 1 } } })).status).toBe(422);
  });
});
