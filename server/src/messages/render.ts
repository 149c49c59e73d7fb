/** Puts values for the names in a template: as they are in text, escaped in HTML. */
import type { Template } from './templates.ts';

const placeholder = /\{\{\s*([\w-]+)\s*\}\}/g;

export type Values = Readonly<Record<string, string>>;

export const renderTemplate = ({ subject, text, html }: Template, values: Values): Template => ({
  // One line, whatever the values hold.
  subject: put(subject, values).replace(/\s+/g, ' ').trim(),
  text: put(text, values),
  ...(html === undefined ? {} : { html: put(html, values, escaped) }),
});

const put = (text: string, values: Values, as: (value: string) => string = (value) => value): string =>
  text.replace(placeholder, (_whole, name: string) => as(Object.hasOwn(values, name) ? (values[name] ?? '') : ''));

const escapes: Values = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (value: string): string => value.replace(/[&<>"']/g, (mark) => escapes[mark] ?? mark);

/** The names that a text asks for; what is left of braces counts as a name that nobody has. */
export function namesIn(text: string): readonly string[] {
  const rest = text.replace(placeholder, '');
  return [...[...text.matchAll(placeholder)].map(([, name = '']) => name), ...(/\{\{|\}\}/.test(rest) ? ['{{'] : [])];
}
