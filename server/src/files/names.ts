/** What files are called: by people, in the store, and in a URL. */
import { limits } from '../kit/limits.ts';

/** Under which name the bytes lie; those of a thumb beside them. */
export const storedName = (id: string, thumb?: string): string => `${id.slice(-2)}/${id}${thumb === undefined ? '' : `-${thumb}`}`;

export const urlOf = (id: string, name: string): string => `/api/v1/files/${id}/${encodeURIComponent(name)}`;

/** A name for people, whatever was sent: no way through folders, nothing that is not seen, not too long. The ending stays. */
export function cleanName(sent: string): string {
  const plain = sent
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/g, '');
  const last = plain.split(/[\\/]/).at(-1)?.trim() ?? '';
  if (/^\.*$/.test(last)) return 'file';
  const characters = [...last];
  if (characters.length <= limits.files.name) return last;
  const ending = /\.[^.]{1,16}$/u.exec(last)?.[0] ?? '';
  return characters.slice(0, limits.files.name - ending.length).join('') + ending;
}
