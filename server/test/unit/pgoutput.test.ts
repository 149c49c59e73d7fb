/** The decoder on messages made here: what Postgres seldom sends, and how fast it reads what it always sends. */
import { describe, expect, test } from '@jest/globals';
import type { Txn } from '../../src/changes/change.ts';
import { createDecoder } from '../../src/changes/pgoutput.ts';
import { joinTransactions } from '../../src/changes/transactions.ts';
import { limits } from '../../src/kit/limits.ts';
import { randomness } from '../property/random.ts';

const int = (bytes: number, value: number | bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
};
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const message = (tag: string, ...parts: Buffer[]): Buffer => Buffer.concat([Buffer.from(tag), ...parts]);
type Value = string | null | undefined;
const tuple = (kind: string, values: readonly Value[]): Buffer =>
  Buffer.concat([
    Buffer.from(kind),
    int(2, values.length),
    ...values.map((value) => {
      if (value === undefined) return Buffer.from('u');
      if (value === null) return Buffer.from('n');
      return Buffer.concat([Buffer.from('t'), int(4, Buffer.byteLength(value)), Buffer.from(value)]);
    }),
  ]);
const relation = (oid: number, name: string, columns: readonly string[], { identity = 'f', keys = columns, xid = -1 } = {}): Buffer =>
  message(
    'R',
    ...(xid < 0 ? [] : [int(4, xid)]),
    int(4, oid),
    text('public'),
    text(name),
    Buffer.from(identity),
    int(2, columns.length),
    ...columns.map((column) => Buffer.concat([int(1, keys.includes(column) ? 1 : 0), text(column), int(4, 25), int(4, -1)])),
  );
const begin = (xid: number, commits: number): Buffer => message('B', int(8, commits), int(8, 0), int(4, xid));
const commit = (end: number): Buffer => message('C', int(1, 0), int(8, end - 1), int(8, end), int(8, 0));
const insert = (oid: number, values: readonly Value[], xid = -1): Buffer =>
  message('I', ...(xid < 0 ? [] : [int(4, xid)]), int(4, oid), tuple('N', values));
const update = (oid: number, old: readonly [string, readonly Value[]] | undefined, values: readonly Value[]): Buffer =>
  message('U', int(4, oid), ...(old === undefined ? [] : [tuple(old[0], old[1])]), tuple('N', values));
const streamStart = (xid: number): Buffer => message('S', int(4, xid), int(1, 1));
const streamStop = message('E');
const streamCommit = (xid: number, end: number): Buffer => message('c', int(4, xid), int(1, 0), int(8, end - 1), int(8, end), int(8, 0));
const streamAbort = (xid: number, subxid: number): Buffer => message('A', int(4, xid), int(4, subxid));
const said = (content: string, flags = 1, xid = -1): Buffer =>
  message(
    'M',
    ...(xid < 0 ? [] : [int(4, xid)]),
    int(1, flags),
    int(8, 0),
    text('underpin.test'),
    int(4, Buffer.byteLength(content)),
    Buffer.from(content),
  );

/** What comes of the messages; the second number says what is known already. */
function reading(known = 0): { read: (...messages: Buffer[]) => void; txns: Txn[]; restart(): void } {
  const txns: Txn[] = [];
  const decoder = createDecoder();
  let head = known.toString(16).padStart(16, '0');
  const take = joinTransactions(
    decoder,
    () => head,
    (txn) => {
      head = txn.position;
      txns.push(txn);
    },
  );
  return {
    txns,
    restart: () => decoder.restart(),
    read: (...messages) => messages.forEach((one) => take(Buffer.concat([Buffer.alloc(25), one]), 25)),
  };
}
const names = (txn: Txn | undefined): string[] => [...(txn?.bulk ?? [])].map(({ name }) => name).sort();

