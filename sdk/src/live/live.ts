/**
 * `live()`: a list that stays true. It is there at once and empty; what speaks with the server (`connection.ts`) is loaded when the
 * first one is wanted.
 */
import { ApiError } from '../error.ts';
import type { LiveRow, SubscribeRequest } from '../wire.ts';

/**
 * `connecting`: nothing has come yet. `live`: true as of now. `resyncing`: what was there is shown while what was missed is
 * fetched. `offline`: there is no connection. `closed`: it was closed, or refused (`error`).
 */
export type LiveStatus = 'connecting' | 'live' | 'resyncing' | 'offline' | 'closed';

export interface Live<T> extends AsyncIterable<readonly T[]> {
  /** The rows now, in their order: a list of its own for each moment, in which rows that did not change are the same objects. */
  readonly value: readonly T[];
  readonly status: LiveStatus;
  /** Why it was closed, where the server refused it. */
  readonly error: ApiError | null;
  /** Called at once, and after each change of rows or status. Gives back what ends it. */
  subscribe(listener: (rows: readonly T[], status: LiveStatus) => void): () => void;
  /** Shows more rows of a query with a limit: as many again, or `count`. */
  loadMore(count?: number): Promise<void>;
  /** Resolves when what this client has written so far is in `value`, or all up to `position`. */
  caughtUp(position?: string): Promise<void>;
  close(): void;
  [Symbol.dispose](): void;
}

/** What a connection asks of a live query, and tells it. */
export interface Subscriber {
  readonly request: Omit<SubscribeRequest, 'id' | 'at'>;
  show(rows: readonly LiveRow[] | undefined, status: LiveStatus, error?: ApiError): void;
  /** All up to there is in the rows; `renewed`: they were told whole. */
  reached(epoch: string, position: string, renewed: boolean): void;
}
export interface Connection {
  add(subscriber: Subscriber): void;
  remove(subscriber: Subscriber): void;
  widen(subscriber: Subscriber, limit: number): Promise<void>;
}

interface Waiting {
  readonly epoch: string;
  readonly position: string;
  readonly resolve: () => void;
  readonly reject: (error: ApiError) => void;
}

const closedError = (): ApiError => new ApiError(0, { code: 'aborted', detail: 'The live query was closed' });

export class LiveQuery<T> implements Live<T>, Subscriber {
  request: Subscriber['request'];
  error: ApiError | null = null;
  #value: readonly T[] = [];
  #status: LiveStatus = 'connecting';
  #place = { epoch: '', position: '' };
  readonly #connected: Promise<Connection>;
  readonly #written: () => string | undefined;
  readonly #listeners = new Set<(rows: readonly T[], status: LiveStatus) => void>();
  #waiting: readonly Waiting[] = [];

  /** `written`: the place of the last write of this client, as `<epoch>.<position>`. */
  constructor(request: Subscriber['request'], connect: () => Promise<Connection>, written: () => string | undefined) {
    this.request = request;
    this.#written = written;
    this.#connected = connect();
    this.#connected.then(
      (connection) => this.#status !== 'closed' && connection.add(this),
      (cause: unknown) =>
        this.show(undefined, 'closed', cause instanceof ApiError ? cause : new ApiError(0, { code: 'network', detail: String(cause) })),
    );
  }

  get value(): readonly T[] {
    return this.#value;
  }
  get status(): LiveStatus {
    return this.#status;
  }

  subscribe(listener: (rows: readonly T[], status: LiveStatus) => void): () => void {
    const own = (rows: readonly T[], status: LiveStatus): void => listener(rows, status);
    this.#listeners.add(own);
    own(this.#value, this.#status);
    return () => void this.#listeners.delete(own);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly T[], void, undefined> {
    let wake = (): void => undefined;
    let shown: readonly T[] | undefined;
    const stop = this.subscribe(() => wake());
    try {
      for (;;) {
        if (this.#status === 'closed') {
          if (this.error) throw this.error;
          return;
        }
        if (this.#status !== 'connecting' && shown !== this.#value) {
          shown = this.#value;
          yield shown;
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  }

  async loadMore(count?: number): Promise<void> {
    const { limit } = this.request;
    if (limit === undefined) return;
    const wider = limit + (count ?? limit);
    this.request = { ...this.request, limit: wider };
    await (await this.#connected).widen(this, wider);
  }

  caughtUp(position = this.#written()): Promise<void> {
    if (this.#status === 'closed') return Promise.reject(this.error ?? closedError());
    const [epoch = '', at = ''] = position?.split('.') ?? [];
    if (position === undefined || this.#isPast(epoch, at)) return Promise.resolve();
    return new Promise((resolve, reject) => (this.#waiting = [...this.#waiting, { epoch, position: at, resolve, reject }]));
  }

  /** A place of another epoch says nothing of this one; but what was told whole since then has it. */
  #isPast(epoch: string, position: string, renewed = false): boolean {
    return epoch === this.#place.epoch ? position <= this.#place.position : renewed && this.#place.epoch !== '';
  }

  close(): void {
    if (this.#status === 'closed') return;
    this.show(undefined, 'closed');
    void this.#connected.then((connection) => connection.remove(this)).catch(() => undefined);
  }
  [Symbol.dispose](): void {
    this.close();
  }

  show(rows: readonly LiveRow[] | undefined, status: LiveStatus, error?: ApiError): void {
    if (this.#status === 'closed') return;
    this.#status = status;
    if (error) this.error = error;
    // cast: the rows of this query are what its types say; the server is compiled against the same contract
    if (rows) this.#value = rows as readonly unknown[] as readonly T[];
    for (const listener of this.#listeners) queueMicrotask(() => this.#listeners.has(listener) && listener(this.#value, this.#status));
    if (status === 'closed')
      this.#settle(
        () => true,
        (one) => one.reject(error ?? closedError()),
      );
  }

  reached(epoch: string, position: string, renewed: boolean): void {
    this.#place = { epoch, position };
    this.#settle(
      (one) => this.#isPast(one.epoch, one.position, renewed),
      (one) => one.resolve(),
    );
  }

  #settle(isDone: (one: Waiting) => boolean, tell: (one: Waiting) => void): void {
    const done = this.#waiting.filter(isDone);
    this.#waiting = this.#waiting.filter((one) => !done.includes(one));
    done.forEach(tell);
  }
}
