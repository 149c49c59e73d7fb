/**
 * Where bytes lie. A driver knows names and bytes, and nothing of files: what a name stands for is said by a row of `underpin.files`.
 *
 * Worry: a file comes in pieces, over hours, through processes that die; what is acknowledged must be there, and what is there must be
 * what its hash says. Decision: a driver keeps nothing in mind. How far it is (`Progress`) is given to it and taken from it, and is kept
 * by the caller, in the table; a driver says `kept` only of bytes that a crash does not take, and takes back from the store whatever it finds
 * beyond what it is told was kept. Why it is enough: the table alone says how far an upload is, and at each of its places the bytes are
 * in the store, and the hash is that of these bytes.
 */
import type { Readable } from 'node:stream';

/** How far an upload is: the bytes that are kept, and what the driver has to know to go on. JSON. */
export interface Progress {
  readonly offset: number;
  /** Parts that are there. */
  readonly parts?: readonly string[];
  /** What the store calls the upload. */
  readonly upload?: string;
  /** Bytes behind the last part, and what they are called. */
  readonly rest?: number;
  readonly restAs?: string;
}
export const nothing: Progress = { offset: 0 };

/** Hears of the bytes in their order, and of the places up to which they are kept. */
export interface Keeper {
  took(bytes: Uint8Array): void;
  /** All that was taken so far is safe. What comes behind it waits until this is done. */
  kept(progress: Progress): Promise<void>;
}

/** First and last byte. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export interface Stored {
  readonly name: string;
  /** False for what an upload left that has not come to its end. */
  readonly isWhole: boolean;
  readonly changed: Date;
}

export interface Driver {
  /** Throws `Gone`. */
  get(name: string, range?: Range): Promise<Readable>;
  size(name: string): Promise<number | undefined>;
  /** Whatever there is under the name, whole or begun; nothing is no error. */
  remove(name: string): Promise<void>;
  /** Names that are ours; what else lies there is somebody else's. */
  list(): AsyncIterable<Stored>;
  /** All bytes at once: under the name there is all of it or nothing. Gives back how many there were. */
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * Takes bytes behind those that are kept. Where they break off, what came is kept all the same, and then the error is thrown.
   * `Gone`: what the progress tells of is not there any more.
   */
  append(name: string, progress: Progress, bytes: AsyncIterable<Uint8Array>, keeper: Keeper): Promise<Progress>;
  /** From here on it can be got: all of it, or nothing where this fails. */
  finish(name: string, progress: Progress): Promise<void>;
}

/** What should be there is not. */
export class Gone extends Error {}

/** Names are ours: lower case, digits, hyphens and slashes, so that none of them leaves its folder. */
export const isName = (name: string): boolean => /^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*){0,3}$/.test(name) && name.length <= 200;
export function named(name: string): string {
  if (!isName(name)) throw new Error(`"${name}" is no name for the store`);
  return name;
}
