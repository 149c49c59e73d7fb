/**
 * One connection that reads Postgres's log, and the few messages that go over it.
 *
 * Worry: a connection may be dead without anybody noticing; and Postgres, when it is told to stop, waits for every reader to confirm
 * all that it was sent, which ours never does, since it confirms late on purpose: the stop would never end.
 * Decision: with each beat we say how far is confirmed and ask for an answer; silent for longer than the bound, the connection is cut.
 * Since Postgres hears of us with each beat, it asks for a sign of life only when it is stopping; then we leave, and come again when it
 * is back. Why it is enough: leaving for no reason costs some milliseconds and loses nothing.
 */
import pg from 'pg';
import { textSettings } from '../db/connect.ts';
import { limits } from '../kit/limits.ts';
import type { Position } from './change.ts';
import { positionAt } from './position.ts';

/** As the login itself: a role that it takes may not read the log. */
export async function openConnection(url: string): Promise<pg.Client> {
  const config: pg.ClientConfig & { readonly replication: string } = {
    connectionString: url,
    replication: 'database',
    connectionTimeoutMillis: limits.database.acquire,
    keepAlive: true,
    application_name: 'underpin changes',
    options: options.map((setting) => `-c ${setting}`).join(' '),
  };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const options = [
  // A process that is gone without a word keeps others from reading for no longer.
  `wal_sender_timeout=${limits.changes.partition}`,
  // What does not fit is told while it goes on, instead of first being gathered on Postgres's disk.
  'logical_decoding_work_mem=4MB',
  'statement_timeout=0',
  ...textSettings,
];

/** What pg's connection has besides what its types tell. */
interface Wire {
  on(event: 'copyData', heard: (message: { readonly chunk: Buffer }) => void): unknown;
  once(event: 'replicationStart', started: () => void): unknown;
  sendCopyFromChunk(chunk: Buffer): void;
}

export interface Reading {
  readonly slot: string;
  readonly publication: string;
  /** Postgres sends from now on. */
  started(): void;
  /** One message of the plugin, which begins at `offset`. */
  heard(message: Buffer, offset: number): void;
  /** What was heard has to be done first; undefined where it is. */
  busy(): Promise<void> | undefined;
  /** All that ended before `end` has been sent. */
  alive(end: Position): void;
  /** Up to where nothing has to be sent again; asked for at each beat. */
  confirmed(): Position;
}

/** Reads until the connection ends or `heard` throws; rejects with why. */
export async function readLog(client: pg.Client, { slot, publication, ...reading }: Reading): Promise<never> {
  // cast: members of pg's Connection that its types leave out.
  const wire = client.connection as unknown as Wire;
  let answered = performance.now();
  let told: number | undefined;
  let problem: unknown;
  let paused = false;
  const leave = (why: unknown): void => {
    problem ??= why;
    client.connection.stream.destroy();
  };
  const tell = (): void => {
    told = performance.now();
    wire.sendCopyFromChunk(status(reading.confirmed()));
  };
  const beat = (): void => {
    if (paused) answered = performance.now();
    if (performance.now() - answered > limits.changes.silent) leave(new Error('Postgres has gone silent'));
    else if (told !== undefined) tell();
  };
  const rest = (): void => {
    const work = paused ? undefined : reading.busy();
    if (work === undefined) return;
    paused = true;
    client.connection.stream.pause();
    void work.finally(() => {
      paused = false;
      client.connection.stream.resume();
    });
  };
  wire.on('copyData', ({ chunk }) => {
    if (problem !== undefined) return;
    answered = performance.now();
    try {
      if (chunk[0] === 0x77) {
        reading.heard(chunk, 25);
        rest();
      } else if (chunk[0] === 0x6b) {
        reading.alive(positionAt(chunk, 1));
        const isAsked = chunk[17] === 1;
        if (isAsked && told !== undefined && answered - told < 2 * limits.changes.beat) leave(new Error('Postgres is stopping'));
        else if (isAsked) tell();
      }
    } catch (error) {
      leave(error);
    }
  });
  wire.once('replicationStart', () => {
    reading.started();
    tell();
  });
  const timer = setInterval(beat, limits.changes.beat);
  try {
    await client.query(
      `START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '2', publication_names '${publication}', messages 'true', streaming 'on')`,
    );
  } catch (error) {
    throw problem ?? error;
  } finally {
    clearInterval(timer);
  }
  throw new Error('Postgres has ended the connection');
}

/**
 * "Standby status update", with the wish for an answer. We never say that more was written than is confirmed: so long as the two differ,
 * Postgres tells us of itself how far it has read, also where there was nothing to send.
 */
function status(position: Position): Buffer {
  const message = Buffer.alloc(34);
  message[0] = 0x72;
  for (const offset of [1, 9, 17]) message.write(position, offset, 'hex');
  message.writeBigInt64BE(BigInt(Date.now() - 946_684_800_000) * 1_000n, 25);
  message[33] = 1;
  return message;
}
