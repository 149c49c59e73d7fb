/** A server on this machine that notes what it is asked and answers what the test says. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiError } from '../src/index.ts';
import { attempt } from '../src/index.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where it is JSON, else as text. */
  readonly body: unknown;
}
export interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  /** Sent as it is, piece by piece, and then left open until the client goes. */
  readonly pieces?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
  readonly drop?: boolean;
}
export type Answer = (request: Seen, nth: number) => Reply;

export interface LocalServer {
  readonly seen: Seen[];
  start(answer: Answer): Promise<string>;
  stop(): Promise<void>;
}

export function localServer(): LocalServer {
  const seen: Seen[] = [];
  let answer: Answer = () => ({});
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method = '', url = '', headers } = request;
      const isJson = headers['content-type']?.includes('json') === true;
      const got: Seen = { method, url, headers, body: isJson ? JSON.parse(text) : text || undefined };
      seen.push(got);
      const reply = answer(got, seen.length);
      const { status = 200, body = {}, afterMs = 0 } = reply;
      if (reply.drop) request.socket.destroy();
      else if (reply.pieces) {
        response.writeHead(status, reply.headers);
        for (const piece of reply.pieces) response.write(piece);
      } else setTimeout(() => response.writeHead(status, reply.headers).end(status === 204 ? undefined : JSON.stringify(body)), afterMs);
    });
  });
  return {
    seen,
    start: async (given) => {
      seen.length = 0;
      answer = given;
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function failure(work: PromiseLike<unknown>): Promise<ApiError> {
  const [error] = await attempt(work);
  if (!error) throw new Error('did not fail');
  return error;
}
