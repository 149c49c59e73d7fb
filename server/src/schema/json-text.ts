/**
 * What a value looks like in an answer: from the text in which Postgres sends it to JSON text. The one place that says it, for
 * every door: columns go over the wire as they are, and nothing is parsed and printed again.
 */
import type { Ty } from '@underpin/sdk/expr/model';

export type ToJson = (text: string) => string;

const asIs: ToJson = (text) => text;
/** Of what holds nothing to escape: ids, days, digits. */
const quoted: ToJson = (text) => `"${text}"`;
const point = /^\(([^,]+),([^)]+)\)$/;

/**
 * `2026-01-02 03:04:05.6+00` → `"2026-01-02T03:04:05.600Z"`. Connections are set to UTC and ISO dates. Where a zone's year 1 began
 * before that of UTC, Postgres says 1 BC and ISO 8601 says the year 0.
 */
function moment(text: string): string {
  const year = text.endsWith('BC') ? '0000' : text.slice(0, 4);
  const fraction = text.charCodeAt(19) === 46 ? text.slice(20, text.indexOf('+', 20)).padEnd(3, '0') : '000';
  return `"${year}${text.slice(4, 10)}T${text.slice(11, 19)}.${fraction}Z"`;
}

/** Lists come as JSON already (`sentAs`), as json does. */
export function toJson(ty: Ty): ToJson {
  switch (ty.kind) {
    case 'text':
      return JSON.stringify;
    case 'id':
    case 'day':
    case 'decimal':
      return quoted;
    case 'time':
      return moment;
    case 'bool':
      return (text) => (text === 't' ? 'true' : 'false');
    case 'geo':
      return (text) => {
        const [, lon = '0', lat = '0'] = point.exec(text) ?? [];
        return `{"lat":${lat},"lon":${lon}}`;
      };
    default:
      return asIs;
  }
}

/** How a column is asked for, so that its text is what `toJson` reads. */
export const sentAs = (ty: Ty, column: string): string => (ty.kind === 'list' ? `to_json(${column})` : column);
