/** `underpin config show`: every setting, its value and its source. */
import { givenTo, parseConfig, settings } from '../kit/config.ts';
import { shown } from '../kit/mask.ts';

export function showConfig(env: Readonly<Record<string, string | undefined>>, asJson: boolean): string {
  const { config, warnings } = parseConfig(env);
  const values: Readonly<Record<string, unknown>> = config;
  const rows = Object.entries(settings).map(([name, { about }]) => {
    const { text, file } = givenTo(name, env);
    const source = text !== undefined ? 'environment' : file !== undefined ? `file ${file}` : 'default';
    return { name, value: shown(name, values[name]) ?? null, source, about };
  });
  if (asJson) return `${JSON.stringify({ settings: rows, warnings }, null, 2)}\n`;
  const lines = rows.map(({ name, value, source }) => `${name.padEnd(22)} ${String(value ?? '–').padEnd(40)} ${source}`);
  return [...lines, ...warnings, ''].join('\n');
}
