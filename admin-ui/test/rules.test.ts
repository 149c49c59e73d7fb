/** Rules while they are written: what is wrong and where, what may come next, and what they say in plain words. */
import { describe, expect, test } from '@jest/globals';
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { messages } from '../src/app/messages.ts';
import { partsOfExample } from '../src/rules/change/examples.ts';
import { judge } from '../src/rules/change/judgement.ts';
import { complete, describe as describeAt } from '../src/rules/editor/complete.ts';
import { piecesOf } from '../src/rules/editor/reading.ts';
import { faultIn } from '../src/rules/faults.ts';
import { fromFile, toFile } from '../src/rules/tester/expectation-file.ts';
import { vocabularyOf } from '../src/rules/vocabulary.ts';
import { inWords } from '../src/rules/words.ts';

const own: readonly FieldDef[] = [
  { name: 'id', type: 'id' },
  { name: 'created', type: 'date' },
  { name: 'version', type: 'number' },
];
const made = (name: string, fields: readonly FieldDef[], more: Partial<CollectionInfo> = {}): CollectionInfo => ({
  ...{ id: `c-${name}`, name, kind: 'base', hash: 'h', systemFields: own, fields },
  ...more,
});
const posts = made('posts', [
  { name: 'title', type: 'text' },
  { name: 'status', type: 'select', values: ['draft', 'in review'] },
  { name: 'views', type: 'number', integer: true },
  { name: 'meta', type: 'json' },
  { name: 'author', type: 'relation', to: 'users', inverse: 'posts' },
  { name: 'tags', type: 'relation', to: 'tags', many: true },
]);
const collections = [
  posts,
  made('users', [{ name: 'team', type: 'relation', to: 'tags' }], {
    kind: 'auth',
    systemFields: [...own, { name: 'roles', type: 'roles' }],
  }),
  made('tags', [{ name: 'label', type: 'text' }]),
  made('_admins', [{ name: 'role', type: 'text' }], { kind: 'auth', system: true }),
];
const vocabulary = vocabularyOf(collections, posts);

describe('what is wrong', () => {
  test.each([
    ['titel == "x"', 0, 5, 'Did you mean "title"?'],
    ['status == "drafd"', 10, 17, undefined],
    ['author.team.labl == "x"', 12, 16, 'Did you mean "label"?'],
    ['title == ', 9, 9, undefined],
    ['next.title == "x"', 0, 4, undefined],
    ['auth.tem == null', 5, 8, 'Did you mean "team"?'],
    ['collections._admins.size() > 0', 12, 19, undefined],
  ])('%s', (text, start, end, hint) => {
    expect(faultIn(text, vocabulary, 'read')).toMatchObject({ start, end, ...(hint === undefined ? {} : { hint }) });
  });
  test.each([
    ['author == auth.id && "editor" in auth.roles', 'read'],
    ['tags.exists(t, t.label == title) || views > 3 && version == 1', 'read'],
    ['next.author == auth.id && !changed.status', 'update'],
    ['collections.users.exists(u, u.posts.size() > 3 && u.id == auth.id)', 'read'],
  ] as const)('nothing: %s', (text, scope) => {
    expect(faultIn(text, vocabulary, scope)).toBeNull();
  });
  test('a draft is judged with its own fields', () => {
    const draft = { ...posts, fields: [...posts.fields, { name: 'public', type: 'bool' }] };
    expect(faultIn('public', vocabularyOf(collections, draft), 'read')).toBeNull();
    expect(faultIn('public', vocabulary, 'read')).not.toBeNull();
  });
});

/** What is offered at the `|`, and where it would go. */
const offered = (text: string, scope: 'read' | 'update' = 'read') => {
  const found = complete(text.replace('|', ''), text.indexOf('|'), vocabulary, scope);
  return { from: found?.from, labels: (found?.choices ?? []).map(({ label }) => label), choices: found?.choices ?? [] };
};

describe('what may come next', () => {
  test('fields, words of the scope and functions where an expression begins', () => {
    const { labels, from } = offered('sta|');
    expect(from).toBe(0);
    expect(labels).toEqual(expect.arrayContaining(['status', 'author', 'created', 'auth', 'collections', 'has', 'null']));
    expect(labels).not.toContain('next');
    expect(offered('|', 'update').labels).toEqual(expect.arrayContaining(['next', 'changed']));
  });
  test.each([
    ['author.|', ['team', 'roles', 'posts']],
    ['author.team.la|', ['label']],
    ['auth.|', ['id', 'roles', 'team', 'verified']],
    ['auth.team.|', ['label']],
    ['title.|', ['startsWith', 'contains', 'lowerAscii']],
    ['title.lowerAscii().|', ['startsWith']],
    ['tags.|', ['exists', 'all', 'size']],
    ['collections.|', ['posts', 'users', 'tags']],
    ['collections.tags.exists(t, t.|', ['label']],
    ['tags.exists(t, t.label == "x" && |', ['t', 'title']],
    ['author.posts.exists(p, p.tags.exists(x, x.|', ['label']],
    ['request.|', ['ip', 'method']],
  ])('%s', (text, expected) => {
    expect(offered(text).labels).toEqual(expect.arrayContaining(expected));
  });
  test('the values of a choice come first, with quotes or within them', () => {
    expect(offered('status == |').choices[0]).toMatchObject({ label: '"draft"', first: true });
    expect(offered('status in ["draft", |').labels.slice(0, 2)).toEqual(['"draft"', '"in review"']);
    expect(offered('status not in [|').labels[0]).toBe('"draft"');
    expect(offered('record.status != "in|')).toMatchObject({ from: 18, labels: ['draft', 'in review'] });
  });
  test('an id is compared with the caller', () => {
    expect(offered('author == |').choices[0]).toMatchObject({ label: 'auth.id', first: true });
  });
  test.each(['meta.|', 'views.|', 'nothing.|', 'tags.exists(t, 1).|', '"done"|', 'title == "x|'])('nothing: %s', (text) => {
    expect(offered(text).labels).toEqual([]);
  });
  test.each([
    ['author.te|am', 'a record of tags'],
    ['sta|tus == 1', 'text: draft, in review'],
    ['tags.exists(t, t.lab|el == "x")', 'text'],
    ['ta|gs.size()', 'records of tags'],
    ['"sta|tus"', undefined],
  ])('pointed at: %s', (text, type) => {
    expect(describeAt(text.replace('|', ''), text.indexOf('|'), vocabulary)?.type).toBe(type);
  });
  test('a string ends where it ends', () => {
    expect(piecesOf(String.raw`a == "b\" c`).at(-1)).toMatchObject({ kind: 'string', open: true });
    expect(piecesOf(String.raw`a == "b\\"`).at(-1)).toMatchObject({ kind: 'string', open: false });
    expect(piecesOf(`"`).at(-1)?.open).toBe(true);
  });
});

