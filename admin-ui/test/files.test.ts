/** Files: their sizes in words, which picture of them is shown, what is refused before it is sent, what the page of files asks for. */
import { describe, expect, test } from '@jest/globals';
import { parseSize, showSize, writeSize } from '../src/data/bytes.ts';
import { filesOf, kindOfFile, pictureOf, thumbFor } from '../src/data/files.ts';
import { mostBytes, mostFiles, refusalOf } from '../src/fields/file/acceptance.ts';
import { isFiltered, parseFilters, queryOf } from '../src/files/query.ts';
import { settingsOf } from '../src/schema/json-schema.ts';
import { wordsOf } from '../src/schema/words.ts';

const MB = 1024 * 1024;
const cover = { name: 'cover', type: 'file', types: ['image/*'], maxSize: 2 * MB };
const file = { id: '1', name: 'a.png', type: 'image/png', size: 100, sha256: '', url: '/f/1/a.png', width: 10, height: 10 };

describe('sizes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KB'],
    [1.55 * MB, '1.6 MB'],
    [MB - 1, '1 MB'],
    [2000 * MB, '2 GB'],
    [5 * 1024 ** 5, '5,120 TB'],
  ])('%p bytes are shown as %p', (bytes, text) => expect(showSize(bytes)).toBe(text));

  test.each([
    ['50 MB', 50 * MB],
    ['1.5gb', 1.5 * 1024 * MB],
    [' 200 KiB ', 200 * 1024],
    ['17 B', 17],
    ['50', undefined],
    ['MB', undefined],
    ['-1 MB', undefined],
    ['1,5 MB', undefined],
    ['99999999 TB', undefined],
  ])('%p is %p', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([1, 1000, 1024, 1_000_000, 52_428_800, MB + 1, 1.5 * MB, 10 ** 12])('%p bytes are written without losing one', (bytes) =>
    expect(parseSize(writeSize(bytes))).toBe(bytes),
  );
});

describe('pictures', () => {
  test('the smallest declared size that is large enough, else the largest', () => {
    expect(thumbFor(['400x300', '100x0', '0x800'], 90)).toBe('100x0');
    expect(thumbFor(['400x300', '100x0'], 300)).toBe('400x300');
    expect(thumbFor(['400x300', '100x0'], 900)).toBe('400x300');
    expect(thumbFor([], 90)).toBeUndefined();
  });
  test.each([
    ['a declared size is asked for', file, ['100x100'], '/f/1/a.png?thumb=100x100'],
    ['without one the image itself', file, [], '/f/1/a.png'],
    ['a large one is not loaded for it', { ...file, size: 2 * MB }, [], null],
    ['a large one has a small picture', { ...file, size: 20 * MB }, ['100x100'], '/f/1/a.png?thumb=100x100'],
    ['an SVG has no smaller one', { ...file, type: 'image/svg+xml' }, ['100x100'], '/f/1/a.png'],
    ['what browsers do not draw is no picture', { ...file, type: 'image/tiff' }, [], null],
    ['a document is no picture', { ...file, type: 'application/pdf' }, ['100x100'], null],
  ])('%s', (_name, one, sizes, expected) => expect(pictureOf(one, sizes, 28)).toBe(expected));

  test('none is blown up to more than twice its size where the image itself can be shown', () => {
    expect(pictureOf(file, ['100x100'], 200)).toBe('/f/1/a.png?thumb=100x100');
    expect(pictureOf(file, ['100x100'], 201)).toBe('/f/1/a.png');
    expect(pictureOf({ ...file, size: 2 * MB }, ['100x100'], 480)).toBe('/f/1/a.png?thumb=100x100');
  });

  test.each([
    ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'document'],
    ['text/csv', 'document'],
    ['application/zip', 'archive'],
    ['video/mp4', 'video'],
    ['application/octet-stream', 'other'],
  ])('%s is of the kind %s', (type, kind) => expect(kindOfFile(type)).toBe(kind));
});

test('a value is one file, several, or none', () => {
  expect(filesOf(file)).toEqual([file]);
  expect(filesOf([file, null, 'x'])).toEqual([file]);
  expect(filesOf(null)).toEqual([]);
});

describe('before anything is sent', () => {
  test.each([
    ['an image where images are asked for', { type: 'image/jpeg', size: 1 }, cover, null],
    ['what the browser has no name for', { type: '', size: 1 }, cover, null],
    ['a text in place of an image', { type: 'text/plain', size: 1 }, cover, 'file.wrongType'],
    ['an SVG, which image/* does not mean', { type: 'image/svg+xml', size: 1 }, cover, 'file.wrongType'],
    ['an SVG that is named', { type: 'image/svg+xml', size: 1 }, { ...cover, types: ['image/svg+xml'] }, null],
    ['sound in a container of film', { type: 'video/ogg', size: 1 }, { ...cover, types: ['audio/*'] }, null],
    ['a table under another name', { type: 'application/vnd.ms-excel', size: 1 }, { ...cover, types: ['text/csv'] }, null],
    ['one byte too many', { type: 'image/png', size: 2 * MB + 1 }, cover, 'file.tooLarge'],
    ['as many bytes as may be', { type: 'image/png', size: 2 * MB }, cover, null],
    ['nothing', { type: 'image/png', size: 0 }, cover, 'file.nothing'],
  ])('%s', (_name, one, field, expected) => expect(refusalOf(one, field)?.message ?? null).toBe(expected));

  test('what holds where a field says nothing', () => {
    const bare = { name: 'f', type: 'file' };
    expect([mostBytes(bare), mostFiles(bare), mostFiles({ ...bare, many: true }), mostFiles({ ...bare, many: true, max: 3 })]).toEqual([
      50 * MB,
      1,
      20,
      3,
    ]);
  });
});

describe('the page of files', () => {
  const of = (text: string) => queryOf(parseFilters(new URLSearchParams(text)));

  test('all of them, newest first', () => {
    expect(of('')).toEqual({ sort: '-created', limit: 60, fields: expect.any(String) });
    expect(isFiltered(parseFilters(new URLSearchParams('sort=largest&file=1')))).toBe(false);
  });
  test('what was typed is bound, and never a part of the filter', () => {
    expect(of('name=A"||true&place=posts.cover&state=orphaned&sort=largest')).toMatchObject({
      sort: '-size',
      filter: 'name.lowerAscii().contains($name) && collection_name == $collection && field_name == $field && state == "orphaned"',
      'p.name': 'a"||true',
      'p.collection': 'posts',
      'p.field': 'cover',
    });
  });
  test('what makes no sense is left out', () => {
    expect(of('kind=nonsense&state="&sort=constructor')).toEqual(of(''));
  });
  test('kinds', () => {
    expect(of('kind=image')['filter']).toBe('type.startsWith("image/")');
    expect(of('kind=document')['filter']).toMatch(/^\(type\.startsWith\("text\/"\) \|\| type\.contains\("\/pdf"\).*\)$/);
  });
});

test('settings of files are sizes and words', () => {
  const properties = { maxSize: { type: 'integer' }, types: { type: 'array', items: { type: 'string' } }, max: { type: 'integer' } };
  const info = { name: 'file', widget: 'file', group: 'file', operators: [], settings: { properties } };
  expect(settingsOf(info).map(({ name, kind }) => [name, kind])).toEqual([
    ['maxSize', 'size'],
    ['types', 'tags'],
    ['max', 'integer'],
  ]);
  expect(wordsOf(['image/*', 'text/csv, text/plain  image/*'])).toEqual(['image/*', 'text/csv', 'text/plain']);
});
