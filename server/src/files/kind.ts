/**
 * What a file is, by its first bytes. What its uploader calls it decides only between kinds of text, which no signature tells apart; and
 * what a browser could take for a page or a drawing with scripts is called that, however it is named.
 */
import { fileTypeFromBuffer } from 'file-type';
import mime from 'mime-types';
import sharp from 'sharp';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';

export interface Kind {
  readonly type: string;
  readonly width?: number;
  readonly height?: number;
}

export async function kindOf(head: Uint8Array, name: string): Promise<Kind> {
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  const type = isTiff(head) ? 'image/tiff' : found === undefined || found.mime === 'application/xml' ? textType(head, name) : found.mime;
  return type.startsWith('image/') && type !== 'image/svg+xml' ? { type, ...(await sizeOf(head)) } : { type };
}

/** Its list of what it holds may stand at its end. */
const isTiff = (head: Uint8Array): boolean => ['49492a00', '4d4d002a'].includes(Buffer.from(head.subarray(0, 4)).toString('hex'));

const named: ReadonlySet<string> = new Set([
  'application/json',
  'application/xml',
  'application/javascript',
  'application/yaml',
  'application/toml',
]);

function textType(head: Uint8Array, name: string): string {
  const text = textOf(head);
  if (text === undefined) return 'application/octet-stream';
  const begins = text
    .replace(/^\uFEFF?\s*/, '')
    .slice(0, 4_096)
    .toLowerCase();
  if (/<svg[\s>:]|<!doctype\s+svg/.test(begins)) return 'image/svg+xml';
  if (
    /^<(!doctype\s+html|!--|html|head|body|script|iframe|style|title|table|div|h1|p|a|br|b)\b|^<(!doctype\s+html|!--)|<(script|iframe|html)[\s>]/.test(
      begins,
    )
  )
    return 'text/html';
  const called = mime.lookup(name);
  if (called !== false && (called.startsWith('text/') || named.has(called))) return called;
  return begins.startsWith('<?xml') ? 'application/xml' : 'text/plain';
}

/** The text that these bytes begin; undefined where they are none. A character may be cut at the end. */
function textOf(head: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return /[\u0000-\u0008\u000E-\u001A\u001C-\u001F]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** As it is shown, where the header tells. */
async function sizeOf(head: Uint8Array): Promise<{ readonly width?: number; readonly height?: number }> {
  const found = await sharp(head, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .then(
      ({ autoOrient }) => autoOrient,
      () => webpSize(Buffer.from(head)),
    );
  if (found === undefined) return {};
  const { width, height } = found;
  if (width * height > limits.files.pixels)
    throw fail('validation_failed', `An image may have at most ${limits.files.pixels} pixels; this one has ${width} × ${height}.`);
  return { width, height };
}

/** Of the three kinds of WebP, which is not read where it is cut (RFC 9649). */
function webpSize(head: Buffer): { readonly width: number; readonly height: number } | undefined {
  if (head.length < 30 || head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WEBP') return undefined;
  const kind = head.toString('latin1', 12, 16);
  if (kind === 'VP8X') return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
  if (kind === 'VP8 ') return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
  if (kind !== 'VP8L') return undefined;
  const bits = head.readUInt32LE(21);
  return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
}
