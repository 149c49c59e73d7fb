/** `underpin config show`: every setting, its value and its source. */
import { parseConfig, settings } from '../kit/config.ts';

const secret = new Set(['SECRET', 'ADMIN_PASSWORD', 'DATABASE_URL', 'SMTP_URL', 'S3_SECRET_ACCESS_KEY']);

export function showConfig(env: Readonly<Record<string, string | undefined>>, asJson: boolean): string {
  const { config, warnings } = parseConfig(env);
  const values: Readonly<Record<string, unknown>> = config;
  const rows = Object.keys(settings).map((name) => {
    const source = env[name] !== undefined ? 'environment' : env[`${name}_FILE`] !== undefined ? 'file' : 'default';
    const value = values[name];
    return { name, value: value === undefined ? null : secret.has(name) ? '••••' : value, source };
  });
  if (asJson) return `${JSON.stringify({ settings: rows, warnings }, null, 2)}\n`;
  const lines = rows.map(({ name, value, source }) => `${name.padEnd(22)} ${String(value ?? '–').padEnd(40)} ${source}`);
  return [...lines, ...warnings, ''].join('\n');
}
