/**
 * Reads a JSON body.
 *
 * Worry: one small request can cost a server dearly: a megabyte of `[` overflows the parser's stack or that of whoever
 * walks the value later; a million keys fill its memory.
 * Decision: the bytes are bounded while they arrive, and a flat scan over the text counts depth, keys and items before
 * JSON.parse sees it. It need not know JSON: it skips strings, and counts brackets, colons and commas.
 */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { problemsOf, refused } from '../schema/definition.ts';

/** A request may be done twice (route.ts); its body comes once. */
const bodies = new WeakMap<IncomingMessage, Promise<unknown>>();

export function readJson(request: IncomingMessage, most: number): Promise<unknown> {
  const body = bodies.get(request) ?? parseBody(request, most);
  bodies.set(request, body);
  return body;
}

async function parseBody(request: IncomingMessage, most: number): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const chunks = await readBytes(request, most);
  if (chunks.length === 0) return undefined;
  if (type !== 'application/json') throw fail('unsupported_media_type', 'Send JSON, with Content-Type: application/json.');
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw fail('unsupported_media_type', 'Send the body as it is, without Content-Encoding.');
  const text = decode(chunks);
  refuseExcess(text);
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch (error) {
    throw failAt('invalid_request', '', 'The body is no JSON', error);
  }
}

async function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  const chunks: Buffer[] = [];
  let size = 0;
  // Of files the server takes more time than of JSON.
  const late = setTimeout(() => request.destroy(), limits.request.timeout);
  try {
    for await (const chunk of request) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > most) throw tooLarge(most);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks);
}
const tooLarge = (most: number) => fail('payload_too_large', `The body may have at most ${most} bytes.`);

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw failAt('invalid_request', '', 'The body is not UTF-8', error);
  }
}

const quote = 34;
const backslash = 92;

export function refuseExcess(text: string): void {
  let depth = 0;
  let keys = 0;
  let items = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      for (at++; at < text.length && text.charCodeAt(at) !== quote; at++) if (text.charCodeAt(at) === backslash) at++;
    } else if (code === 123 || code === 91) {
      if (++depth > limits.body.depth) throw fail('limit_exceeded', `JSON may be at most ${limits.body.depth} deep.`);
    } else if (code === 125 || code === 93) depth--;
    else if (code === 58 && ++keys > limits.body.keys) throw fail('limit_exceeded', `JSON may have at most ${limits.body.keys} keys.`);
    else if (code === 44 && ++items > limits.body.items) throw fail('limit_exceeded', `JSON may have at most ${limits.body.items} items.`);
  }
}

/** A body of the shape that is asked for, or 400 with every problem at its pointer. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw refused(problemsOf(result.error, ''));
  return result.data;
}
