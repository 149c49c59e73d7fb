/** What the commands share that speak to a running server, and what every command ends with. */
import type { Problem } from '@underpin/sdk/wire';

export interface Asking {
  readonly url: string;
  readonly token: string;
  readonly json?: boolean;
}
/** What it prints, and 0 for done, 1 for failed. */
export interface Ended {
  readonly text: string;
  readonly code: 0 | 1;
}

export const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** POST to a path below `/api/v1`. T is what the contract says of it. */
export async function ask<T>({ url, token }: Asking, path: string, body: unknown): Promise<T> {
  const answer = await fetch(new URL(`/api/v1/${path}`, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const read: unknown = await answer.json();
  if (!answer.ok) {
    // cast: every answer that is no success is a Problem (docs/reference/errors.md).
    const { title, detail } = read as Problem;
    throw new Error(`${answer.status} ${title}: ${detail}`);
  }
  // cast: the answer of our own route, whose type is the one in wire.ts.
  return read as T;
}
