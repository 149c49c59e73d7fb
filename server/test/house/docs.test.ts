/** The documentation against the code, in both directions: nothing is missing, and nothing is told that is not there. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileRoutes } from '../../src/http/files.ts';
import { recordRoutes } from '../../src/http/records.ts';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clientLimits, ruleLimits } from '@underpin/sdk/expr/ast';
import { languageNames } from '@underpin/sdk/expr/model';
import { parse } from '@underpin/sdk/expr/parse';
import { z } from 'zod';
import { settings } from '../../src/kit/config.ts';
import { errorKinds } from '../../src/kit/errors.ts';
import { limits } from '../../src/kit/limits.ts';
import { fieldTypes } from '../../src/schema/fields/index.ts';
import { accountFieldNames, systemFieldNames } from '../../src/schema/system-fields.ts';
import { anchorOf, codeIn, linksOf, markdownFiles, readDoc, rowsOf, sectionsOf } from '../support/markdown.ts';

const root = process.cwd();
const sorted = (names: Iterable<string>): string[] => [...names].sort();
const titles = (file: string, level: number): string[] =>
  sectionsOf(file)
    .filter((section) => section.level === level)
    .map(({ title }) => title);
const section = (file: string, title: string) => sectionsOf(file).find((one) => one.title === title);

describe('errors.md', () => {
  const file = 'docs/reference/errors.md';
  test('has a heading for every code, and no other', () => {
    expect(sorted(titles(file, 2))).toEqual(sorted(Object.keys(errorKinds)));
  });
  test.each(Object.entries(errorKinds))('says the status of %s, and what to think of it', (code, { status }) => {
    const text = section(file, code)?.text ?? '';
    expect(Number(/^Status (\d{3})/.exec(text)?.[1])).toBe(status);
    expect(text.replace(/^Status \d{3}[.,]?/, '').trim().length).toBeGreaterThanOrEqual(40);
  });
});

describe('settings', () => {
  const names = sorted(Object.keys(settings));
  const file = 'docs/reference/config.md';
  test('each has its heading in config.md, and no other has', () => {
    expect(sorted(titles(file, 2).filter((title) => /^[A-Z0-9_]+$/.test(title)))).toEqual(names);
  });
  test.each(names)('%s is explained in config.md', (name) => {
    expect((section(file, name)?.text ?? '').length).toBeGreaterThanOrEqual(40);
  });
});

describe('fields.md', () => {
  const file = 'docs/reference/fields.md';
  test('has a heading for every type, and no other', () => {
    const others = ['System fields', 'What a field may become'];
    expect(sorted(titles(file, 2).filter((title) => !others.includes(title)))).toEqual(sorted(fieldTypes.map(({ name }) => name)));
  });
  test.each(fieldTypes.map((type) => [type.name, type] as const))('tells of %s its settings and operators', (name, type) => {
    const text = section(file, name)?.text ?? '';
    const line = (label: string): string => new RegExp(`^- \\*\\*${label}:\\*\\*(.*)$`, 'm').exec(text)?.[1] ?? '';
    expect(sorted((codeIn(line('Operators'))[0] ?? '').split(' '))).toEqual(sorted(type.operators.flatMap((one) => one.split(' '))));
    const { properties = {} } = z.toJSONSchema(type.settings, { io: 'input' });
    for (const setting of Object.keys(properties)) expect(codeIn(line('Settings'))).toContain(setting);
    for (const label of ['Storage', 'JSON', 'TypeScript']) expect(codeIn(line(label)).length).toBeGreaterThan(0);
  });
  test('tells of every system field, and no other', () => {
    const told = rowsOf(section(file, 'System fields')).map(([cell = '']) => codeIn(cell)[0] ?? '');
    expect(sorted(told.filter((name) => name !== ''))).toEqual(sorted([...systemFieldNames, ...accountFieldNames]));
  });
});

describe('rules.md', () => {
  const file = 'docs/reference/rules.md';
  const listed = (name: string): string[] => {
    const source = readFileSync(join(root, 'sdk/src/expr/calls.ts'), 'utf8');
    return [...(new RegExp(`const ${name} = \\[([^\\]]+)\\]`).exec(source)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, word = '']) => word);
  };
  const firstWord = (cell: string | undefined): string => /^\w+/.exec(codeIn(cell ?? '')[0] ?? '')?.[0] ?? '';
  test.each([
    ['Functions', 'functions'],
    ['Methods', 'methods'],
  ])('%s are all there, and no other', (title, name) => {
    expect(listed(name).length).toBeGreaterThan(3);
    expect(sorted(rowsOf(section(file, title)).map(([cell]) => firstWord(cell)))).toEqual(sorted(listed(name)));
  });
  test('names every word of the language', () => {
    const told = codeIn((section(file, 'Names')?.text ?? '').replaceAll('\n', ' ')).find((code) => code.startsWith('auth now'));
    expect(sorted((told ?? '').split(' '))).toEqual(sorted(languageNames));
  });
  test.each(['Operators', 'Functions', 'Methods'])('every example under %s can be parsed', (title) => {
    const examples = rowsOf(section(file, title)).flatMap(([, cell = '']) => codeIn(cell));
    expect(examples.length).toBeGreaterThan(4);
    for (const text of examples) expect(() => parse(text)).not.toThrow();
  });
  test('tells the limits as they are', () => {
    const told = rowsOf(section(file, 'Limits')).map(([, rules = '', filters = '']) => [rules, filters]);
    const keys = ['bytes', 'nodes', 'depth', 'list', 'hops', 'quantifiers'] as const;
    expect(told).toEqual(keys.map((key) => [ruleLimits[key].toLocaleString('en'), clientLimits[key].toLocaleString('en')]));
  });
});

describe('files.md', () => {
  const file = 'docs/reference/files.md';
  test('names for each thing that tus says a server MUST the test that shows it, and for each such test the thing', () => {
    const source = readFileSync(join(root, 'server/test/api/tus.test.ts'), 'utf8');
    const protocol = /^describe\('the protocol: a server MUST', .*\n([\s\S]*?)^}\);$/m.exec(source)?.[1] ?? '';
    const shown = [...protocol.matchAll(/^ {2}test\('([^'\\]+)', /gm)].map(([, title = '']) => title);
    // None that is written in another way, or not run, is passed over.
    expect([...protocol.matchAll(/^ {2}\S*test\b/gm)]).toHaveLength(shown.length);
    expect(shown.length).toBeGreaterThan(15);
    const told = rowsOf(section(file, 'Uploads in parts (tus)'));
    expect(sorted(told.map(([, title = '']) => title))).toEqual(sorted(shown));
    expect(told.filter(([thing = '']) => thing.length < 15)).toEqual([]);
    expect(new Set(told.map(([thing]) => thing)).size).toBe(told.length);
  });
  test('tells the limits as they are, all of them', () => {
    const told = rowsOf(section(file, 'Limits')).map(([name = '', value = '']) => [codeIn(name)[0], /^[\d,]+(?= [a-z])/.exec(value)?.[0]]);
    const { files, links, thumbs, uploads, outbound } = limits;
    const request = { upload: limits.request.upload };
    expect(told).toEqual(
      numbersIn({ files, links, thumbs, uploads, outbound, request }).map(([name, value]) => [name, value.toLocaleString('en')]),
    );
    expect(told.length).toBeGreaterThan(25);
  });
});

/** Every number below, by its path. */
function numbersIn(value: object, path: readonly string[] = []): readonly (readonly [string, number])[] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const place = [...path, key];
    if (typeof item === 'number') return [[place.join('.'), item] as const];
    return typeof item === 'object' && item !== null ? numbersIn(item, place) : [];
  });
}

