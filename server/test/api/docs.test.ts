/** The examples of the documentation, done as they stand there, in order, against a server that was just started. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { examplesOf, readDoc, type Example } from '../support/markdown.ts';

const written = 'http://localhost:8700';

interface Done {
  readonly out: string;
  readonly code: number;
}

/** Runs a program and gives back what it printed; its complaints with it where it failed. */
const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Done> =>
  new Promise((resolve) => {
    const child = execFile(program, [...args], { env: { ...process.env, ...env }, maxBuffer: 16_000_000 }, (error, out, complaints) =>
      resolve({ out: error === null ? out : out + complaints, code: child.exitCode ?? 1 }),
    );
  });

/** All blocks in one shell, so that what one sets the next one has; each answer ends with its number and exit code. */
async function runAll(examples: readonly Example[], url: string, env: Readonly<Record<string, string>>): Promise<readonly Done[]> {
  const script = examples.map(({ command }, index) => `${command}\nprintf '\\n<<<%s:%s>>>\\n' ${index} "$?"`).join('\n');
  const { out } = await run('bash', ['-c', script.replaceAll(written, url)], env);
  const parts = out.split(/\n<<<(\d+):(\d+)>>>\n/);
  return examples.map((_one, index) => ({
    out: (parts[index * 3] ?? '').replaceAll(url, written),
    code: Number(parts[index * 3 + 2] ?? 1),
  }));
}

const named = new Set(['accessToken', 'key', 'prefix', 'refreshToken', 'requestId', 'hash', 'base']);

/** What may differ from one run to the next becomes a placeholder; the same id stays the same id. */
function withoutChance(value: unknown, ids = new Map<string, string>()): unknown {
  if (typeof value === 'string') {
    return value
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
        const known = ids.get(id) ?? `<id ${ids.size + 1}>`;
        ids.set(id, known);
        return known;
      })
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
      .replace(/[0-9a-f]{32}|\b[0-9a-f]{16}\b/g, '<hash>');
  }
  if (Array.isArray(value)) return value.map((item) => withoutChance(item, ids));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      named.has(key) && typeof item === 'string' && item !== '' ? `<${key}>` : withoutChance(item, ids),
    ]),
  );
}

/** The JSON of a text without what may differ; what is no JSON stays text, and equals none. */
const jsonOf = (text: string): unknown => {
  try {
    const parsed: unknown = JSON.parse(text);
    return withoutChance(parsed);
  } catch {
    return text;
  }
};

describe.each(['README.md', 'docs/reference/api.md'])('%s', (file) => {
  const examples = examplesOf(file).filter(({ command }) => command.includes('curl'));
  let up: TestApp;
  let answers: readonly Done[] = [];
  beforeAll(async () => {
    up = await startTestApp({ ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
    answers = await runAll(examples, up.url, { SETUP_TOKEN: (await up.app.setupToken()) ?? '' });
  });
  afterAll(() => up.close());

  test('has examples, and most of them show their answer', () => {
    expect(examples.length).toBeGreaterThan(3);
    expect(examples.filter(({ shown }) => shown !== undefined).length).toBeGreaterThanOrEqual(examples.length * 0.75);
  });

  test.each(examples.map((example, index) => [example.command.split('\n')[0]?.slice(0, 120) ?? '', index, example] as const))(
    '%s (%i)',
    (_name, index, { shown }) => {
      const { out, code } = answers[index] ?? { out: 'it was not run', code: 1 };
      expect({ code, out: code === 0 ? '' : out }).toEqual({ code: 0, out: '' });
      if (shown?.as === 'json') expect(jsonOf(out)).toEqual(jsonOf(shown.text));
      if (shown?.as === 'http') {
        const lines = out.split('\r\n');
        const wanted = shown.text.trim().split('\n');
        expect(lines[0]).toBe(wanted[0]);
        expect(wanted.filter((line) => !lines.includes(line))).toEqual([]);
      }
    },
  );

  if (file === 'README.md') {
    const programs = [...readDoc(file).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, program = '']) => program);
    test('shows a live query in ten lines', () => {
      const [live = ''] = programs.filter((program) => program.includes('.live('));
      expect(live.trim().split('\n').length).toBeLessThanOrEqual(10);
    });

    test.each(programs.map((program) => [program.split('\n').at(-2) ?? '', program]))(
      'the lines of TypeScript say %s',
      async (last, program) => {
        const says = /^console\.log\(.*\); \/\/ (.*)$/.exec(last)?.[1];
        expect(says).toBeDefined();
        const done = await run(process.execPath, ['--input-type=module', '-e', program.replaceAll(written, up.url)]);
        expect(done).toEqual({ code: 0, out: `${says}\n` });
      },
    );
  }
});
