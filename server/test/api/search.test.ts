/** Search: what is found and what is not, in which order, by whom, with what marked, and what of the schema serves it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemCtx, type Ctx } from '../../src/ctx.ts';
import { parseList } from '../../src/records/parse/list.ts';
import { planList } from '../../src/records/reading/plan.ts';
import { callerOf } from '../../src/records/policy.ts';
import { collectionNamed, schemaOf } from '../../src/schema/load.ts';
import { query, startTestApp, type Answer, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };

const fields = [
  { name: 'title', type: 'text', searchable: 'A' },
  { name: 'body', type: 'richtext', searchable: 'B' },
  { name: 'note', type: 'text', searchable: true, rules: { read: "auth.name == 'ann'" } },
  { name: 'site', type: 'url', searchable: 'C' },
  { name: 'hidden', type: 'bool', default: false },
  { name: 'owner', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
];
const posts = [
  { title: 'Night train to Lisbon', body: '<p>A <b>teacher</b> leaves &amp; finds a book.</p>' },
  {
    title: 'The book of trains',
    body: '<p>Timetables &lt;1950&gt; and maps, by night or day</p>',
    site: 'https://rails.example.com/atlas',
  },
  { title: 'Cooking', body: '<p>Bread, soup, <a href="https://secretlink.example.com">more</a></p>', note: 'zanzibar spices' },
  { title: 'GRÜSSE aus „Köln“ – im Winter', body: '<p>Schnee</p>' },
  { title: 'O’Neill & Sons: "quoted" it\'s <script>alert(1)</script> fish', body: '<p>x</p>' },
  { title: 'Hidden night train', body: '<p>nobody sees it but its owner</p>', hidden: true },
];

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const rules = { list: 'hidden == false || owner == auth.id', view: 'true', create: 'auth != null', update: 'true' };
  expect((await up.send('POST /collections', { token: up.owner, body: { name: 'posts', fields, rules } })).status).toBe(201);
  expect((await up.send('POST /collections', { token: up.owner, body: { name: 'plain', rules: { list: 'true' } } })).status).toBe(201);
  for (const body of posts) expect((await up.send('POST /records/posts', { token: ann.token, body })).status).toBe(201);
});
afterAll(() => up.close());

const find = (parameters: Record<string, string>, token: string | undefined = bob.token, collection = 'posts'): Promise<Answer> =>
  up.send(`GET /records/${collection}${query(parameters)}`, token === undefined ? {} : { token });
const titles = ({ body }: Answer): string[] => body.data.map(({ title }: { title: string }) => title.slice(0, 8));

describe('what is found', () => {
  test.each<[string, string, string[]]>([
    ['a word of the title before one of the body', 'night', ['Night tr', 'The book']],
    ['in upper or lower case', 'NIGHT', ['Night tr', 'The book']],
    ['all words, wherever they stand', 'lisbon teacher', ['Night tr']],
    ['either word', 'lisbon or soup', ['Night tr', 'Cooking']],
    ['words in their order', '"night train"', ['Night tr']],
    ['not words in another order', '"train night"', []],
    ['without a word', 'night -lisbon', ['The book']],
    ['not by likeness where a word is left out', '-train nigth', []],
    ['beyond ASCII, in any case', 'grüsse', ['GRÜSSE a']],
    ['between typographic quotes, and not by likeness', 'köln -zebra', ['GRÜSSE a']],
    ['a word beside markup', 'teacher', ['Night tr']],
    ['a number between entities', '1950', ['The book']],
    ['words in printed quotes', '“night train”', ['Night tr']],
    ['with a printed apostrophe, and not by likeness', "o'neill -zebra", ['O’Neill ']],
    ['a host', 'rails.example.com', ['The book']],
    ['not what stands in a tag', 'secretlink', []],
    ['not of a hidden record', 'hidden', []],
    ['not in a field that he may not read', 'zanzibar', []],
    ['nothing for nothing', '', []],
    ['nothing for a sign', '&', []],
    ['nothing for a lone quote', '"', []],
    ['nothing for operators of Postgres', ':* | !', []],
    ['with an apostrophe', "it's", ['O’Neill ']],
    ['with signs among the words', "fish & 'sons':*", ['O’Neill ']],
    ['with an open quote', '"fish', ['O’Neill ']],
    ['a quote and a semicolon', "night'; DROP TABLE posts; --", []],
    ['a backslash', 'night\\', ['Night tr', 'The book']],
  ])('%s: %s', async (_name, search, wanted) => {
    const answer = await find({ search });
    expect([answer.status, titles(answer)]).toEqual([200, wanted]);
  });

  test('in a field with a rule by those who may read it, and the hidden record by its owner', async () => {
    expect(titles(await find({ search: 'zanzibar' }, ann.token))).toEqual(['Cooking']);
    expect(titles(await find({ search: 'zanzibar' }, up.owner))).toEqual(['Cooking']);
    expect(titles(await find({ search: 'zanzibar' }, undefined))).toEqual([]);
    expect(titles(await find({ search: 'hidden' }, ann.token))).toEqual(['Hidden n']);
    // Asked again and again in turn, so that plans are kept and found again.
    for (let round = 0; round < 3; round++)
      for (const [token, wanted] of [
        [ann.token, 1],
        [bob.token, 0],
        [up.owner, 1],
      ] as const)
        expect((await find({ search: 'zanzibar', highlight: '1' }, token)).body.data).toHaveLength(wanted);
  });

  test('with a rank, in a body too, and beside filter, fields, sort, count, expand and rights', async () => {
    const { body } = await find({
      search: 'night',
      fields: 'title',
      filter: "title != 'x'",
      count: 'exact',
      can: 'update',
      expand: 'owner',
    });
    expect(body.page.total).toBe(2);
    expect(body.data.map((record: object) => Object.keys(record).sort())).toEqual(
      Array.from({ length: 2 }, () => ['_can', '_rank', 'expand', 'id', 'title']),
    );
    expect(body.data[0]._rank).toBeGreaterThan(body.data[1]._rank);
    const sorted = await up.send('POST /records/posts/query', {
      token: bob.token,
      body: { search: 'night', sort: ['title'], where: { hidden: false }, highlight: true, limit: 1, page: 2 },
    });
    expect([titles(sorted), sorted.body.data[0]._rank > 0]).toEqual([['The book'], true]);
    expect(titles(await find({ search: 'night', sort: '_rank' }))).toEqual(['The book', 'Night tr']);
    expect((await find({ search: 'night', count: 'estimated' }, up.owner)).body.page).toMatchObject({ total: 3, totalIsExact: true });
    expect((await find({})).body.data[0]).not.toHaveProperty('_rank');
  });
});

describe('a highlight', () => {
  const highlight = async (search: string, token = bob.token) => (await find({ search, highlight: '1' }, token)).body.data[0]._highlight;
  test('stands in the fields that have the words', async () => {
    expect(await highlight('lisbon book')).toEqual({
      title: 'Night train to <mark>Lisbon</mark>',
      body: 'A  teacher  leaves &amp; finds a <mark>book</mark>.',
    });
  });
  test('is text, escaped, with marks alone', async () => {
    const { title } = await highlight('fish');
    expect(title).toContain('&amp; Sons: &quot;quoted&quot;');
    expect(title).toContain('<mark>fish</mark>');
    expect(title.replaceAll(/<\/?mark>/g, '')).not.toMatch(/[<>]/);
    expect((await highlight('1950')).body).toContain('&lt;<mark>1950</mark>&gt;');
    const odd = 'Say "\uE000unicorn\uE001" <img src=x onerror=alert(1) < b';
    await up.send('POST /records/posts', { token: ann.token, body: { title: odd } });
    expect((await highlight('unicorn')).title).toBe('Say &quot;<mark>unicorn</mark>&quot; &lt;img src=x onerror=alert(1) &lt; b');
  });
  test('is never of a field that the caller may not read', async () => {
    expect(await highlight('cooking or zanzibar', ann.token)).toEqual({
      title: '<mark>Cooking</mark>',
      note: '<mark>zanzibar</mark> spices',
    });
    expect(await highlight('cooking or zanzibar')).toEqual({ title: '<mark>Cooking</mark>' });
  });
});

describe('a typo', () => {
  test.each([
    ['nigth train', 'Night tr'],
    ['lissbon', 'Night tr'],
    ['timetbles', 'The book'],
    ['cookin', 'Cooking'],
  ])('%s finds %s', async (search, wanted) => {
    const answer = await find({ search, highlight: '1', count: 'exact' });
    expect(titles(answer)[0]).toBe(wanted);
    expect(answer.body.data[0]._rank).toBeGreaterThan(0);
    expect(answer.body.data[0]._highlight).toEqual({});
    expect(answer.body.page.total).toBe(answer.body.data.length);
    expect(titles(answer)).not.toContain('Hidden n');
  });
  test('is not forgiven in what may not be read, nor beside what is found', async () => {
    expect(titles(await find({ search: 'zanzibr' }))).toEqual([]);
    expect(titles(await find({ search: 'zanzibr' }, ann.token))).toEqual(['Cooking']);
    expect(titles(await find({ search: 'lissbon or soup' }))).toEqual(['Cooking']);
    expect(titles(await find({ search: 'soup', page: '2', limit: '1' }))).toEqual([]);
  });
  test('is not forgiven without the extension', async () => {
    await up.sql('ALTER EXTENSION pg_trgm SET SCHEMA public');
    await up.sql('DROP EXTENSION pg_trgm');
    await up.send('PATCH /collections/plain', { token: up.owner, body: { rules: { view: 'true' } } });
    expect(titles(await find({ search: 'lissbon' }))).toEqual([]);
    await up.sql('CREATE EXTENSION pg_trgm');
    expect(titles(await find({ search: 'lissbon' }))).toEqual(['Night tr']);
  });
});

describe('what is refused', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['without a searchable field', { search: 'x' }, 'plain', '/search'],
    ['a highlight without a search', { highlight: '1' }, 'posts', '/highlight'],
    ['an odd highlight', { search: 'x', highlight: 'yes' }, 'posts', '/highlight'],
    ['a text that is too long', { search: 'x'.repeat(1_001) }, 'posts', '/search'],
    ['NUL', { search: 'a\0b' }, 'posts', '/search'],
    ['a rank without a search', { sort: '-_rank' }, 'posts', '/sort'],
    ['a rank with an order of nulls', { search: 'x', sort: '-_rank:last' }, 'posts', '/sort'],
  ])('%s', async (_name, parameters, collection, pointer) => {
    const { status, body } = await find(parameters, bob.token, collection);
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, pointer]);
  });
  test('a search that is no text', async () => {
    const { status, body } = await up.send('POST /records/posts/query', { token: bob.token, body: { search: ['x'] } });
    expect([status, body.errors[0].pointer]).toEqual([400, '/search']);
  });
  test('a cursor of another search', async () => {
    const { body } = await find({ search: 'night', limit: '1' });
    expect((await find({ search: 'nights', limit: '1', cursor: body.page.next })).status).toBe(400);
    expect((await find({ search: 'night', limit: '1', cursor: `~${body.page.next}` })).status).toBe(400);
    expect((await find({ search: 'night', limit: '1', cursor: body.page.next })).status).toBe(200);
  });
  test.each<[string, object]>([
    ['a rule that asks for the record', { rules: { read: 'owner == auth.id' } }],
    ['a rule that asks for other records', { rules: { read: 'collections.plain.exists(p, p.id == auth.id)' } }],
    ['a secret', { secret: true }],
    ['no such weight', { searchable: 'E' }],
  ])('%s on a searchable field', async (_name, more) => {
    const body = { name: 'refused', fields: [fields[5], { name: 'title', type: 'text', searchable: 'A', ...more }] };
    const { status, body: answer } = await up.send('POST /collections', { token: up.owner, body });
    expect([status, answer.errors?.[0]?.pointer]).toEqual([400, '/fields/1/searchable']);
  });
  test('such a rule in a change of rules', async () => {
    const changed = fields.map((field) => (field.name === 'title' ? { ...field, rules: { read: 'hidden == false' } } : field));
    const { status, body } = await up.send('PATCH /collections/posts', { token: up.owner, body: { fields: changed } });
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/fields/0/searchable']);
  });
});

describe('over many records', () => {
  beforeAll(async () => {
    const body = {
      name: 'many',
      fields: [
        { name: 'text', type: 'text', searchable: 'A' },
        { name: 'more', type: 'text' },
      ],
      rules: { list: 'true' },
    };
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
    await up.sql(`INSERT INTO public.many (text, more)
      SELECT repeat('pear ', i % 7) || 'word' || i % 500 || CASE WHEN i % 30 = 0 THEN repeat(' apple', 1 + i % 5) ELSE '' END, 'more ' || i
      FROM generate_series(1, 3000) i`);
    await up.sql('ANALYZE public.many');
  });
  const walk = async (parameters: Record<string, string>, from: 'next' | 'prev' = 'next', start?: string): Promise<string[]> => {
    const ids: string[] = [];
    for (let cursor: string | null | undefined = start; cursor !== null;) {
      const { status, body } = await find({ ...parameters, ...(cursor === undefined ? {} : { cursor }) }, bob.token, 'many');
      expect(status).toBe(200);
      const page = body.data.map(({ id }: { id: string }) => id);
      if (from === 'next') ids.push(...page);
      else ids.unshift(...page);
      cursor = body.page[from];
    }
    return ids;
  };

  test.each([
    ['words', { search: 'apple' }],
    ['words by another order', { search: 'apple', sort: 'more,-_rank' }],
    ['likeness', { search: 'aplle' }],
  ])('pages by %s are together the whole list, there and back', async (_name, parameters) => {
    const whole = (await find({ ...parameters, limit: '500' }, bob.token, 'many')).body.data.map(({ id }: { id: string }) => id);
    expect(whole).toHaveLength(100);
    expect(await walk({ ...parameters, limit: '17' })).toEqual(whole);
    const pages = await Promise.all([1, 2, 3, 4].map((page) => find({ ...parameters, limit: '30', page: `${page}` }, bob.token, 'many')));
    expect(pages.flatMap(({ body }) => body.data.map(({ id }: { id: string }) => id))).toEqual(whole);
    const last = pages[3]?.body.page.prev;
    expect(await walk({ ...parameters, limit: '13' }, 'prev', last)).toEqual(whole.slice(0, 90));
  });

  const explained = async (search: string): Promise<string> => {
    const ctx: Ctx = systemCtx(up.app.base);
    const schema = await schemaOf(ctx);
    const collection = collectionNamed(schema, 'many');
    const caller = callerOf({ ...ctx, actor: { kind: 'anonymous', address: '127.0.0.1' } }, schema);
    const asked = parseList(caller, collection, { read: () => ({ search, text: true }) });
    const { text, values = [] } = planList(caller, collection, asked).rows;
    const rows = await up.sql(`EXPLAIN ${text}`, values);
    return rows.map((row) => String(row['QUERY PLAN'])).join('\n');
  };
  const change = async (change: (field: Record<string, unknown>) => object[]): Promise<void> => {
    const { body } = await up.send('GET /collections/many', { token: up.owner });
    const answer = await up.send('PATCH /collections/many', {
      token: up.owner,
      body: { name: body.name, fields: body.fields.flatMap(change) },
    });
    expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.any(String)]);
  };
  const indexes = async (): Promise<string[]> =>
    (await up.sql(`SELECT indexdef FROM pg_indexes WHERE tablename = 'many' AND indexname LIKE 'search_%'`)).map((row) =>
      String(row['indexdef']),
    );

  test('the index serves it, follows a rename, is built anew for other weights, and goes with the last field', async () => {
    expect(await explained('apple')).toMatch(/Bitmap Index Scan on search_/);
    const [before] = await indexes();
    await change((field) => [field['name'] === 'text' ? { ...field, name: 'words' } : field]);
    expect(await indexes()).toEqual([before?.replace(/COALESCE\(text,/, 'COALESCE(words,')]);
    expect(await explained('apple')).toMatch(/Bitmap Index Scan on search_/);
    await change((field) => [field['name'] === 'words' ? { ...field, searchable: 'C' } : { ...field, searchable: 'B' }]);
    expect(await explained('apple')).toMatch(/Bitmap Index Scan on search_/);
    expect((await find({ search: 'apple "more 120"' }, bob.token, 'many')).body.data).toHaveLength(1);
    // Another order of the fields is the same index.
    const [both] = await indexes();
    const { body } = await up.send('GET /collections/many', { token: up.owner });
    await up.send('PATCH /collections/many', { token: up.owner, body: { fields: [...body.fields].reverse() } });
    expect(await indexes()).toEqual([both]);
    expect(await explained('apple')).toMatch(/Bitmap Index Scan on search_/);
    await change(({ searchable: _searchable, ...field }) => [field]);
    expect(await indexes()).toEqual([]);
    expect((await find({ search: 'apple' }, bob.token, 'many')).status).toBe(400);
  });

  test('a text of many words that is as long as may be is stored, and found by its beginning', async () => {
    await change((field) => [field['name'] === 'words' ? { ...field, searchable: 'A' } : { ...field, searchable: 'B' }]);
    const text = Array.from({ length: 40_000 }, (_one, index) => `語${index.toString(36)}`).join(' ');
    const made = await up.send('POST /records/many', { token: up.owner, body: { words: `beginning ${text}`, more: text } });
    expect(made.status).toBe(201);
    expect((await find({ search: 'beginning' }, bob.token, 'many')).body.data).toHaveLength(1);
  });
});
