/**
 * Puts the events of the log together into transactions.
 *
 * Worry: one statement on a million rows must neither fill the memory nor keep the small transactions behind it waiting.
 * Decision: beyond a bound, and wherever Postgres sends it in pieces, a transaction is only the set of tables that it touched (`bulk`);
 * its rows are not even read. What a subtransaction touched is forgotten when that is undone. The set may name a table too many (of
 * subtransactions beyond the bound), never one too few. Who may miss nothing (`Keeping`) is given each of its rows all the same, as they come.
 */
import { limits } from '../kit/limits.ts';
import type { Change, LogMessage, Position, Relation, Txn } from './change.ts';
import type { Event } from './events.ts';
import type { Decoder } from './pgoutput.ts';

/** A transaction and roughly how many bytes it takes to remember it. */
export type Deliver = (txn: Txn, bytes: number) => void;

/** Who is told of every change that it wants, of transactions of any size; `commit` says which of them came true. */
export interface Keeping {
  wants(relation: Relation): boolean;
  /** A change of a transaction that is not held, and of which of its subtransactions. */
  add(top: number, xid: number, change: Change): void;
  /** All of it is undone where both are the same. */
  undo(top: number, xid: number): void;
  /** `changes`: those that were held. */
  commit(top: number, ended: Ended): void;
}
export interface Ended {
  readonly position: Position;
  readonly at: number;
  readonly changes: readonly Change[];
  readonly messages: readonly LogMessage[];
}
const nobody: Keeping = { wants: () => false, add: () => undefined, undo: () => undefined, commit: () => undefined };

interface Open {
  readonly xid: number;
  changes: Change[];
  messages: LogMessage[];
  bulk: Set<Relation> | undefined;
  bytes: number;
}
/** What a (sub)transaction of a stream did so far. */
interface Part {
  readonly relations: Set<Relation>;
  readonly messages: LogMessage[];
}

/** What an object and its texts take in memory besides the bytes that were sent: measured, rounded up. */
const perChange = 150;
const perValue = 24;