/** Each route as the code registers it: `app.get(…)` in server.ts, what the routers add below their mounts, and the records. */
function routesOfCode(): string[] {
  const folder = join(root, 'server/src/http');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const server = readFileSync(join(folder, 'server.ts'), 'utf8');
  const calls = (source: string, of: string): string[][] =>
    [...source.matchAll(new RegExp(`\\b${of}\\.(get|post|put|patch|delete|all)\\(\\s*'([^']+)'`, 'g'))].map(
      ([, method = '', path = '']) => [method.toUpperCase(), path],
    );
  const direct = calls(server, 'app').map(([method = '', path = '']) => `${method} ${path}`);
  const mounted = [...server.matchAll(/app\.use\('([^']+)', (\w+Routes)\(/g)].flatMap(([, mount = '', name = '']) => {
    const source = sources.find((text) => text.includes(`export function ${name}(`)) ?? '';
    return calls(source, 'router').map(([method = '', path = '']) => `${method} ${mount}${path === '/' ? '' : path}`);
  });
  const records = recordRoutes.map(({ method, path }) => `${method} /api/v1/records${path}`);
  const files = fileRoutes.map(({ method, path }) => `${method} /api/v1/files${path}`);
  return [...direct, ...mounted, ...records, ...files];
}

test('api.md has a heading for every route, and no other', () => {
  const told = titles('docs/reference/api.md', 3);
  expect(routesOfCode().length).toBeGreaterThan(20);
  expect(sorted(told)).toEqual(sorted(routesOfCode()));
  expect(told.filter((title) => (section('docs/reference/api.md', title)?.text ?? '').length < 15)).toEqual([]);
});

