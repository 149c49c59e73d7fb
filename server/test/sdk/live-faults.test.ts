/** `live()` against a server that does what ours must not: it loses messages, tells of another history, resets in the middle. */
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createClient, type Live } from '@underpin/sdk';
import type { LiveMessages, LiveRequests, LiveRow, SubscribeAnswer, SubscribeRequest } from '@underpin/sdk/wire';
import { Server, type Socket } from 'socket.io';
import type { UntypedRow } from '../../../sdk/src/types.ts';
import { until } from '../support/process.ts';

type Peer = Socket<LiveRequests, LiveMessages>;
let io: Server<LiveRequests, LiveMessages>;
let url = '';
const peers: Peer[] = [];
const asked: SubscribeRequest[] = [];
let answers: ((peer: Peer) => SubscribeAnswer)[] = [];
const opened: Live<unknown>[] = [];

beforeEach(async () => {
  const http = createServer();
  io = new Server(http, { path: '/under/realtime' });
  io.on('connection', (peer) => {
    peers.push(peer);
    peer.on('subscribe', (request, give) => {
      asked.push(request);
      const answer = answers.shift();
      if (answer) give(answer(peer));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/under`;
});
afterEach(async () => {
  for (const one of opened.splice(0)) one.close();
  for (const list of [peers, asked, answers]) list.length = 0;
  await io.close();
});

const row = (id: string, more: object = {}): LiveRow => ({ id, ...more });
const at = (position: string, more: object = {}) => ({ group: 'g', epoch: 'e', position, seq: 0, order: byId, ...more });
const byId = [{ field: 'id', as: 'text', descending: false, nullsFirst: false }] as const;
const whole =
  (position: string, rows: readonly LiveRow[], more: object = {}) =>
  (): SubscribeAnswer => ({
    ok: true,
    mode: 'snapshot',
    rows,
    more: 0,
    ...at(position),
    ...more,
  });
const follow = (...said: readonly (() => SubscribeAnswer)[]): Live<UntypedRow> => {
  answers = [...said];
  const one = createClient({ url }).collection('notes').live({ limit: 10 });
  opened.push(one);
  return one;
};
const ids = (one: Live<UntypedRow>): unknown[] => one.value.map(({ id }) => id);
const become = (one: Live<UntypedRow>, wanted: readonly string[]): Promise<void> =>
  until(`it is ${wanted.join()}`, () => one.status === 'live' && JSON.stringify(ids(one)) === JSON.stringify(wanted));
const peer = (): Peer => {
  const last = peers.at(-1);
  if (!last) throw new Error('nobody came');
  return last;
};

test('a number that is missing makes it ask from its place', async () => {
  const notes = follow(whole('1', [row('a')]), () => ({ ok: true, mode: 'delta', ops: [['put', 'c', row('c')]], ...at('4', { seq: 4 }) }));
  await become(notes, ['a']);
  peer().emit('changes', ['g', 1, '2', [['put', 'b', row('b')]]]);
  peer().emit('changes', ['other', 2, '3', [['truncate']]]);
  peer().emit('changes', ['g', 3, '3', [['leave', 'b']]]);
  await become(notes, ['a', 'b', 'c']);
  expect(asked.map((one) => one.at)).toEqual([undefined, { group: 'g', epoch: 'e', position: '2' }]);
  peer().emit('changes', [
    'g',
    5,
    '5',
    [
      ['leave', 'a'],
      ['patch', 'b', { title: 'x' }],
      ['put', 'c', row('c')],
    ],
  ]);
  await become(notes, ['b', 'c']);
  expect(notes.value[0]).toEqual({ id: 'b', title: 'x' });
});

test('another history is taken whole, and what was written in the one before is in it', async () => {
  const notes = follow(whole('9', [row('a'), row('b')]), whole('1', [row('b'), row('c')], { epoch: 'f' }));
  await become(notes, ['a', 'b']);
  const [, b] = notes.value;
  const caught = Promise.all([notes.caughtUp('e.99'), notes.caughtUp('f.1')]);
  peer().emit('reset', ['g', 'epoch']);
  await become(notes, ['b', 'c']);
  await caught;
  await notes.caughtUp('e.99');
  expect(notes.value[0]).toBe(b);
});

test('a snapshot that was overtaken is given up, and none of it is taken', async () => {
  const acknowledged: string[] = [];
  const part = (name: string, isLast: boolean): void =>
    void peer().emit('snapshot', [asked[0]?.id ?? '', 1, [row(name)], isLast], () => void acknowledged.push(name));
  const notes = follow(whole('1', [row('a')], { more: 2 }), whole('2', [row('x')], { more: 1, seq: 7 }));
  await until('it asked', () => asked.length === 1);
  part('b', false);
  peer().emit('changes', ['g', 1, '2', [['put', 'q', row('q')]]]);
  await until('it has it', () => acknowledged.length === 1);
  expect(notes.status).toBe('connecting');
  peer().emit('reset', ['g', 'lag']);
  part('late', true);
  await until('it asked again', () => asked.length === 2);
  peer().emit('changes', ['g', 8, '3', [['put', 'z', row('z')]]]);
  part('y', true);
  await become(notes, ['x', 'y', 'z']);
  expect(acknowledged).toEqual(['b', 'y']);
});

test('a server that cannot now is asked again, one that will not is not', async () => {
  const busy = { type: '', title: '', status: 503, code: 'unavailable', detail: 'Not now', requestId: '' };
  const notes = follow(() => ({ ok: false, problem: busy }), whole('1', [row('a')]));
  await become(notes, ['a']);
  peer().emit('problem', [asked[0]?.id ?? '', { ...busy, status: 403, code: 'forbidden' }]);
  await until('it is closed', () => notes.status === 'closed');
  expect([asked.length, notes.error?.code, notes.value]).toEqual([2, 'forbidden', []]);
});

test('whoever looks again does not wait, and a socket that is silent is given up', async () => {
  const page = Object.assign(new EventTarget(), { hidden: true });
  const before = Object.getOwnPropertyDescriptor(globalThis, 'document');
  Object.defineProperty(globalThis, 'document', { value: page, configurable: true });
  const clock = jest.spyOn(Date, 'now');
  try {
    const notes = follow(whole('1', [row('a')]), () => ({ ok: true, mode: 'current', ...at('1') }), whole('1', [row('b')]));
    await become(notes, ['a']);
    const now = Date.now();
    // Asleep for a minute: the socket looks open, and nothing was heard.
    clock.mockImplementation(() => now + 60_000);
    page.dispatchEvent(new Event('visibilitychange'));
    expect([notes.status, peers.length]).toEqual(['live', 1]);
    page.hidden = false;
    page.dispatchEvent(new Event('visibilitychange'));
    await until('it is back', () => asked.length === 2 && notes.status === 'live');
    // The pauses are as long as they get; who looks is not kept waiting.
    jest.spyOn(Math, 'random').mockReturnValue(1_000);
    io.disconnectSockets(true);
    await until('it is away', () => notes.status === 'offline');
    page.dispatchEvent(new Event('visibilitychange'));
    await become(notes, ['b']);
  } finally {
    jest.restoreAllMocks();
    if (before) Object.defineProperty(globalThis, 'document', before);
    else Reflect.deleteProperty(globalThis, 'document');
  }
});
