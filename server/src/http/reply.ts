/** What a route answers: a value, sent by route.ts alone. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { limits } from '../kit/limits.ts';
import { pipeline } from 'node:stream/promises';

const { silence } = limits.files;

export interface Reply {
  readonly status: number;
  /** JSON text; absent for 204. */
  readonly text?: string;
  /** Bytes that are as long as `Content-Length` says; opened when they are sent, and not for HEAD. */
  readonly bytes?: () => Promise<Readable | Buffer>;
  /** A body that is made while it is sent, as fast as it is taken. */
  readonly chunks?: AsyncIterable<string>;
  /** Where that has no end of its own: when it is over, whether or not all was taken. */
  readonly until?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export const json = (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  text: JSON.stringify(value),
  headers,
});
export const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  text: body,
  headers,
});
export const noContent: Reply = { status: 204 };
/** What is done for it is not to be told. */
export const accepted: Reply = { status: 202, text: '{}' };

/** Sends a reply whole. `more`: headers that are the request's and not the reply's. */
export function send(response: ServerResponse, reply: Reply, more: Readonly<Record<string, string>> = {}): void {
  const headers: Record<string, string | number> = { ...more, 'Cache-Control': 'no-store', ...reply.headers };
  if (reply.text !== undefined) {
    headers['Content-Type'] ??= 'application/json; charset=utf-8';
    headers['Content-Length'] = Buffer.byteLength(reply.text);
  }
  // Head and body in one piece, which is one packet where it is short.
  response.writeHead(reply.status, headers);
  response.end(reply.text);
}

/** Sends bytes as fast as they are taken. */
export async function sendBytes(
  response: ServerResponse,
  { status, headers = {} }: Reply,
  open: () => Promise<Readable | Buffer>,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const bytes = response.req.method === 'HEAD' ? undefined : await open();
  response.writeHead(status, { ...more, 'Cache-Control': 'no-store', ...headers });
  // Who takes nothing for so long is not waited for.
  if (bytes instanceof Readable) response.setTimeout(silence, () => response.destroy());
  if (bytes instanceof Readable) await pipeline(bytes, response);
  else response.end(bytes);
}

/** Sends a body while it is made. What goes wrong on the way ends the connection, so that half of it is not taken for all. */
export async function sendChunks(
  response: ServerResponse,
  { status, headers = {}, until }: Reply,
  chunks: AsyncIterable<string>,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  response.writeHead(status, { ...more, 'Cache-Control': 'no-store', ...headers });
  await pipeline(Readable.from(chunks, { highWaterMark: 1 }), response, until === undefined ? {} : { signal: until });
}
