/**
 * Reads what Postgres's output plugin `pgoutput` sends (protocol 2, values as text): one message at a time into one event.
 *
 * Worry: a transaction that does not fit in Postgres's memory is sent in pieces before anybody knows whether it will be committed, with
 * pieces of it undone, and with tables as only that transaction has them so far; read as if it were there, it would tell of what
 * never happened and spoil what is known of tables for the others.
 * Decision: inside such a stream rows are not read, only which table they touch and for which (sub)transaction, but for tables of which
 * somebody may miss nothing (`wanted`); tables told there are known there alone until the stream is committed. Why it is enough: Postgres counts a table told in a stream as told to everybody
 * exactly from that commit on, and whoever changes a table keeps others out until then.
 */
import { asciiOf, bytesOf } from './bytes.ts';
import type { Change, Image, Position, Relation } from './change.ts';
import type { Event } from './events.ts';
import { positionAt } from './position.ts';

export interface Decoder {
  /** The event that begins at `offset`; undefined where there is nothing to tell. Where `rows` is false, and in streams, only what is `wanted` is more than `touch`. */
  decode(message: Buffer, offset: number, rows: boolean, wanted?: Wanted): Event | undefined;
  /** Another connection: streams begin again, and tables are told again; those that stayed the same stay the same object. */
  restart(): void;
}

export type Wanted = (relation: Relation) => boolean;
const nothing: Wanted = () => false;

/** The messages that name a (sub)transaction where they stand in a stream. */
const inStreams = new Set([...'RYIUDTM'].map((tag) => tag.charCodeAt(0)));
const identities: Readonly<Record<number, Relation['identity']>> = { 0x66: 'full', 0x64: 'key', 0x69: 'key' };

const isSame = (one: Known, other: Known): boolean =>
  one.relation.schema === other.relation.schema &&
  one.relation.name === other.relation.name &&
  one.relation.identity === other.relation.identity &&
  isEqual(one.relation.columns, other.relation.columns) &&
  isEqual(one.key, other.key);
const isEqual = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);

/** A relation and which of its columns are its key. */
interface Known {
  readonly relation: Relation;
  readonly key: readonly boolean[];
}