describe('rows', () => {
  test('as they were and are; what was not sent comes from the row before', () => {
    const { read, txns } = reading();
    read(
      relation(1, 'a', ['id', 'big']),
      begin(7, 99),
      insert(1, ['1', 'ü😀']),
      update(1, ['O', ['1', 'ü😀']], ['2', undefined]),
      commit(100),
    );
    read(begin(8, 199), message('D', int(4, 1), tuple('O', ['2', null])), message('T', int(4, 1), int(1, 0), int(4, 1)), commit(200));
    expect(txns.map(({ position, xid }) => [position, xid])).toEqual([
      ['0000000000000064', 7],
      ['00000000000000c8', 8],
    ]);
    expect(txns.flatMap(({ changes }) => changes)).toMatchObject([
      { op: 'insert', row: ['1', 'ü😀'] },
      { op: 'update', old: ['1', 'ü😀'], row: ['2', 'ü😀'] },
      { op: 'delete', old: ['2', null] },
      { op: 'truncate', relation: { name: 'a', identity: 'full' } },
    ]);
  });

  test('of a key: the rest is not known, neither null nor there', () => {
    const { read, txns } = reading();
    read(relation(1, 'a', ['id', 'x'], { identity: 'd', keys: ['id'] }), begin(7, 99));
    read(
      update(1, ['K', ['1', null]], ['2', undefined]),
      update(1, undefined, ['2', undefined]),
      message('D', int(4, 1), tuple('K', ['2', null])),
      commit(100),
    );
    const [first, second, third] = txns[0]?.changes ?? [];
    expect(first).toMatchObject({ op: 'update', old: ['1', undefined], row: ['2', undefined], relation: { identity: 'key' } });
    expect(second).toMatchObject({ op: 'update', row: ['2', undefined] });
    expect(second).not.toHaveProperty('old');
    expect(third).toMatchObject({ op: 'delete', old: ['2', undefined] });
  });

  test('truncated together, each table is told of', () => {
    const { read, txns } = reading();
    read(
      relation(1, 'a', ['id']),
      relation(2, 'b', ['id']),
      begin(7, 99),
      message('T', int(4, 2), int(1, 1), int(4, 1), int(4, 2)),
      commit(100),
    );
    expect(txns[0]?.changes.map(({ op, relation: of }) => `${op} ${of.name}`)).toEqual(['truncate a', 'truncate b']);
  });
});

test('texts of every length and alphabet come as they were sent', () => {
  const seed = 20261122;
  const random = randomness(seed);
  const { read, txns } = reading();
  const columns = Array.from({ length: 6 }, (_unused, n) => `c${n}`);
  const alphabets = ['abc', 'aé', '\u0001\u007f', '😀𝒜', '字z', 'Ã\u0082'];
  const value = (): Value => {
    const alphabet = [...(random.chance(0.9) ? 'abc xyz' : random.pick(alphabets))];
    const length = random.chance(0.01) ? 5_000 : random.below(random.chance(0.3) ? 300 : 20);
    return random.chance(0.1) ? null : Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('');
  };
  const rows = Array.from({ length: 500 }, () => columns.map(value));
  read(relation(0x00c3a9ff, 'a', columns), begin(1, 9), ...rows.map((row) => insert(0x00c3a9ff, row)), commit(10));
  expect(txns[0]?.changes.map((change) => change.op === 'insert' && change.row)).toEqual(rows);
});

test('a table is the same object until it differs, also over a new connection', () => {
  const { read, txns, restart } = reading();
  read(
    relation(1, 'a', ['id']),
    begin(1, 9),
    insert(1, ['1']),
    commit(10),
    relation(1, 'a', ['id']),
    begin(2, 19),
    insert(1, ['1']),
    commit(20),
  );
  restart();
  read(
    relation(1, 'a', ['id']),
    begin(3, 29),
    insert(1, ['1']),
    commit(30),
    relation(1, 'a', ['id', 'x']),
    begin(4, 39),
    insert(1, ['1', '2']),
    commit(40),
  );
  const [one, two, three, four] = txns.map((txn) => txn.changes[0]?.relation);
  expect(two).toBe(one);
  expect(three).toBe(one);
  expect(four).not.toBe(one);
  expect(four?.columns).toEqual(['id', 'x']);
});

