/** Uploads in tests, and what lies where. */
import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import type { Answer, TestApp } from './app.ts';
import { query } from './app.ts';

export interface Upload {
  readonly collection?: string;
  readonly field?: string;
  readonly name?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** POST /files with these bytes as they are. */
export async function upload(up: TestApp, bytes: Buffer | string | FormData, asked: Upload = {}): Promise<Answer> {
  const { collection = 'posts', field = 'cover', name, token, headers = {} } = asked;
  const response = await fetch(`${up.url}/api/v1/files${query({ collection, field, ...(name !== undefined && { name }) })}`, {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(bytes instanceof FormData ? {} : { 'content-type': 'application/octet-stream' }),
      ...headers,
    },
    body: bytes instanceof FormData ? bytes : new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)]),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

/** A picture of noise, so that it has some bytes. */
export const picture = (width = 40, height = 30, format: 'png' | 'jpeg' | 'webp' = 'png'): Promise<Buffer> =>
  sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();

/** Names in the store, those of unfinished uploads too. */
export async function namesInStore(up: TestApp): Promise<string[]> {
  const names = new Set<string>();
  for await (const { name } of up.app.base.storage.list()) names.add(name);
  return [...names].sort();
}

/** Names that the table stands for: each file of which a byte is kept, and each thumb that was made. */
export async function namesInTable(up: TestApp): Promise<string[]> {
  const rows = await up.sql(
    `SELECT right(id::text, 2) || '/' || id AS name FROM underpin.files f LEFT JOIN underpin.uploads u ON u.file = f.id WHERE whole IS NOT NULL OR u."offset" > 0
     UNION ALL SELECT right(file::text, 2) || '/' || file || '-' || size FROM underpin.thumbs WHERE bytes > 0`,
  );
  return rows.map(({ name }) => String(name)).sort();
}
