/**
 * A client for a server that renders pages: it asks as the visitor whose request is being answered, by the session cookie that
 * his browser sent. One for each request, and never for two.
 *
 * What the browser said of where the request comes from is sent along, so that a form on another site can no more make this
 * server write in the visitor's name than it could do so itself. Signing in and out is for the browser, to which cookies belong.
 */
import { createClient } from './index.ts';
import type { Client, ClientOptions } from './index.ts';
import type { SchemaTypes, Untyped } from './types.ts';

/** The request of the visitor: a `Request`, or one of node:http, or anything with headers. */
export interface VisitorRequest {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

const ownCookies = new Set(['underpin_session', '__Host-underpin_session']);
const sentOn = ['sec-fetch-site', 'origin', 'user-agent'] as const;

export function createServerClient<S extends SchemaTypes<S> = Untyped>(
  request: VisitorRequest,
  options: Omit<ClientOptions, 'token' | 'session' | 'storage'>,
): Client<S> {
  const read = (name: string): string | undefined => {
    const { headers } = request;
    const value = headers instanceof Headers ? headers.get(name) : headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  // No other cookie of the page is Underpin's business, the dashboard's least of all.
  const cookie = (read('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => ownCookies.has(part.split('=', 1)[0] ?? ''))
    .join('; ');
  const more = sentOn.flatMap((name) => {
    const value = read(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const headers = { ...options.headers, ...Object.fromEntries(more), 'X-Underpin-Session': 'cookie', ...(cookie && { Cookie: cookie }) };
  return createClient<S>({ ...options, headers, session: 'cookie' });
}
