/** The generated types, put before the compiler: what must compile, and what must not. */
import { afterAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { generateTypes } from '../src/codegen/types.ts';
import { largeSchema, largeUses } from './large-schema.ts';
import { sampleSchema } from './sample-schema.ts';

const uses = `
import { createClient, filter } from '@underpin/sdk';
import type { FileValue } from '@underpin/sdk';
import type { Schema, PostsRow, PostsCreate, PostsUpdate, UsersRow } from './underpin.gen.ts';
const up = createClient<Schema>({ url: 'http://x' });
const posts = up.collection('posts');
type IsAny<T> = 0 extends 1 & T ? true : false;
type AnyKeys<T> = { [K in keyof T]-?: IsAny<T[K]> extends true ? K : never }[keyof T];
const never = <T extends never>(): T | undefined => undefined;
never<AnyKeys<PostsRow>>(); never<AnyKeys<PostsCreate>>(); never<AnyKeys<PostsUpdate>>(); never<AnyKeys<UsersRow>>();
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(): T | undefined => undefined;
declare const maybe: string | undefined;
declare const row: PostsRow;
declare const blob: Blob;

export async function good(): Promise<void> {
  const page = await posts.list({
    where: { status: 'published', views: { gt: 100 }, author: { team: { name: 'x' } }, reviewer: null, tags: { some: { name: 'x' } }, labels: { has: 'a' },
      or: [{ title: { contains: 'a' } }, { not: { pinned: true } }], meta: { a: { b: 1 } } },
    sort: ['-created', 'author.name'], limit: 20, count: 'exact',
  });
  page.data[0]?.title.length; page.page.total;
  same<Same<typeof page.data[0], PostsRow>>();
  const some = await posts.list({ fields: ['title'], expand: { author: { fields: ['name'], expand: { team: true } }, reviewer: true, tags: { limit: 3 } } });
  const first = some.data[0];
  if (first) {
    same<Same<keyof typeof first, 'id' | 'title' | 'expand' | '_more'>>();
    same<Same<keyof typeof first.expand, 'author' | 'reviewer' | 'tags'>>();
    first.expand.author?.name; first.expand.author?.expand.team?.name; first.expand.tags[0]?.name; first.expand.reviewer?.created;
    same<Same<typeof first.expand.author, null> extends true ? false : null extends typeof first.expand.author ? true : false>();
  }
  for await (const post of posts.list({ fields: ['views'] }).all()) post.views?.toFixed();
  const made = await posts.create({ title: 'x', author: 'u', status: 'draft', cover: 'file', tags: ['t'] });
  await posts.update(made.id, { views: { $inc: 1 }, tags: { $add: ['x'] }, body: null }, { ifVersion: made.version });
  await posts.upsert({ title: 'x', author: 'u' }, { onConflict: ['title'] });
  await posts.list({ filter: filter\`author.team == \${'t'} and created > \${new Date()}\` });
  await up.collection('users').get('u', { expand: { posts: { fields: ['title'] } } }).then((user) => user.expand.posts[0]?.title);
  const found = await posts.search('night', { highlight: true, can: ['update'], sort: ['-_rank', 'title'], fields: ['title'] });
  same<Same<keyof (typeof found.data)[0], 'id' | 'title' | '_highlight' | '_rank' | '_can'>>();
  found.data[0]?._highlight.title?.length; found.data[0]?._can.update; found.data[0]?._rank.toFixed();
  (await posts.get('x', { can: ['delete'] }))._can.delete;
  const inverse = await up.collection('users').list({ expand: { posts: { where: { status: 'draft' }, sort: ['-created'], limit: 3, fields: ['title'], expand: { tags: true } } } });
  inverse.data[0]?.expand.posts[0]?.expand.tags[0]?.name; inverse.data[0]?._more?.includes('posts');
  const sums = await posts.aggregate({
    group: ['status', 'author', { field: 'due', by: 'month', as: 'month' }, { field: 'created', by: 'year', tz: 'UTC' }],
    select: { n: { count: true }, s: { sum: 'views' }, p: { avg: 'price' }, d: { countDistinct: 'author' }, m: { max: 'due' }, l: { min: 'title' } },
    where: { pinned: true }, having: 'n > 1', sort: ['-n', 'month'], limit: 3,
  });
  same<Same<{ -readonly [K in keyof (typeof sums.data)[0]]: (typeof sums.data)[0][K] }, {
    status: 'draft' | 'published'; author: string; month: string | null; created: string;
    n: number; s: number | null; p: string | null; d: number; m: string | null; l: string | null;
  }>>();
  const total = await posts.aggregate({ select: { n: { count: true } } });
  same<Same<keyof (typeof total.data)[0], 'n'>>();
  const { post, all, id } = await up.batch((tx) => {
    const author = tx.collection('users').upsert({ name: 'x' }, { onConflict: ['email'] });
    const post = tx.collection('posts').create({ title: 'x', author: author.id, tags: ['t'] });
    tx.collection('posts').delete('p', { ifVersion: 3 });
    return { post, all: [tx.collection('tags').update('t', { name: 'x' })], id: post.id };
  });
  post.title.length; post.status === 'draft'; all[0]?.name; id.length;
  same<Same<typeof post, PostsRow>>();
  const none = await up.batch((tx) => { tx.collection('posts').delete('p'); });
  same<Same<typeof none, void>>();
  (await posts.updateWhere({ where: { status: 'draft' } }, { views: { $inc: 1 } })).count.toFixed();
  await posts.deleteWhere({ filter: 'true' });
  const stream = await posts.export({ format: 'csv', filter: filter\`views > \${3}\`, fields: ['title'], expand: { author: { fields: ['name'] } } });
  same<Same<typeof stream, ReadableStream<Uint8Array>>>();
  up.auth.user?.name; up.auth.collection('users').user?.name;
  const cover = await up.files.upload(blob, { collection: 'posts', field: 'cover', onProgress: ({ sent, total }) => sent / total });
  up.files.url(cover, { thumb: '400x300' }); (await up.files.link(cover.id, { expiresIn: 60 })).url.length;
  await posts.create({ title: 'x', author: 'u', cover: blob, shots: [blob, cover, cover.id] });
  await posts.update('x', { cover: cover.id }); await posts.update('x', { cover: null, shots: row.shots });
  await up.batch((tx) => tx.collection('posts').create({ title: 'x', author: 'u', cover: blob }));
  same<Same<PostsRow['cover'], FileValue | null>>(); same<Same<PostsRow['shots'], readonly FileValue[]>>();
  const { id: key } = await up.keys.create({ name: 'x', scopes: [{ on: 'records:posts', actions: ['list', 'view'] }], expires: null });
  (await up.keys.rotate(key, { overlap: 60 })).key.length; (await up.keys.list({ sort: ['-created'] })).data[0]?.scopes[0]?.on;
  same<Same<PostsRow['id'], string>>(); same<Same<UsersRow['roles'], readonly string[] | null>>();
  same<Same<PostsRow['note'], string | null>>(); same<Same<PostsRow['status'], 'draft' | 'published'>>(); same<Same<PostsRow['body'], string | null>>();
}
export async function bad(): Promise<void> {
`;
/** Each line alone must not compile. */
const refused = [
  ['a misspelt name in where', `await posts.list({ where: { titel: 'x' } });`],
  ['a misspelt name beside a right one', `await posts.list({ where: { status: 'draft', titel: 'x' } });`],
  ['a misspelt name behind a relation', `await posts.list({ where: { author: { nam: 'x' } } });`],
  ['a misspelt operator', `await posts.list({ where: { views: { gtt: 1 } } });`],
  ['text for a number', `await posts.list({ where: { views: '10' } });`],
  ['a value that is no option', `await posts.list({ where: { status: 'publised' } });`],
  ['null for a required field', `await posts.list({ where: { title: null } });`],
  ['an order of booleans', `await posts.list({ where: { pinned: { gt: true } } });`],
  ['contains on a number', `await posts.list({ where: { views: { contains: '1' } } });`],
  ['a many relation without some', `await posts.list({ where: { tags: { name: 'x' } } });`],
  ['a misspelt sort', `await posts.list({ sort: ['-createdd'] });`],
  ['a sort by a list', `await posts.list({ sort: ['labels'] });`],
  ['a misspelt field', `await posts.list({ fields: ['titel'] });`],
  ['a misspelt expand', `await posts.list({ expand: { autor: true } });`],
  ['a misspelt expand beside a right one', `await posts.list({ expand: { author: true, autor: true } });`],
  ['a misspelt field in expand', `await posts.list({ expand: { author: { fields: ['nme'] } } });`],
  ['a misspelt parameter', `await posts.list({ limt: 3 });`],
  ['a misspelt name in a body', `await posts.create({ title: 'x', author: 'u', titel: 'y' });`],
  ['a wrong value in a body', `await posts.create({ title: 1, author: 'u' });`],
  ['a missing required field', `await posts.create({ title: 'x' });`],
  ['a system field at create', `await posts.create({ title: 'x', author: 'u', version: 3 });`],
  ['a system field at update', `await posts.update('x', { created: 'y' });`],
  ['a computed field', `await posts.update('x', { total: 'y' });`],
  ['an account field that only sign-in writes', `await up.collection('users').update('x', { verified: true });`],
  ['a secret read', `row.pin;`],
  ['a field not selected', `(await posts.get('x', { fields: ['title'] })).body;`],
  ['a field not selected in expand', `(await posts.get('x', { expand: { author: { fields: ['name'] } } })).expand.author?.team;`],
  ['an expand not asked for', `(await posts.get('x')).expand;`],
  ['another expand than asked for', `(await posts.get('x', { expand: { author: true } })).expand.reviewer;`],
  ['an expanded record that may be null', `(await posts.get('x', { expand: { author: true } })).expand.author.name;`],
  ['a condition left out', `await posts.deleteWhere({});`],
  ['parameters without a condition', `await posts.updateWhere({ params: { a: 1 } }, { views: 1 });`],
  ['a misspelt name in a condition', `await posts.deleteWhere({ where: { titel: 'x' } });`],
  ['a system field for all that match', `await posts.updateWhere({ filter: 'true' }, { version: 3 });`],
  ['a sum of text', `await posts.aggregate({ select: { s: { sum: 'title' } } });`],
  ['a misspelt measure', `await posts.aggregate({ select: { s: { summe: 'views' } } });`],
  ['groups of a list', `await posts.aggregate({ group: ['labels'], select: { n: { count: true } } });`],
  ['a misspelt interval', `await posts.aggregate({ group: [{ field: 'created', by: 'moth' }], select: { n: { count: true } } });`],
  ['a sort by what is not answered', `await posts.aggregate({ group: ['status'], select: { n: { count: true } }, sort: ['views'] });`],
  ['a group not asked for', `(await posts.aggregate({ select: { n: { count: true } } })).data[0]?.status;`],
  ['an average that may be null', `(await posts.aggregate({ select: { a: { avg: 'views' } } })).data[0]?.a.toFixed();`],
  ['a missing required field in a batch', `await up.batch((tx) => tx.collection('posts').create({ title: 'x' }));`],
  ['another field of what is to be', `await up.batch((tx) => tx.collection('posts').create({ title: 'x', author: 'u' }).title);`],
  ['a right not asked for', `(await posts.list({ can: ['update'] })).data[0]?._can.delete;`],
  ['highlights not asked for', `(await posts.list({ search: 'x' })).data[0]?._highlight;`],
  ['a misspelt name in the condition of an expand', `await up.collection('users').list({ expand: { posts: { where: { titel: 'x' } } } });`],
  ['a limit on a to-one expand', `await posts.list({ expand: { author: { limit: 3 } } });`],
  ['where in an export', `await posts.export({ format: 'csv', where: { status: 'draft' } });`],
  ['a collection that is not there', `up.collection('post');`],
  ['undefined in a filter', 'filter`id == ${maybe}`;'],
  ['a key shown in a list', `(await up.keys.list()).data[0]?.key.length;`],
  ['another account for a key that is there', `await up.keys.update('k', { account: null });`],
  ['an upload for a field that holds no file', `await up.files.upload(blob, { collection: 'posts', field: 'title' });`],
  ['a file for a text', `await posts.update('x', { title: blob });`],
  ['a list of files for one', `await posts.update('x', { cover: [blob] });`],
  ['the bytes of a file that was read', `row.cover?.size; row.cover?.stream();`],
  ['a row changed in place', `row.title = 'x';`],
] as const;

/** Hooks, once the app has said which schema is its own. */
const hooks = `
import { createClient } from '@underpin/sdk';
import { UnderpinProvider, useAuth, useList, useLive, useMutation, useRecord, useUnderpin } from '@underpin/sdk/react';
import type { Schema, PostsRow, UsersRow } from './underpin.gen.ts';
declare module '@underpin/sdk/react' { interface Register { schema: Schema } }
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(): T | undefined => undefined;
export function Good(): unknown {
  const up = useUnderpin();
  const { rows, status, loadMore } = useLive('posts', { where: { status: 'published' }, sort: ['-created'], limit: 5 });
  same<Same<(typeof rows)[0], PostsRow>>(); status === 'live'; void loadMore(3);
  const some = useLive('posts', up ? { fields: ['title'], expand: { author: { fields: ['name'] } }, limit: 3 } : null);
  some.rows[0]?.expand.author?.name;
  const list = useList('posts', { fields: ['title'], can: ['update'] });
  list.rows[0]?._can.update; list.page?.next; list.error?.code;
  const { record } = useRecord('posts', 'x', { expand: { author: true } });
  record?.expand.author?.name;
  const add = useMutation((title: string, once) => up.collection('posts').create({ title, author: 'u' }, once));
  void add.run('x').then(([error, row]) => (error ? error.code : row.title)); same<Same<typeof add.data, PostsRow | undefined>>();
  const { user, auth } = useAuth();
  same<Same<typeof user, UsersRow | null>>(); void auth.signOut();
  return UnderpinProvider({ client: createClient<Schema>({ url: 'http://x' }) });
}
export function Bad(): void {
`;
const refusedHooks = [
  ['a collection that is not there', `useLive('post', { limit: 3 });`],
  ['a misspelt name in where', `useLive('posts', { where: { titel: 'x' } });`],
  ['a misspelt sort', `useLive('posts', { sort: ['-createdd'] });`],
  ['a field not selected', `useLive('posts', { fields: ['title'] }).rows[0]?.body;`],
  ['a page of a live query', `useLive('posts', { page: 2 });`],
  ['a record that may not be there', `useRecord('posts', 'x').record.title;`],
  ['a write of another shape', `useMutation((title: string) => Promise.resolve(title)).run(3);`],
] as const;

const folder = new URL('./.compiled/', import.meta.url).pathname;
const compiler = new URL('../../node_modules/ts7/bin/tsc', import.meta.url).pathname;

/** What the compiler says of the files in the folder. */
async function compile(name: string, files: Readonly<Record<string, string>>, ...more: readonly string[]): Promise<string> {
  await mkdir(`${folder}${name}`, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(`${folder}${name}/${file}`, text);
  const config = {
    extends: '../../../../tsconfig.base.json',
    compilerOptions: {
      ...{
        noEmit: true,
        composite: false,
        declaration: false,
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: false,
        noUnusedLocals: false,
      },
      ...{ erasableSyntaxOnly: false, lib: ['ES2023', 'DOM', 'DOM.Iterable'], types: [] },
    },
    include: ['*.ts'],
  };
  await writeFile(`${folder}${name}/tsconfig.json`, JSON.stringify(config));
  return promisify(execFile)(process.execPath, [compiler, '-p', `${folder}${name}`, ...more]).then(
    ({ stdout }) => stdout,
    (error: unknown) => (typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : String(error)),
  );
}

test('right uses compile, each wrong one is refused, and no generated type is any', async () => {
  const lines = refused.map(([name, use]) => `  // @ts-expect-error ${name}\n  ${use}\n`);
  const said = await compile('uses', { 'underpin.gen.ts': generateTypes(sampleSchema), 'uses.ts': `${uses}${lines.join('')}}\n` });
  // An unused expectation ("TS2578") is a wrong use that compiled.
  expect(said).toBe('');
}, 60_000);

test('hooks are typed by the schema that the app registers', async () => {
  const lines = refusedHooks.map(([name, use]) => `  // @ts-expect-error ${name}\n  ${use}\n`);
  const said = await compile('hooks', { 'underpin.gen.ts': generateTypes(sampleSchema), 'uses.ts': `${hooks}${lines.join('')}}\n` });
  expect(said).toBe('');
}, 60_000);

test('150 collections and 200 queries are cheap to check', async () => {
  const said = await compile(
    'large',
    { 'underpin.gen.ts': generateTypes(largeSchema(150)), 'uses.ts': largeUses(200) },
    '--extendedDiagnostics',
  );
  const instantiations = Number(/Instantiations:\s+(\d+)/.exec(said)?.[1]);
  process.stdout.write(`instantiations: ${instantiations}\n`);
  expect(said).not.toContain('error TS');
  expect(instantiations).toBeLessThanOrEqual(250_000);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the same schema gives the same text, whatever the order of its collections', () => {
  const text = generateTypes(sampleSchema);
  expect(generateTypes({ ...sampleSchema, collections: [...sampleSchema.collections].reverse() })).toBe(text);
  expect(text).toContain('export const schemaHash = "abc123";');
  expect(text).toContain('one: { "author"'.replaceAll('"', ''));
  expect(text).not.toMatch(/\bany\b|_admins|The title \*\/ of/);
});