describe('tour.md', () => {
  const text = readDoc('docs/tour.md');
  test('names only files and folders that are there', () => {
    const named = codeIn(text).filter(
      (code) => /^(server|sdk|admin-ui|scripts|migrations|docs|\.env)\b/.test(code) && !/[()\s]/.test(code),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
  test('names only functions that are there, in the file it says', () => {
    const named = [...text.matchAll(/`(\w+)\(\)`(?: (?:in|of|from)\s+`([^`]+)`)?/g)];
    const everything = filesIn(['server/src', 'sdk/src', 'scripts', 'server/test/support']);
    const has = (file: string, name: string): boolean =>
      new RegExp(`(?:function|const|class) ${name}\\b`).test(readFileSync(join(root, file), 'utf8'));
    const wrong = named.filter(([, name = '', file]) =>
      file === undefined ? !everything.some((one) => has(one, name)) : !existsSync(join(root, file)) || !has(file, name),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(wrong.map(([whole]) => whole)).toEqual([]);
  });
  test('names only codes that are there, with their status', () => {
    const statuses: Readonly<Record<string, readonly number[]>> = {
      ...Object.fromEntries(Object.entries(errorKinds).map(([code, { status }]) => [code, [status]])),
      reference_violation: [422, 409],
    };
    const told = [...text.matchAll(/\b([45]\d\d) ((?:`[a-z_]+`(?:, )?)+)/g)].flatMap(([, status = '', codes = '']) =>
      codeIn(codes).map((code) => [code, Number(status)] as const),
    );
    expect(told.length).toBeGreaterThan(40);
    expect(told.filter(([code, status]) => !(statuses[code] ?? []).includes(status))).toEqual([]);
  });
});

function filesIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => {
      const path = join(folder, name);
      return statSync(join(root, path)).isDirectory() ? filesIn([path]) : [path];
    }),
  );
}

test('every relative link leads to a file, and to a heading where it says so', () => {
  const anchors = (file: string): string[] => sectionsOf(file).map(({ title }) => anchorOf(title));
  const links = markdownFiles().flatMap((file) =>
    linksOf(file)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => ({ file, target })),
  );
  const wrong = links.filter(({ file, target }) => {
    const [path = '', anchor] = target.split('#');
    const there = path === '' ? file : join(dirname(file), path);
    return !existsSync(join(root, there)) || (anchor !== undefined && !anchors(there).includes(anchor));
  });
  expect(links.length).toBeGreaterThan(40);
  expect(wrong).toEqual([]);
});
