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
  const type = found === undefined || found.mime === 'application/xml' ? textType(head, name) : found.mime;
  return type.startsWith('image/') && type !== 'image/svg+xml' ? { type, ...(await sizeOf(head)) } : { type };
}

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
    .catch(() => undefined);
  if (found === undefined) return {};
  const { width, height } = found.autoOrient;
  if (width * height > limits.files.pixels)
    throw fail('validation_failed', `An image may have at most ${limits.files.pixels} pixels; this one has ${width} × ${height}.`);
  return { width, height };
}
