/** What the dashboard derives from a file: its kind, its size in words, the smallest picture of it that will do. */
import type { FieldDef, FileValue } from '@underpin/sdk/wire';
import { API } from './client.ts';

const isFile = (value: unknown): value is FileValue =>
  typeof value === 'object' && value !== null && 'id' in value && 'url' in value && 'type' in value && 'name' in value && 'size' in value;

/** The value of a field for one file or for many. */
export const filesOf = (value: unknown): readonly FileValue[] => (Array.isArray(value) ? value : [value]).filter(isFile);

export const FILE_KINDS = ['image', 'video', 'audio', 'document'] as const;
export type FileKind = (typeof FILE_KINDS)[number] | 'archive' | 'other';

/** Parts of the types of documents that do not begin with `text/`. */
export const DOCUMENTS = ['/pdf', 'officedocument', 'opendocument', 'msword', '/vnd.ms-', '/rtf', '/epub'] as const;
const ARCHIVES = /zip|compressed|x-tar|x-7z|x-rar|x-bzip|x-xz|zstd/;

export const kindOfFile = (type: string): FileKind => {
  const [family = ''] = type.split('/');
  if (family === 'image' || family === 'video' || family === 'audio') return family;
  if (family === 'text' || DOCUMENTS.some((part) => type.includes(part))) return 'document';
  return ARCHIVES.test(type) ? 'archive' : 'other';
};

export const addressOf = (id: string, name: string): string => `${API}/files/${id}/${encodeURIComponent(name)}`;
export const downloadOf = (url: string): string => `${url}?download`;

/** The sizes of small pictures that a field declares. */
export const thumbsOf = (field: FieldDef | undefined): readonly string[] =>
  Array.isArray(field?.['thumbs']) ? field['thumbs'].map(String).filter((size) => /^\d+x\d+$/.test(size)) : [];

const longest = (size: string): number => Math.max(...size.split('x').map(Number));

/** The smallest of them that is no smaller than `pixels`, else the largest there is. */
export const thumbFor = (sizes: readonly string[], pixels: number): string | undefined => {
  const ordered = [...sizes].sort((a, b) => longest(a) - longest(b));
  return ordered.find((size) => longest(size) >= pixels) ?? ordered.at(-1);
};

/** Whether the server lets a browser show it in place; everything else is saved. */
export const isShown = (type: string): boolean =>
  type === 'text/plain' || ['video', 'audio'].includes(kindOfFile(type)) || (DRAWN.test(type) && type !== 'image/svg+xml');

/** What browsers draw. */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif|svg\+xml|bmp|x-icon|vnd\.microsoft\.icon|apng)$/;
/** Larger images are not loaded for the sake of a small picture. */
const MOST_BYTES = 1024 * 1024;

export type Pictured = Pick<FileValue, 'type' | 'size' | 'url'> & { readonly width?: number | null | undefined };

/** Where a picture of the file is, of about so many pixels; null: there is none but an icon. */
export const pictureOf = ({ type, size, url, width }: Pictured, sizes: readonly string[], pixels: number): string | null => {
  if (kindOfFile(type) !== 'image') return null;
  const isMeasured = typeof width === 'number' && type !== 'image/svg+xml';
  const thumb = isMeasured ? thumbFor(sizes, pixels) : undefined;
  const isWhole = size < MOST_BYTES && DRAWN.test(type);
  // A small one that would be drawn at more than twice its size is for want of anything better.
  if (thumb !== undefined && (!isWhole || longest(thumb) * 2 >= pixels)) return `${url}?thumb=${thumb}`;
  return isWhole ? url : null;
};