describe('in pieces', () => {
  test('is the tables of what was not undone, and its messages', () => {
    const { read, txns } = reading();
    read(
      streamStart(5),
      relation(1, 'a', ['id'], { xid: 5 }),
      insert(1, ['1'], 5),
      said('kept', 1, 5),
      relation(2, 'b', ['id'], { xid: 6 }),
      insert(2, ['1'], 6),
      said('gone', 1, 6),
      streamStop,
    );
    read(begin(9, 49), said('between'), commit(50));
    read(streamStart(5), insert(1, ['2'], 7), streamStop, streamAbort(5, 6), streamCommit(5, 100));
    expect(txns.map((txn) => [txn.xid, names(txn), txn.messages.map(({ content }) => content)])).toEqual([
      [9, [], ['between']],
      [5, ['a'], ['kept']],
    ]);
  });

  test('undone as a whole it was never there, nor were the tables as it had them', () => {
    const { read, txns } = reading();
    read(relation(1, 'a', ['id']), begin(1, 9), insert(1, ['1']), commit(10));
    read(streamStart(5), relation(1, 'a', ['id', 'new'], { xid: 5 }), insert(1, ['1', '2'], 5), streamStop);
    // Another transaction meanwhile: for it the table is as it was.
    read(begin(6, 19), insert(1, ['2']), commit(20), streamAbort(5, 5), begin(7, 29), insert(1, ['3']), commit(30));
    expect(txns.map((txn) => txn.changes[0]?.relation.columns)).toEqual([['id'], ['id'], ['id']]);
    expect(txns.map((txn) => txn.bulk)).toEqual([undefined, undefined, undefined]);
  });

  test('committed, its tables are everybody’s', () => {
    const { read, txns } = reading();
    read(relation(1, 'a', ['id']), begin(1, 9), insert(1, ['1']), commit(10));
    read(streamStart(5), relation(1, 'a', ['id', 'new'], { xid: 5 }), insert(1, ['1', '2'], 5), streamStop, streamCommit(5, 20));
    read(begin(7, 29), insert(1, ['3', '4']), commit(30));
    expect(txns[2]?.changes[0]?.relation.columns).toEqual(['id', 'new']);
    expect([...(txns[1]?.bulk ?? [])]).toEqual([txns[2]?.changes[0]?.relation]);
  });
});

describe('bounds', () => {
  test('one change too many, or one byte, and only the tables are left', () => {
    const { read, txns } = reading();
    const most = limits.changes.bulk.changes;
    const rows = (count: number): Buffer[] => Array.from({ length: count }, (_unused, n) => insert(1, [String(n)]));
    read(
      relation(1, 'a', ['id']),
      begin(1, 9),
      ...rows(most),
      commit(10),
      begin(2, 19),
      ...rows(most + 1),
      said('too'),
      said('too'),
      commit(20),
    );
    read(begin(3, 29), insert(1, ['x'.repeat(limits.changes.bulk.bytes)]), commit(30));
    expect(txns.map((txn) => [txn.changes.length, names(txn), txn.messages.length])).toEqual([
      [most, [], 0],
      [0, ['a'], 1],
      [0, ['a'], 0],
    ]);
  });

  test('what is known already is passed over; messages outside of transactions too', () => {
    const { read, txns } = reading(100);
    read(
      relation(1, 'a', ['id']),
      begin(1, 9),
      insert(1, ['1']),
      commit(10),
      begin(2, 99),
      insert(1, ['2']),
      commit(100),
      said('outside', 0),
    );
    read(streamStart(5), insert(1, ['1'], 5), streamStop, streamCommit(5, 90), begin(3, 109), insert(1, ['3']), commit(110));
    expect(txns).toMatchObject([{ xid: 3, changes: [{ row: ['3'] }] }]);
    expect(txns).toHaveLength(1);
  });
});

test('reads some hundred thousand rows in a second', () => {
  const { read, txns } = reading();
  read(relation(1, 'a', ['id', 'owner', 'title', 'created', 'version']));
  const row = [
    '01a2029e-cda0-78e8-9892-306f8b9a6f00',
    '01a2029e-cda0-78e8-9892-306f8b9a6f01',
    'A title of some words',
    '2026-01-31 12:34:56.789+00',
    '12',
  ];
  const [one, first, last] = [insert(1, row), begin(1, 9), commit(10)].map((part) => Buffer.concat([Buffer.alloc(25), part]));
  if (one === undefined || first === undefined || last === undefined) throw new Error('no messages');
  const decoder = createDecoder();
  decoder.decode(relation(1, 'a', ['id', 'owner', 'title', 'created', 'version']), 0, true);
  let taken = 0;
  const take = joinTransactions(
    decoder,
    () => '',
    (txn) => (taken += txn.changes.length),
  );
  const rates = Array.from({ length: 5 }, () => {
    const begun = performance.now();
    for (let txn = 0; txn < 20; txn++) {
      take(first, 25);
      for (let n = 0; n < 4_000; n++) take(one, 25);
      take(last, 25);
    }
    return 80_000 / ((performance.now() - begun) / 1_000);
  });
  process.stdout.write(`${Math.round(Math.max(...rates))} rows of five columns in a second\n`);
  expect(taken).toBe(400_000);
  expect(txns).toEqual([]);
});
