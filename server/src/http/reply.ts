/** What a route answers: a value, sent by route.ts alone. */
import type { Response } from 'express';

export interface Reply {
  readonly status: number;
  /** JSON text; absent for 204. */
  readonly text?: string;
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

export function send(response: Response, reply: Reply): void {
  response.statusCode = reply.status;
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.text === undefined) {
    response.end();
    return;
  }
  const body = Buffer.from(reply.text);
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', body.length);
  response.end(body);
}
