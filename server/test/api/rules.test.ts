/** Explaining and testing rules over HTTP: for admins alone, true to what requests get, and without a trace in the data. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { explainRules, testRules } from '../../src/cli/rules.ts';
import { startTestApp, type Answer, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };
const posts: Record<string, string> = {};

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const definition = {
    name: 'posts',
    kind: 'base',
    fields: [
      { name: 'title', type: 'text', required: true },
      { name: 'status', type: 'select', values: ['draft', 'published'] },
      { name: 'views', type: 'number', integer: true },
      { name: 'price', type: 'decimal' },
      { name: 'meta', type: 'json' },
      { name: 'place', type: 'geo' },
      { name: 'note', type: 'text', rules: { read: 'author == auth.id', write: 'author == auth.id' } },
      { name: 'author', type: 'relation', to: 'users', inverse: 'posts' },
      { name: 'readers', type: 'relation', to: 'users', many: true },
    ],
    rules: {
      list: 'status == "published" || author == auth.id || auth.id in readers',
      create: 'auth != null && author == auth.id',
      update: 'author == auth.id && !changed.place && next.views >= views',
      delete: 'author == auth.id && author.posts.all(p, p.status != "published")',
    },
  };
  expect((await up.send('POST /collections', { token: up.owner, body: definition })).status).toBe(201);
  const put = async (title: string, more: object): Promise<void> => {
    const { status, body } = await up.send('POST /records/posts', { token: up.owner, body: { title, views: 1, ...more } });
    expect(status).toBe(201);
    posts[title] = body.id;
  };
  await put('public', { status: 'published', author: ann.id, place: { lat: 1, lon: 2 } });
  await put('draft', { status: 'draft', author: bob.id, price: '1.50', meta: { plan: { tier: 'pro' } } });
  await put('shared', { status: 'draft', author: bob.id, readers: [ann.id] });
  await put('nobody', {});
}, 30_000);
afterAll(() => up.close());

const explain = (body: object, token: string | undefined = up.owner): Promise<Answer> =>
  up.send('POST /ops/rules/explain', {
    ...(token === undefined ? {} : { token }),
    body: { collection: 'posts', action: 'list', as: null, ...body },
  });
const rehearse = (body: object, token: string | undefined = up.owner): Promise<Answer> =>
  up.send('POST /ops/rules/test', { ...(token === undefined ? {} : { token }), body });
const asAnn = () => ({ collection: 'users', id: ann.id });
const asBob = () => ({ collection: 'users', id: bob.id });

/** All that could have been written. */
const stored = (): Promise<unknown> =>
  up.sql(`SELECT (SELECT json_agg(p ORDER BY p.id) FROM public.posts p) AS posts, (SELECT count(*) FROM public.users) AS users`);

describe('who may ask', () => {
  test.each(['explain', 'test'])('%s is for admins', async (route) => {
    const body = { collection: 'posts', action: 'list', as: null };
    expect((await up.send(`POST /ops/rules/${route}`, { body })).status).toBe(401);
    expect((await up.send(`POST /ops/rules/${route}`, { body, token: ann.token })).status).toBe(403);
    expect((await up.send(`POST /ops/rules/${route}`, { body, token: up.owner })).status).toBe(200);
  });
  test.each([
    [{ collection: 'nothing' }, 404, undefined],
    [{ as: { collection: 'users', id: '00000000-0000-4000-8000-000000000000' } }, 404, undefined],
    [{ as: { collection: '_admins', id: '00000000-0000-4000-8000-000000000000' } }, 404, undefined],
    [{ as: { collection: 'posts', id: '00000000-0000-4000-8000-000000000000' } }, 404, undefined],
    [{ id: 'no-uuid' }, 404, undefined],
    [{ action: 'look' }, 400, '/action'],
    [{ rul: 'true' }, 400, '/rul'],
    [{ as: undefined }, 400, '/as'],
    [{ collection: '_admins' }, 400, '/collection'],
    [{ rule: 'titel == "x"' }, 400, '/rule'],
    [{ rule: '(' }, 400, '/rule'],
    [{ field: { name: 'nothing', of: 'read' } }, 400, '/field/name'],
  ])('%j is refused', async (body, status, pointer) => {
    const answer = await explain(body);
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([status, pointer]);
  });
});

