/** `underpin rules test` and `underpin rules explain`: asks a running server, with the access token of an admin. */
import { readFileSync } from 'node:fs';
import type { Lint, Trace } from '@underpin/sdk/expr/findings';
import type { RuleExplanation, RuleTestResult } from '@underpin/sdk/wire';
import { ask, pretty, type Asking, type Ended } from './ask.ts';

/** The expectations of a file, each done and rolled back; 1 where one is not met. */
export async function testRules(file: string, asking: Asking): Promise<Ended> {
  const body: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const { results } = await ask<{ readonly results: readonly RuleTestResult[] }>(
    asking,
    'ops/rules/test',
    Array.isArray(body) ? { expectations: body } : body,
  );
  const failed = results.filter(({ ok }) => !ok);
  const code = failed.length === 0 ? 0 : 1;
  if (asking.json === true) return { text: pretty({ results }), code };
  const lines = results.map(({ ok, name, allowed, status, code: refusal, detail }) => {
    const told = allowed ? 'allowed' : `refused: ${refusal ?? ''}${ok || detail === undefined ? '' : `, ${detail}`}`;
    return `${ok ? 'ok    ' : 'FAILED'} ${name} (${status} ${told})`;
  });
  const summary = `${results.length - failed.length} of ${results.length} as expected`;
  return { text: `${[...lines, summary].join('\n')}\n`, code };
}

export interface ExplainOptions extends Asking {
  /** `users:<id>`; absent: nobody. */
  readonly as?: string;
  readonly id?: string;
  readonly rule?: string;
  /** The body of a write, as JSON. */
  readonly data?: string;
}

export async function explainRules(collection: string, action: string, options: ExplainOptions): Promise<Ended> {
  const [accounts = '', account = ''] = options.as?.split(':') ?? [];
  const found = await ask<RuleExplanation>(options, 'ops/rules/explain', {
    collection,
    action,
    as: options.as === undefined ? null : { collection: accounts, id: account },
    ...(options.id === undefined ? {} : { id: options.id }),
    ...(options.rule === undefined ? {} : { rule: options.rule }),
    ...(options.data === undefined ? {} : { data: parseData(options.data) }),
  });
  return { text: options.json === true ? pretty(found) : told(found), code: 0 };
}

function parseData(text: string): unknown {
  const data: unknown = JSON.parse(text);
  return data;
}

function told({ rule, verdict, allowed, trace, counts, impact, lints }: RuleExplanation): string {
  const lines = [
    `${rule ?? 'nobody but admins'}`,
    `verdict: ${verdict}${allowed === undefined ? '' : `, ${allowed ? 'allowed' : 'refused'}`}`,
  ];
  if (trace) lines.push(...traceLines(trace, 1));
  const atLeast = (capped: boolean): string => (capped ? 'at least ' : '');
  if (counts) lines.push(`visible: ${atLeast(counts.capped)}${counts.visible} of ${atLeast(counts.capped)}${counts.total}`);
  for (const one of impact ?? [])
    lines.push(`${one.who}: ${atLeast(one.capped)}${one.before} → ${one.after}, ${one.appears} appear, ${one.disappears} disappear`);
  return `${[...lines, ...lints.map(lintLine)].join('\n')}\n`;
}

const lintLine = ({ severity, code, message }: Lint): string => `${severity}: ${message} (${code})`;

function traceLines({ text, value, decisive, children, items }: Trace, depth: number): readonly string[] {
  const mark = value === true ? '✓' : value === false ? '✗' : '·';
  const shown = typeof value === 'boolean' ? '' : ` = ${JSON.stringify(value)}`;
  const many = items === undefined ? '' : ` (${items.holding} of ${items.total})`;
  const line = `${'  '.repeat(depth)}${mark} ${text}${shown}${many}${decisive && typeof value === 'boolean' ? '  ←' : ''}`;
  return [
    line,
    ...children.flatMap((child) => traceLines(child, depth + 1)),
    ...(items?.shown.flatMap(({ trace }) => traceLines(trace, depth + 1)) ?? []),
  ];
}
