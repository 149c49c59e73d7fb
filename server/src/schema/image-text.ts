/**
 * A column of a table as Postgres prints it, which is how the change log tells it → the language's constant, and JSON text.
 *
 * Worry: a row that came through the log must be the same row as one that came through a query, in every decision and to the
 * byte in every answer; else a live view drifts from a list. Decision: what JSON looks like is said in json-text.ts alone; what a
 * constant is, by `toConst` of the language. Here stands only what the driver does in between. Why it is enough: a test holds
 * both to a query through the driver, for every type of field and values at its edges.
 *
 * Connections are set to UTC and ISO dates; so must be the one that reads the log.
 */
import { toConst } from '@underpin/sdk/expr/context';
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Ty } from '@underpin/sdk/expr/model';
import { toJson, type ToJson } from './json-text.ts';

export type FromText = (text: string) => ConstValue;
type Items = readonly (string | null | Items)[];

const point = /^\(([^,]+),([^)]+)\)$/;
const moment = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?\+00( BC)?$/;

/** What the value of a column of this type is in rules and filters. */
export function fromText(ty: Ty): FromText {
  switch (ty.kind) {
    case 'text':
      return (text) => text;
    case 'bool':
      return (text) => text === 't';
    case 'int':
    case 'number':
      return (text) => toConst(Number(text), ty);
    case 'time':
      return toMoment;
    case 'geo':
      return (text) => {
        const [, x, y] = point.exec(text) ?? [];
        return toConst({ x: Number(x), y: Number(y) }, ty);
      };
    case 'json':
      return (text) => toConst(JSON.parse(text), ty);
    case 'list':
      return (text) => toConst(toItems(text), ty);
    default:
      return (text) => toConst(text, ty);
  }
}

/** What it is in an answer. Of lists a query asks for JSON; the log tells them as Postgres writes arrays. */
export const imageJson = (ty: Ty): ToJson => (ty.kind === 'list' ? (text) => JSON.stringify(toItems(text)) : toJson(ty));

function toMoment(text: string): ConstValue {
  const match = moment.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number);
  const at = new Date(0);
  // The year before 1 is 1 BC, which counts as 0. Not Date.UTC, which takes the years 0–99 for 1900–1999.
  at.setUTCFullYear(match[8] === undefined ? year : 1 - year, month - 1, day);
  at.setUTCHours(hours, minutes, seconds, Number((match[7] ?? '').padEnd(3, '0')));
  return toConst(at, { kind: 'time' });
}

/** `{a,"b c",NULL}`; of several dimensions lists in lists, and before them perhaps their bounds, as `[0:1]={a,b}`. */
function toItems(text: string): Items {
  let at = text.indexOf('{');
  const item = (): string | null => {
    let value = '';
    if (text[at] === '"') {
      for (at += 1; text[at] !== '"'; at += 1) value += text[at] === '\\' ? text[(at += 1)] : text[at];
      at += 1;
      return value;
    }
    for (; at < text.length && text[at] !== ',' && text[at] !== '}'; at += 1) value += text[at];
    return value === 'NULL' ? null : value;
  };
  const list = (): Items => {
    const items: (string | null | Items)[] = [];
    at += 1;
    while (at < text.length && text[at] !== '}') {
      items.push(text[at] === '{' ? list() : item());
      if (text[at] === ',') at += 1;
    }
    at += 1;
    return items;
  };
  return at < 0 ? [] : list();
}
