/**
 * How bytes are shown to a browser.
 *
 * Worry: what somebody uploaded is opened on our own origin, where scripts of it could act as whoever looks. Decision: only what cannot hold a
 * script is shown in place; all else is saved to disk. And every answer says that it is a sandbox of its own origin that may
 * load nothing, and that its type is just what it says; so that what is opened all the same has nobody's cookies and no scripts.
 */
import disposition from 'content-disposition';
import parseRange from 'range-parser';
import { fail } from '../kit/errors.ts';
import type { Range } from '../storage/driver.ts';

export interface Shown {
  readonly status: 200 | 206 | 304;
  readonly headers: Readonly<Record<string, string>>;
  readonly range?: Range;
}
export interface Bytes {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** What changes with them. */
  readonly tag: string;
  readonly download: boolean;
}
type Asked = Readonly<Record<'range' | 'if-range' | 'if-none-match', string | undefined>>;

const inPlace: ReadonlySet<string> = new Set([
  'image/png',
  'image/apng',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'text/plain',
]);
const isInPlace = (type: string): boolean => inPlace.has(type) || /^(audio|video)\/[\w.+-]+$/.test(type);
/** What a page of ours could be made to run or be dressed in is called plain text, which is neither. */
const shownAs = (type: string): string =>
  type === 'text/plain' || /javascript|ecmascript|css$/.test(type) ? 'text/plain; charset=utf-8' : type;
const sandbox = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";

export function showBytes({ name, type, size, tag, download }: Bytes, asked: Asked): Shown {
  const etag = `"${tag}"`;
  const headers = {
    ETag: etag,
    // Rights are asked each time; what did not change is not sent again.
    'Cache-Control': 'private, no-cache',
    'Content-Security-Policy': sandbox,
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Referrer-Policy': 'no-referrer',
  };
  if (isKnown(asked['if-none-match'], etag)) return { status: 304, headers };
  const range = rangeOf(asked, etag, size);
  const about = {
    ...headers,
    'Accept-Ranges': 'bytes',
    'Content-Type': shownAs(type),
    'Content-Disposition': disposition.create(name, { type: !download && isInPlace(type) ? 'inline' : 'attachment' }),
  };
  if (range === undefined) return { status: 200, headers: { ...about, 'Content-Length': String(size) } };
  const { first, last } = range;
  return {
    status: 206,
    headers: { ...about, 'Content-Length': String(last - first + 1), 'Content-Range': `bytes ${first}-${last}/${size}` },
    range,
  };
}

const isKnown = (sent: string | undefined, etag: string): boolean =>
  sent !== undefined && (sent.trim() === '*' || sent.split(',').some((one) => one.trim().replace(/^W\//, '') === etag));

/** One range; where several are asked for, or what is asked makes no sense, all is sent, as the RFC allows. */
function rangeOf(asked: Asked, etag: string, size: number): Range | undefined {
  const { range } = asked;
  if (range === undefined || range.length > 100 || (asked['if-range'] !== undefined && asked['if-range'] !== etag)) return undefined;
  const found = parseRange(size, range);
  if (found === -1) throw fail('invalid_range', { detail: `The file has ${size} bytes.`, headers: { 'Content-Range': `bytes */${size}` } });
  if (found === -2 || found.type !== 'bytes' || found.length !== 1) return undefined;
  const [one] = found;
  return one && { first: one.start, last: one.end };
}