describe('explain', () => {
  test.each([
    ['list', null, 'depends'],
    ['create', null, 'never'],
    ['update', null, 'never'],
    ['create', 'ann', 'depends'],
    ['delete', 'ann', 'depends'],
  ])('%s as %s: %s', async (action, who, verdict) => {
    const { status, body } = await explain({ action, as: who === null ? null : asAnn() });
    expect([status, body.verdict, body.sql === null]).toEqual([200, verdict, verdict !== 'depends']);
  });

  test('counts what is seen, and agrees with the list', async () => {
    const { body } = await explain({ as: asAnn() });
    const list = await up.send('GET /records/posts', { token: ann.token });
    expect(body.counts).toEqual({
      visible: list.body.data.length,
      total: 4,
      sampleHidden: [posts['draft'], posts['nobody']].sort(),
      capped: false,
    });
  });

  test.each(['public', 'draft', 'shared', 'nobody'])('says of each record what a request gets: %s', async (title) => {
    for (const [as, token] of [[asAnn(), ann.token] as const, [asBob(), bob.token] as const]) {
      const id = posts[title] ?? '';
      const { body } = await explain({ action: 'view', as, id });
      const answer = await up.send(`GET /records/posts/${id}`, { token });
      expect([body.allowed, body.trace.value]).toEqual([answer.status === 200, answer.status === 200]);
    }
  });

  test('traces clause by clause through lists', async () => {
    const { body } = await explain({ as: asAnn(), id: posts['shared'] });
    expect([body.allowed, body.trace.text, body.trace.op]).toEqual([
      true,
      'status == "published" || author == auth.id || auth.id in readers',
      'or',
    ]);
    expect(body.trace.children.map(({ value, decisive }: { value: boolean; decisive: boolean }) => [value, decisive])).toEqual([
      [false, false],
      [false, false],
      [true, true],
    ]);
    const removal = await explain({ action: 'delete', as: asBob(), id: posts['draft'] });
    const quantifier = removal.body.trace.children.find(({ op }: { op: string }) => op === 'quantifier');
    expect([removal.body.allowed, quantifier.items.total, quantifier.items.holding]).toEqual([true, 2, 2]);
  });

  test('a write is judged on the row that would be', async () => {
    const update = async (data: object) => (await explain({ action: 'update', as: asBob(), id: posts['draft'], data })).body;
    expect((await update({ views: 2 })).allowed).toBe(true);
    expect((await update({ views: { $inc: 3 } })).allowed).toBe(true);
    expect((await update({ views: 0 })).allowed).toBe(false);
    expect((await update({ place: { lat: 1, lon: 1 } })).allowed).toBe(false);
    const create = async (data: object) => (await explain({ action: 'create', as: asBob(), data })).body;
    expect((await create({ title: 'x', author: bob.id, meta: { a: 1 }, readers: [ann.id] })).allowed).toBe(true);
    expect((await create({ title: 'x', author: ann.id })).allowed).toBe(false);
    expect((await explain({ action: 'create', as: asBob(), data: { views: 1 } })).status).toBe(422);
  });

  test('a draft is judged as if it were saved, with what it changes of the data', async () => {
    const { body } = await explain({ as: asAnn(), rule: 'status != "draft"' });
    expect(body.impact).toEqual([
      { who: 'anonymous', before: 1, after: 2, appears: 1, disappears: 0, sample: [posts['nobody']], capped: false },
      { who: 'account', before: 2, after: 2, appears: 1, disappears: 1, sample: [posts['shared'], posts['nobody']].sort(), capped: false },
    ]);
    expect((await explain({ as: null, rule: null })).body).toMatchObject({
      rule: null,
      verdict: 'never',
      sql: null,
      counts: { visible: 0 },
    });
    expect((await explain({ as: null, rule: 'true' })).body).toMatchObject({ verdict: 'always', sql: null, counts: { visible: 4 } });
    expect((await up.send('GET /collections/posts', { token: up.owner })).body.rules.list).toContain('readers');
  });

  test('lints', async () => {
    const codes = async (body: object): Promise<readonly string[]> =>
      (await explain(body)).body.lints.map(({ code }: { code: string }) => code);
    expect(await codes({ rule: 'views > 5 && views < 3' })).toEqual(['never_true']);
    expect(await codes({ action: 'delete', rule: 'author != auth.id' })).toEqual(['anonymous_may_write']);
    expect(await codes({ action: 'update', rule: 'author == auth.id' })).toEqual(['ownership_can_change']);
    expect(await codes({ action: 'view', field: { name: 'note', of: 'read' }, rule: 'views > 5 && views < 3' })).toEqual(['never_true']);
  });

  test('lints of a field that nobody reads, where it has no write rule', async () => {
    const twice = { name: 'twice', type: 'computed', expr: 'score + score', rules: { read: null } };
    const fields = (write: object) => [{ name: 'score', type: 'number', rules: { read: null, ...write } }, twice];
    const body = { name: 'rounds', fields: fields({}), rules: { list: 'true', create: 'auth != null', update: null } };
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
    const codes = async (action: string): Promise<readonly string[]> =>
      (await explain({ collection: 'rounds', action })).body.lints.map(({ code }: { code: string }) => code);
    expect([await codes('create'), await codes('update'), await codes('list')]).toEqual([['written_unseen'], [], []]);
    const owned = { fields: fields({ write: null }) };
    const changed = await up.send('PATCH /collections/rounds', { token: up.owner, body: owned });
    expect([changed.status, await codes('create')]).toEqual([200, []]);
  });

  test('field rules', async () => {
    const note = (of: string, more: object = {}) =>
      explain({ action: 'view', field: { name: 'note', of }, as: asBob(), id: posts['draft'], ...more });
    expect((await note('read')).body).toMatchObject({ rule: 'author == auth.id', allowed: true });
    expect((await note('read', { id: posts['public'] })).body.allowed).toBe(false);
    expect((await note('write', { action: 'update', data: { note: 'x' } })).body.allowed).toBe(true);
    expect((await explain({ action: 'view', field: { name: 'title', of: 'read' } })).body).toMatchObject({
      rule: 'true',
      verdict: 'always',
    });
  });

  test('distance, and the SQL that is shown', async () => {
    const { body } = await explain({ rule: 'distance(place, geo(1, 2.01)) < 2000', id: posts['public'], action: 'view' });
    expect([body.allowed, body.counts.visible, body.sql.text.includes('asin')]).toEqual([true, 1, true]);
    const { value } = body.trace.children[0];
    expect(Math.abs(value - 1111.8)).toBeLessThan(0.5);
  });
});

