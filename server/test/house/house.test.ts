/** The house: imports point down and never in a circle, plugs are listed, one place reads the environment, casts say why. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = process.cwd();
const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules' || name.startsWith('dist')) return [];
    return statSync(join(root, path)).isDirectory() ? filesIn(path) : /\.tsx?$/.test(name) ? [path] : [];
  });
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const importsOf = (file: string): string[] =>
  [...read(file).matchAll(/^(?:import|export)[^'"]*?from '([^']+)'|^import '([^']+)'/gm)].map(([, from, bare]) => from ?? bare ?? '');

/** From the top down; what stands in one list may not import each other, unless it is one folder. */
const rows: readonly (readonly string[])[] = [
  ['main'],
  ['cli'],
  ['app'],
  ['demo'],
  ['http', 'realtime'],
  ['jobs'],
  ['auth', 'files', 'functions', 'pay'],
  ['records'],
  ['schema'],
  ['messages'],
  ['settings', 'changes', 'queue'],
  ['ctx'],
  ['expr', 'db', 'storage'],
  ['kit'],
];
/** Imports against the rows that are let through; each with its reason. It ends empty. */
const exceptions: readonly string[] = [
  // The type of the log that every ctx carries. What is behind it (log.ts and below) knows no ctx.
  'ctx -> changes',
];

const server = filesIn('server/src');
const roomOf = (file: string): string => relative('server/src', file).split('/')[0]?.replace(/\.ts$/, '') ?? '';
const rowOf = (room: string): number => rows.findIndex((names) => names.includes(room));

describe('imports', () => {
  test('every file of the server has its row', () => {
    expect(server.filter((file) => rowOf(roomOf(file)) < 0)).toEqual([]);
  });

  test('point down', () => {
    const wrong = server.flatMap((file) =>
      importsOf(file).flatMap((from) => {
        if (!from.startsWith('.')) return [];
        const target = relative(root, resolve(root, dirname(file), from));
        const [here, there] = [roomOf(file), roomOf(target)];
        if (here === there || rowOf(there) > rowOf(here) || exceptions.includes(`${here} -> ${there}`)) return [];
        return [`${file} imports ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('never in a circle', () => {
    const files = [...server, ...filesIn('sdk/src'), ...filesIn('admin-ui/src')];
    const graph = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter((from) => from.startsWith('.'))
          .map((from) => relative(root, resolve(root, dirname(file), from))),
      ]),
    );
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      else if (!done.has(file)) {
        for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
        done.add(file);
      }
    };
    for (const file of files) walk(file, []);
    expect(circles).toEqual([]);
  });

  test('between workspaces go by the contract', () => {
    const wrong = [
      ...filesIn('sdk/src').filter((file) => importsOf(file).some((from) => from.startsWith('@underpin/'))),
      ...server.filter((file) =>
        importsOf(file).some((from) => from.startsWith('@underpin/') && !/^@underpin\/sdk\/(wire$|expr\/)/.test(from)),
      ),
      ...filesIn('admin-ui/src').filter((file) =>
        importsOf(file).some((from) => from.startsWith('@underpin/') && !from.startsWith('@underpin/sdk')),
      ),
    ];
    expect(wrong).toEqual([]);
  });

  test('of the contract are types only', () => {
    const wrong = [...server, ...filesIn('admin-ui/src')].filter((file) =>
      /^import (?!type\b)[^;]*'@underpin\/sdk\/wire'/m.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });
});

test('every plug is listed beside it', () => {
  for (const folder of ['server/src/schema/fields']) {
    const listed = importsOf(`${folder}/index.ts`);
    const there = readdirSync(join(root, folder)).filter((name) => name !== 'index.ts');
    expect(there.filter((name) => !listed.includes(`./${name}`))).toEqual([]);
  }
});

test('the environment is read in one place', () => {
  expect(
    server.filter((file) => file !== 'server/src/main.ts' && /process\.env/.test(read(file).replace(/\/\*[\s\S]*?\*\//g, ''))),
  ).toEqual([]);
});

test('a cast says why it is proven, and any, non-null marks and default exports are not used', () => {
  const files = [...server, ...filesIn('sdk/src'), ...filesIn('admin-ui/src')];
  const wrong = files.flatMap((file) => {
    const lines = read(file).split('\n');
    return lines.flatMap((line, index) => {
      const code = line.replace(/\/\/.*|'[^']*'|`[^`]*`|\/\*.*?\*\//g, '');
      const isText = /^\s*(\*|\/\*\*|import |export (type )?\{)|\[\w+ in /.test(line);
      const casts = /\bas (?!const\b)[A-Za-z{(\[]/.test(code) && !isText;
      const explained = lines.slice(Math.max(0, index - 5), index + 1).some((near) => near.includes('cast:'));
      return (casts && !explained) || /^export default/.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [];
    });
  });
  expect(wrong).toEqual([]);
});

test('every file says what it is', () => {
  const files = [...server, ...filesIn('sdk/src'), ...filesIn('admin-ui/src')];
  expect(files.filter((file) => !/^(#!.*\n)?\/\*\*/.test(read(file)))).toEqual([]);
});