/** Takes one message of the plugin at a time. Rows of what ended before `known()` are not read. */
export function joinTransactions(
  decoder: Decoder,
  known: () => Position,
  deliver: Deliver,
  keeping: Keeping = nobody,
): (message: Buffer, offset: number) => void {
  const streams = new Map<number, Map<number, Part>>();
  let open: Open | undefined;
  let stream = 0;

  const add = (change: Change, size: number): void => {
    if (open === undefined) throw new Error('a change came outside of a transaction');
    const columns = change.op === 'truncate' ? 0 : change.relation.columns.length * (change.op === 'update' ? 2 : 1);
    open.bytes += size + perChange + perValue * columns;
    if (open.bulk === undefined) open.changes.push(change);
    if (open.changes.length > limits.changes.bulk.changes || open.bytes > limits.changes.bulk.bytes) drop(open);
  };

  /** From here on only the tables count. */
  const drop = (of: Open): Set<Relation> => {
    if (of.bulk !== undefined) return of.bulk;
    for (const change of of.changes) if (keeping.wants(change.relation)) keeping.add(of.xid, of.xid, change);
    return toBulk(of);
  };

  /** A change of a transaction that is not held. */
  const pass = (xid: number, change: Change): void => {
    touch(xid, [change.relation]);
    if (xid !== 0) keeping.add(stream, xid, change);
    else if (open !== undefined) keeping.add(open.xid, open.xid, change);
  };

  const change = (xid: number, one: Change, size: number): void => {
    if (xid !== 0 || open?.bulk !== undefined) {
      if (keeping.wants(one.relation)) pass(xid, one);
      else touch(xid, [one.relation]);
    } else add(one, size);
  };

  const touch = (xid: number, relations: readonly Relation[]): void => {
    const into = xid === 0 && open !== undefined ? drop(open) : partOf(xid).relations;
    for (const relation of relations) into.add(relation);
  };

  const partOf = (xid: number): Part => {
    const parts = streams.get(stream);
    if (parts === undefined) throw new Error('a piece of a stream came outside of it');
    const of = parts.has(xid) || parts.size < limits.changes.bulk.messages ? xid : stream;
    const part = parts.get(of) ?? { relations: new Set(), messages: [] };
    parts.set(of, part);
    return part;
  };

  const say = (xid: number, message: LogMessage): void => {
    if (xid !== 0) keep(partOf(xid).messages, message);
    else if (open === undefined) throw new Error('a message came outside of a transaction');
    else {
      if (open.bulk === undefined) open.messages.push(message);
      else keep(open.messages, message);
      open.bytes += perChange + message.content.length;
      if (open.bytes > limits.changes.bulk.bytes) drop(open);
    }
  };

  const commitStream = (xid: number, end: Position, at: number): void => {
    const parts = [...(streams.get(xid)?.values() ?? [])];
    streams.delete(xid);
    const messages: LogMessage[] = [];
    for (const part of parts) for (const message of part.messages) keep(messages, message);
    keeping.commit(xid, { position: end, at, changes: [], messages });
    const bulk = new Set(parts.flatMap(({ relations }) => [...relations]));
    if (end > known()) deliver({ position: end, xid, changes: [], bulk, messages }, perChange * (bulk.size + messages.length));
  };

  const abortStream = (xid: number, subxid: number): void => {
    if (xid === subxid) streams.delete(xid);
    else streams.get(xid)?.delete(subxid);
    keeping.undo(xid, subxid);
  };

  const commit = (end: Position, at: number): void => {
    const done = open;
    open = undefined;
    if (done === undefined) return;
    const { xid, changes, messages, bulk, bytes } = done;
    keeping.commit(xid, { position: end, at, changes, messages });
    if (end <= known()) return;
    if (bulk === undefined) deliver({ position: end, xid, changes, messages }, bytes);
    else deliver({ position: end, xid, changes, messages, bulk }, perChange * bulk.size);
  };

  const take = (event: Event, size: number): void => {
    if (event.kind === 'change') change(event.xid, event.change, size);
    else if (event.kind === 'truncate') for (const relation of event.relations) change(event.xid, { op: 'truncate', relation }, 0);
    else if (event.kind === 'begin') {
      // What is known already is sent again after a connection was lost.
      open = { xid: event.xid, changes: [], messages: [], bulk: event.commits < known() ? new Set() : undefined, bytes: perChange };
    } else if (event.kind === 'commit') commit(event.end, event.at);
    else if (event.kind === 'touch') touch(event.xid, event.relations);
    else if (event.kind === 'message') say(event.xid, event.message);
    else if (event.kind === 'stream') {
      stream = event.xid;
      if (!streams.has(stream)) streams.set(stream, new Map());
    } else if (event.kind === 'stream-commit') commitStream(event.xid, event.end, event.at);
    else if (event.kind === 'stream-abort') abortStream(event.xid, event.subxid);
    else stream = 0;
  };

  return (message, offset) => {
    const event = decoder.decode(message, offset, open?.bulk === undefined, keeping.wants);
    if (event !== undefined) take(event, message.length - offset);
  };
}

function toBulk(open: Open): Set<Relation> {
  open.bulk = new Set(open.changes.map(({ relation }) => relation));
  const messages: LogMessage[] = [];
  for (const message of open.messages) keep(messages, message);
  open.messages = messages;
  open.changes = [];
  open.bytes = 0;
  return open.bulk;
}

/** Of a transaction that is not held, each message is kept once, and only so many of ours. */
function keep(messages: LogMessage[], message: LogMessage): void {
  const isKept =
    message.prefix.startsWith('underpin.') && message.content.length < 10_000 && messages.length < limits.changes.bulk.messages;
  if (isKept && !messages.some(({ prefix, content }) => prefix === message.prefix && content === message.content)) messages.push(message);
}