export function createDecoder(): Decoder {
  const known = new Map<number, Known>();
  const streamed = new Map<number, Map<number, Known>>();
  let stream = 0;
  let bytes = bytesOf(Buffer.alloc(0));
  let at = 0;

  let origin = 0;
  let ascii: string | undefined;
  /** Whether `ascii` is of this message: begins and commits have no text. */
  let isRead = false;

  const text = (start: number, end: number): string => {
    if (!isRead) ascii = asciiOf(bytes, origin);
    isRead = true;
    return ascii === undefined ? bytes.utf8Slice(start, end) : ascii.substring(start - origin, end - origin);
  };
  const int8 = (): number => bytes[at++] ?? 0;
  const int16 = (): number => (int8() << 8) | int8();
  const uint32 = (): number => {
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const position = (): Position => {
    at += 8;
    return positionAt(bytes, at - 8);
  };
  const cstring = (): string => {
    const start = at;
    const end = bytes.indexOf(0, start);
    at = end + 1;
    return text(start, end);
  };

  const find = (oid: number): Known => {
    const found = (stream === 0 ? undefined : streamed.get(stream)?.get(oid)) ?? known.get(oid);
    if (found === undefined) throw new Error(`pgoutput tells of the table ${oid}, which it has not described`);
    return found;
  };

  const relation = (): undefined => {
    const oid = uint32();
    const [schema, name] = [cstring(), cstring()];
    const identity = identities[int8()] ?? 'nothing';
    const columns: string[] = [];
    const key: boolean[] = [];
    for (let left = int16(); left > 0; left--) {
      key.push((int8() & 1) === 1);
      columns.push(cstring());
      at += 8;
    }
    const fresh: Known = { relation: { oid, schema, name, columns, identity }, key };
    const before = known.get(oid);
    const kept = before !== undefined && isSame(before, fresh) ? before : fresh;
    if (stream === 0) known.set(oid, kept);
    else streamed.get(stream)?.set(oid, kept);
  };

  /** The value of the row before, where the row after has the same: most do, and one text is held for both. */
  const again = (before: string | null | undefined, length: number): string | undefined =>
    isRead && before?.length === length && ascii?.startsWith(before, at - origin) === true ? before : undefined;

  /** The columns of a row. What was not sent because it stayed the same is taken from `old`; of a key's row, only the key was sent. */
  const tuple = (key: readonly boolean[] | undefined, old: Image | undefined): Image => {
    const count = int16();
    const image: (string | null | undefined)[] = [];
    for (let index = 0; index < count; index++) {
      const kind = int8();
      if (kind === 0x74) {
        const length = uint32();
        image.push(again(old?.[index], length) ?? text(at, at + length));
        at += length;
      } else if (kind === 0x6e) image.push(key === undefined || key[index] === true ? null : undefined);
      else if (kind === 0x75) image.push(old?.[index]);
      else throw new Error(`pgoutput sends a value of the kind ${kind}, which was not asked for`);
    }
    return image;
  };

  const changed = (tag: number, { relation, key }: Known): Change => {
    const kind = int8();
    if (tag === 0x49) return { op: 'insert', relation, row: tuple(undefined, undefined) };
    if (tag === 0x44) return { op: 'delete', relation, old: tuple(kind === 0x4b ? key : undefined, undefined) };
    if (kind === 0x4e) return { op: 'update', relation, row: tuple(undefined, undefined) };
    const old = tuple(kind === 0x4b ? key : undefined, undefined);
    at += 1;
    return { op: 'update', relation, old, row: tuple(undefined, kind === 0x4f ? old : undefined) };
  };

  const truncated = (): readonly Relation[] => {
    const count = uint32();
    at += 1;
    return Array.from({ length: count }, () => find(uint32()).relation);
  };

  const message = (xid: number): Event | undefined => {
    const isTransactional = (int8() & 1) === 1;
    at += 8;
    const prefix = cstring();
    const length = uint32();
    return isTransactional ? { kind: 'message', xid, message: { prefix, content: text(at, at + length) } } : undefined;
  };

  const settle = (xid: number): void => {
    for (const [oid, one] of streamed.get(xid) ?? []) known.set(oid, one);
    streamed.delete(xid);
  };

  /** ms since 1970, of µs since 2000. */
  const moment = (): number => {
    at += 8;
    return Math.floor((bytes.readInt32BE(at - 8) * 2 ** 32 + bytes.readUInt32BE(at - 4)) / 1_000) + 946_684_800_000;
  };

  const event = (tag: number, rows: boolean, wanted: Wanted): Event | undefined => {
    const xid = stream !== 0 && inStreams.has(tag) ? uint32() : 0;
    switch (tag) {
      case 0x42: {
        const commits = position();
        at += 8;
        return { kind: 'begin', commits, xid: uint32() };
      }
      case 0x43:
        at += 9;
        return { kind: 'commit', end: position(), at: moment() };
      case 0x49:
      case 0x55:
      case 0x44: {
        const of = find(uint32());
        const isRead = (rows && stream === 0) || wanted(of.relation);
        return isRead ? { kind: 'change', xid, change: changed(tag, of) } : { kind: 'touch', xid, relations: [of.relation] };
      }
      case 0x54: {
        const relations = truncated();
        return { kind: (rows && stream === 0) || relations.some(wanted) ? 'truncate' : 'touch', xid, relations };
      }
      case 0x52:
        return relation();
      case 0x4d:
        return message(xid);
      case 0x53:
        stream = uint32();
        if (!streamed.has(stream)) streamed.set(stream, new Map());
        return { kind: 'stream', xid: stream };
      case 0x45:
        stream = 0;
        return { kind: 'stream-stop' };
      case 0x63: {
        const committed = uint32();
        settle(committed);
        at += 9;
        return { kind: 'stream-commit', xid: committed, end: position(), at: moment() };
      }
      case 0x41: {
        const [aborted, subxid] = [uint32(), uint32()];
        if (aborted === subxid) streamed.delete(aborted);
        return { kind: 'stream-abort', xid: aborted, subxid };
      }
      default:
        // Types and origins: nothing that anybody asks for.
        return undefined;
    }
  };

  return {
    decode: (from, offset, rows, wanted = nothing) => {
      bytes = bytesOf(from);
      at = origin = offset;
      isRead = false;
      return event(int8(), rows, wanted);
    },
    restart: () => {
      stream = 0;
      streamed.clear();
    },
  };
}
