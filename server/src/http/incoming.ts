/** A request as routes see it, whether Express found the route or records.ts did. */
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { failAt } from '../kit/errors.ts';

export type Incoming = IncomingMessage & {
  readonly params: Readonly<Record<string, string | readonly string[]>>;
  /** The whole path and query, where `url` was cut by a router. */
  readonly originalUrl?: string;
};

export const urlOf = (request: Incoming): string => request.originalUrl ?? request.url ?? '';
export const pathOf = (request: Incoming): string => urlOf(request).split('?', 1)[0] ?? '';

export function queryText(request: Incoming): string {
  const url = urlOf(request);
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}
export const queryOf = (request: Incoming): URLSearchParams => new URLSearchParams(queryText(request));

/** A part of the path, decoded; URIError where it cannot be. */
export function param(request: Incoming, name: string): string {
  const value = request.params[name];
  if (typeof value !== 'string') return '';
  // Express has decoded its own; only what this door cut out of the path still holds a percent sign.
  return value.includes('%') ? decodeURIComponent(value) : value;
}

/** No parameters besides those that are known, and none twice. */
export function noParameters(request: Incoming, ...known: readonly string[]): URLSearchParams {
  const asked = queryOf(request);
  for (const [name] of asked) {
    if (!known.includes(name)) throw failAt('invalid_request', `/${name}`, `There is no parameter "${name}"`);
    if (asked.getAll(name).length > 1) throw failAt('invalid_request', `/${name}`, `"${name}" stands in the query twice`);
  }
  return asked;
}

/** The same for all routes of a router. */
export const withoutParameters: RequestHandler = (request, _response, next) => {
  noParameters(request);
  next();
};
