/**
 * `live()`: a list that stays true. It is there at once and empty; what speaks with the server (`connection.ts`) is loaded when the
 * first one is wanted.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { ApiError } from '../error.ts';
import type { LiveRow, SubscribeRequest } from '../wire.ts';

/**
 * `connecting`: nothing has come yet. `live`: true as of now. `resyncing`: what was there is shown while what was missed is
 * fetched. `offline`: there is no connection, and it is tried again. `closed`: it was closed, or refused (`error`).
 */
export type LiveStatus = 'connecting' | 'live' | 'resyncing' | 'offline' | 'closed';

/** Each step of the loop is the rows after a change of rows or status; who is slow gets the last of them. */
export interface Live<T> extends AsyncIterable<readonly T[]> {
  /** The rows now, in their order: a list of its own for each moment, in which rows that did not change are the same objects. */
  readonly value: readonly T[];
  readonly status: LiveStatus;
  /** Why it was closed, where the server refused it. */
  readonly error: ApiError | null;
  /** Called at once, and after each change of rows or status. Gives back what ends it. */
  subscribe(listener: (rows: readonly T[], status: LiveStatus) => void): () => void;
  /** Shows more rows of a query with a limit: as many again, or `count`. It fails where the server refuses so many. */
  loadMore(count?: number): Promise<void>;
  /** Resolves when what this client has written so far is in `value`, or all up to `position`. */
  caughtUp(position?: string): Promise<void>;
  close(): void;
  [Symbol.dispose](): void;
}

/** What a connection asks of a live query, and tells it. */
export interface Subscriber {
  readonly request: Omit<SubscribeRequest, 'id' | 'at'>;
  show(rows: readonly LiveRow[], status: LiveStatus, error?: ApiError): void;
  /** All up to there is in the rows; `isWhole`: they were told whole. */
  reached(epoch: string, position: string, isWhole: boolean): void;
}
export interface Connection {
  add(subscriber: Subscriber): void;
  remove(subscriber: Subscriber): void;
}
/** What the live queries of a client have in common. */
export interface Following {
  readonly connect: () => Promise<Connection>;
  /** How many are open: while there is one, writes ask for their place. */
  open: number;
  /** The place of the last write, as `<epoch>.<position>`. */
  written: string | undefined;
}

interface Waiting {
  readonly epoch: string;
  readonly position: string;
  readonly resolve: () => void;
  readonly reject: (error: ApiError) => void;
}

export class LiveQuery<T> implements Live<T>, Subscriber {
  request: Subscriber['request'];
  error: ApiError | null = null;
  #value: readonly T[] = [];
  #status: LiveStatus = 'connecting';
  #place = { epoch: '', position: '' };
  /** Epochs that ended: what was written in one of them was there before all that was told since. */
  readonly #past = new Set<string>();
  readonly #following: Following;
  readonly #connected: Promise<Connection>;
  readonly #listeners = new Set<() => void>();
  #waiting: readonly Waiting[] = [];
  #widening: Promise<void> | undefined;

  constructor(request: Subscriber['request'], following: Following) {
    this.request = request;
    this.#following = following;
    following.open += 1;
    this.#connected = following.connect();
    this.#connected.then(
      (connection) => this.#status !== 'closed' && connection.add(this),
      (cause: unknown) => this.show([], 'closed', new ApiError(0, { code: 'network', detail: String(cause) })),
    );
  }

  get value(): readonly T[] {
    return this.#value;
  }
  get status(): LiveStatus {
    return this.#status;
  }

  subscribe(listener: (rows: readonly T[], status: LiveStatus) => void): () => void {
    const own = (): void => listener(this.#value, this.#status);
    this.#listeners.add(own);
    own();
    return () => void this.#listeners.delete(own);
  }

  /** A loop that ends closes the query, unless somebody else follows it too. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly T[], void, undefined> {
    let wake = (): void => undefined;
    let shown: readonly unknown[] = [];
    const stop = this.subscribe(() => wake());
    try {
      for (;;) {
        if (this.error) throw this.error;
        if (this.#status === 'closed') return;
        if (this.#place.epoch && (shown[0] !== this.#value || shown[1] !== this.#status)) {
          shown = [this.#value, this.#status];
          yield this.#value;
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
      if (this.#listeners.size === 0) this.close();
    }
  }

  loadMore(count?: number): Promise<void> {
    const { limit } = this.request;
    if (limit === undefined) return Promise.resolve();
    this.#widening ??= this.#widen(limit + (count ?? limit)).finally(() => (this.#widening = undefined));
    return this.#widening;
  }
  /** What is shown stays true while more of it comes, and where that is refused. */
  async #widen(limit: number): Promise<void> {
    const wide = new LiveQuery({ ...this.request, limit }, this.#following);
    try {
      await wide.caughtUp('');
      const connection = await this.#connected;
      if (this.#status === 'closed') return;
      connection.remove(this);
      this.request = wide.request;
      connection.add(this);
    } finally {
      wide.close();
    }
  }

  caughtUp(position = this.#following.written ?? ''): Promise<void> {
    if (this.#status === 'closed') return Promise.reject(this.error ?? closedError());
    const [epoch = '', at = ''] = position.split('.');
    if (this.#hasReached(epoch, at)) return Promise.resolve();
    return new Promise((resolve, reject) => (this.#waiting = [...this.#waiting, { epoch, position: at, resolve, reject }]));
  }

  #hasReached(epoch: string, position: string): boolean {
    const now = this.#place;
    return now.epoch !== '' && (epoch === now.epoch ? position <= now.position : epoch === '' || this.#past.has(epoch));
  }

  close(): void {
    if (this.#status === 'closed') return;
    this.show(this.#value, 'closed');
    void this.#connected.then((connection) => connection.remove(this)).catch(() => undefined);
  }
  [Symbol.dispose](): void {
    this.close();
  }

  show(rows: readonly unknown[], status: LiveStatus, error?: ApiError): void {
    const isSame = rows === this.#value || rows.length + this.#value.length === 0;
    if (this.#status === 'closed' || (isSame && status === this.#status)) return;
    this.#status = status;
    this.error = error ?? null;
    // cast: the rows of this query are what its types say; the server is compiled against the same contract
    if (!isSame) this.#value = rows as readonly T[];
    for (const listener of this.#listeners) queueMicrotask(() => this.#listeners.has(listener) && listener());
    if (status !== 'closed') return;
    this.#following.open -= 1;
    for (const one of this.#waiting) one.reject(error ?? closedError());
  }

  reached(epoch: string, position: string, isWhole: boolean): void {
    if (this.#place.epoch !== '' && this.#place.epoch !== epoch) this.#past.add(this.#place.epoch);
    this.#place = { epoch, position };
    const isDone = (one: Waiting): boolean => (isWhole && one.epoch !== epoch) || this.#hasReached(one.epoch, one.position);
    const done = this.#waiting.filter(isDone);
    this.#waiting = this.#waiting.filter((one) => !done.includes(one));
    for (const one of done) one.resolve();
  }
}

const closedError = (): ApiError => new ApiError(0, { code: 'aborted', detail: 'The live query was closed' });