describe('test', () => {
  test('does what a request does, and writes nothing', async () => {
    const before = await stored();
    const { status, body } = await rehearse({
      expectations: [
        { name: 'ann sees what is shared', collection: 'posts', action: 'list', as: asAnn(), id: posts['shared'], allowed: true },
        { collection: 'posts', action: 'list', as: null, id: posts['shared'], allowed: false },
        { collection: 'posts', action: 'view', as: asAnn(), id: posts['draft'], allowed: false },
        { collection: 'posts', action: 'create', as: asAnn(), data: { title: 'x', author: ann.id }, allowed: true },
        { collection: 'posts', action: 'create', as: asAnn(), data: { title: 'x', author: bob.id }, allowed: false },
        { collection: 'posts', action: 'create', as: null, data: { title: 'x' }, allowed: false },
        { collection: 'posts', action: 'update', as: asBob(), id: posts['draft'], data: { title: 'y' }, allowed: true },
        { collection: 'posts', action: 'update', as: asBob(), id: posts['draft'], data: { place: { lat: 5, lon: 5 } }, allowed: false },
        { collection: 'posts', action: 'delete', as: asBob(), id: posts['shared'], allowed: true },
        { collection: 'posts', action: 'delete', as: asAnn(), id: posts['public'], allowed: false },
        { collection: 'posts', action: 'view', as: null, record: { title: 'made', status: 'published' }, allowed: true },
        { collection: 'posts', action: 'delete', as: asAnn(), record: { title: 'made', author: bob.id }, allowed: false },
        { collection: 'nothing', action: 'list', as: null, allowed: false },
      ],
    });
    expect(status).toBe(200);
    expect(body.results.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(body.results.map((result: { status: number }) => result.status)).toEqual([
      200, 404, 404, 201, 403, 401, 200, 403, 204, 403, 200, 404, 404,
    ]);
    expect(body.results[0].name).toBe('ann sees what is shared');
    expect(body.results[3].record).toMatchObject({ title: 'x', author: ann.id });
    expect(await stored()).toEqual(before);
  });

  test('a wrong expectation is told, and a value that does not fit is no refusal by a rule', async () => {
    const { body } = await rehearse({
      expectations: [
        { collection: 'posts', action: 'list', as: null, allowed: false },
        { collection: 'posts', action: 'create', as: asAnn(), data: { author: ann.id }, allowed: false },
      ],
    });
    expect(body.results).toMatchObject([
      { ok: false, allowed: true, status: 200 },
      { ok: false, allowed: false, status: 422, code: 'validation_failed' },
    ]);
  });

  test('one operation by itself', async () => {
    const { body } = await rehearse({ collection: 'posts', action: 'update', as: asBob(), id: posts['draft'], data: { views: 0 } });
    expect(body.results).toMatchObject([{ ok: true, allowed: false, status: 403, code: 'rule_denied' }]);
  });

  test.each([
    [{ expectations: [] }, '/expectations'],
    [{ expectations: [{ collection: 'posts', action: 'list', as: null }] }, '/expectations/0/allowed'],
    [{ expectations: [{ collection: 'posts', action: 'list', as: null, allowed: true, x: 1 }] }, '/expectations/0/x'],
    [{ collection: 'posts', action: 'list' }, '/as'],
    [{ collection: 'posts', action: 'list', as: null, rule: 'true' }, '/rule'],
  ])('%j is refused', async (body, pointer) => {
    const answer = await rehearse(body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
  });
});

describe('the command line', () => {
  const asking = () => ({ url: up.url, token: up.owner });
  const file = (content: unknown): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'underpin-')), 'rules.test.json');
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const hidden = () => ({ name: 'drafts are hidden', collection: 'posts', action: 'view', as: null, id: posts['draft'] });

  test('tests a file of expectations, and fails where one is not met', async () => {
    const met = await testRules(file([{ ...hidden(), allowed: false }]), asking());
    expect(met).toEqual({ code: 0, text: 'ok     drafts are hidden (404 refused: not_found)\n1 of 1 as expected\n' });
    const failed = await testRules(file({ expectations: [{ ...hidden(), allowed: true }] }), asking());
    expect([failed.code, failed.text.split('\n')[1]]).toEqual([1, '0 of 1 as expected']);
    const asJson = await testRules(file([{ ...hidden(), allowed: false }]), { ...asking(), json: true });
    expect(JSON.parse(asJson.text).results[0]).toMatchObject({ ok: true, status: 404 });
  });

  test('explains a rule', async () => {
    const { text } = await explainRules('posts', 'view', { ...asking(), as: `users:${bob.id}`, id: posts['shared'] ?? '' });
    expect(text.split('\n').slice(0, 6)).toEqual([
      'status == "published" || author == auth.id || auth.id in readers',
      'verdict: depends, allowed',
      '  ✓ status == "published" || author == auth.id || auth.id in readers  ←',
      '    ✗ status == "published"',
      '      · status = "draft"',
      '    ✓ author == auth.id  ←',
    ]);
    await expect(explainRules('posts', 'view', { ...asking(), rule: '(' })).rejects.toThrow('400');
  });
});

test('whether a point was changed can be asked', async () => {
  const change = (place: unknown) => up.send(`PATCH /records/posts/${posts['draft']}`, { token: bob.token, body: { place } });
  expect((await change(null)).status).toBe(200);
  expect((await change({ lat: 3, lon: 4 })).body.code).toBe('rule_denied');
});