/** The texts as polyglot puts them in. */
const say = (key: string, values: Readonly<Record<string, string>> = {}): string => {
  const [area = '', ...rest] = key.split('.');
  const texts: object = messages[area === 'say' ? 'say' : 'rule'];
  const text: unknown = Object.entries(texts).find(([name]) => name === rest.join('.'))?.[1];
  if (typeof text !== 'string') throw new Error(`no text for ${key}`);
  return text.replace(/%\{(\w+)\}/g, (_all, name: string) => values[name] ?? '');
};

test.each([
  ['status == "published" || author == auth.id', 'status is “published”, or author is the caller'],
  [
    'auth != null && auth.verified && !auth.guest',
    'the caller is signed in and the caller’s address is verified and the caller is no guest',
  ],
  ['(a == 1 || b) && c', '(a is 1, or b is true) and c is true'],
  ['"editor" in auth.roles && !changed.author', 'the caller has the role “editor” and author stays as it is'],
  ['next.owner == auth.id && changed.status', 'the new owner is the caller and status changes'],
  ['author.team == auth.team', 'author’s team is the caller’s team'],
  ['status in ["a", "b"]', 'status is one of “a”, “b”'],
  ['status not in ["a"]', 'status is none of “a”'],
  ['created > now - duration("24h")', 'created is more than now - 24h'],
  ['has(cover) && !has(note)', 'cover is not empty and note is empty'],
  ['members.exists(m, m.user == auth.id)', 'some m in members has: m’s user is the caller'],
  ['collections.rooms.all(r, r.open)', 'every r in rooms has: r’s open is true'],
  ['size(title) > 3 ? title.startsWith("A") : false', 'if the size of title is more than 3: title begins with “A”; else never'],
  ['!(a == 1)', 'not (a is 1)'],
  ['hidden == false', 'hidden is false'],
])('in plain words: %s', (text, words) => {
  expect(inWords(text, say)).toBe(words);
});
test('half a rule says nothing', () => {
  expect(inWords('status ==', say)).toBeNull();
});

test('a file of expectations comes back as it went, and anything else is refused', () => {
  const all = [
    { name: 'a', collection: 'posts', action: 'update', as: null, id: 'x', allowed: false },
    { name: 'b', collection: 'posts', action: 'create', as: { collection: 'users', id: 'u' }, data: { title: 'x' }, allowed: true },
  ] as const;
  expect(fromFile(toFile(all))).toEqual(all);
  const { name: _name, ...unnamed } = all[0];
  expect(fromFile(JSON.stringify([unnamed, unnamed]))?.map(({ name }) => name)).toEqual(['update posts', 'update posts (2)']);
  expect(
    ['', '[1]', '{"expectations":[{}]}', '{"expectations":[{"name":"a","collection":"b","action":"fly","as":null,"allowed":true}]}'].map(
      fromFile,
    ),
  ).toEqual([null, null, null, null]);
});

describe('what an edit changes', () => {
  const asked = { kind: 'diff', collections, edited: posts, rule: 'list' } as const;
  const changed = (before: string | null, after: string | null) => {
    const judged = judge({ ...asked, before, after });
    return judged.kind === 'diff' ? judged.diff : null;
  };
  test('who may now, with an example in the words of the language', () => {
    const found = changed('author == auth.id', 'status == "draft" || author == auth.id');
    expect(found?.allowed.map(({ who }) => who)).toEqual(['anonymous', 'account']);
    expect(found?.denied).toEqual([]);
    const [anonymous] = found?.allowed ?? [];
    expect(anonymous && partsOfExample(anonymous.example, vocabulary)).toMatchObject({ caller: null, next: null });
    expect(anonymous && partsOfExample(anonymous.example, vocabulary).record).toContain('status: "draft"');
  });
  test('nothing where a text means nothing, as half a rule', () => {
    expect(changed('true', 'status ==')).toBeNull();
    expect(changed('gone == 1', 'true')).toBeNull();
  });
  test('questions are plain data, as a worker takes them', () => {
    const question = { ...asked, before: null, after: 'true' };
    expect(judge(structuredClone(question))).toEqual(judge(question));
    const set = { rules: { delete: 'true' } };
    expect(judge(structuredClone({ ...asked, kind: 'lint', set }))).toMatchObject({
      lints: expect.arrayContaining([expect.objectContaining({ code: 'anonymous_may_write', rule: 'delete' })]),
    });
  });
});
