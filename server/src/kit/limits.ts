/** Every bound in one place; each is checked before any recursion or query. Bytes, counts, milliseconds. */
export const limits = {
  body: { json: 1_048_576, auth: 16_384, depth: 32, keys: 1_000, items: 10_000 },
  url: 8_192,
  list: {
    fallback: 30,
    max: 500,
    offset: 100_000,
    /** From here on a page is planned for its own offset: a kept plan guesses that a tenth of the rows are passed over. */
    deep: 1_000,
    sort: 4,
    fields: 100,
    expandDepth: 3,
    expandPaths: 10,
    expanded: 20_000,
    countCap: 1_000,
  },
  /** Records that one change by a filter takes; operations of a batch. */
  changeMany: 1_000,
  batch: { operations: 200, units: 10 },
  aggregate: { groups: 4, outputs: 20, rows: 1_000, fallback: 100 },
  /**
   * Characters of what is asked for, of what is searched in one record (a tsvector holds a MiB), of what is compared for typos;
   * how alike is enough, and ms for looking.
   */
  search: { text: 1_000, indexed: 100_000, compared: 2_000, alike: 0.3, near: 500 },
  collections: { max: 500, fields: 200, indexes: 20, name: 48 },
  text: 1_048_576,
  /** Records that one explanation looks into; ms and rows of what it counts. */
  explain: { records: 5_000, timeout: 2_000, counted: 100_000, tests: 100 },
  /** Records from which on an index is worth thinking of; lists that are explained for it, and indexes advised at once. */
  advice: { records: 1_000, explained: 50, most: 5 },
  /** Ids of a to-many relation in one record's answer and in one write. */
  many: 100,
  password: { min: 8, max: 1_024 },
  /** ms for headers, for all of a request, that a connection is kept; connections; requests at once of a caller; ms that one waits for those who connect. */
  request: {
    headersTimeout: 15_000,
    timeout: 30_000,
    upload: 3_600_000,
    keepAlive: 65_000,
    connections: 20_000,
    perCaller: 20,
    patience: 250,
  },
  /** Connections, statements kept by one; ms. `start` is how long a start waits for a Postgres that does not answer yet, `again` between two tries. */
  database: {
    start: 60_000,
    again: 250,
    pool: 10,
    acquire: 2_000,
    statement: 5_000,
    job: 600_000,
    idleInTransaction: 10_000,
    lock: 5_000,
    lifetime: 1_800_000,
    statements: 2_000,
  },
  /**
   * The log of changes. What is remembered of it: bytes, changes, ms, and bytes of Postgres's own log that are kept for it. From `bulk`
   * on a transaction is not held; how many of its messages are. ms: between two notes of how far it was read; until silence is the
   * end of a connection, for us and for Postgres; between tries, where nothing is wrong, when it fails, when it cannot be; for a barrier.
   */
  changes: {
    ring: { bytes: 64 * 1_048_576, changes: 100_000, retain: 120_000, wal: 256 * 1_048_576 },
    bulk: { bytes: 8 * 1_048_576, changes: 5_000, messages: 1_000 },
    beat: 1_000,
    silent: 15_000,
    partition: 10_000,
    again: 200,
    backoff: { first: 50, most: 5_000 },
    unavailable: 30_000,
    barrier: 5_000,
  },
  /**
   * Effects of the log: characters of transactions under way that are held, and that may wait to be written; steps in one transaction;
   * effects that become versions at once; ms that a table is waited for before its triggers stay; ms that a reader waits for the
   * copy of his own writes, and between two looks.
   */
  effects: { held: 1_048_576, waiting: 16 * 1_048_576, steps: 1_000, taken: 1_000, lock: 100, patience: 5_000, look: 5 },
  /** How far the heap may grow before it is collected: bytes, but this many % at least; ms between two looks at it. */
  heap: { bytes: 40 * 1_048_576, percent: 15, look: 500 },
  listen: { heartbeat: 500, silent: 1_000, giveUp: 2_000 },
  /** ms; `proof` is how long a sign-in shows who is there. */
  session: { access: 600_000, grace: 10_000, idle: 14 * 86_400_000, absolute: 90 * 86_400_000, proof: 600_000, noted: 86_400_000 },
  /** ms between two notes of its use; characters of a filter; scopes and networks of one key; requests in ten seconds; s of an overlap. */
  apiKey: { noted: 60_000, filter: 2_000, scopes: 100, addresses: 100, rate: 1_000_000, overlap: 30 * 86_400 },
  /**
   * Connections; jobs at once; how many are handed over in one go, and how often it is looked for more; ms until a lost connection
   * is tried again; how often BullMQ may find a job stalled or failed; ms for
   * which its store is said goodbye to, and between two complaints of the same; executions that may break off; ms until an unknown kind
   * is tried again; characters of an error; ms for which ended jobs are kept.
   */
  jobs: {
    pool: 12,
    now: 8,
    bulk: 2,
    relay: 500,
    poll: 5_000,
    reconnect: 1_000,
    stalls: 5,
    told: 1_000_000,
    goodbye: 5_000,
    silence: 60_000,
    breaks: 30,
    unknown: 60_000,
    error: 2_000,
    keepDone: 7 * 86_400_000,
    keepFailed: 30 * 86_400_000,
  },
  /** ms between two readings of the signing keys for unknown ones; ms that a process may hear late of a new one. */
  signing: { asked: 1_000, late: 60_000 },
  /**
   * ms for which a body may be read, and a message is kept; attempts, and ms before the second of them; ms that a mail server may
   * take for each step; characters of a template's parts.
   */
  messages: {
    body: 86_400_000,
    keep: 30 * 86_400_000,
    attempts: 12,
    patience: 5_000,
    server: 15_000,
    subject: 200,
    text: 100_000,
  },
  /**
   * Live queries: connections of one account and of one address, subscriptions of one connection (of an admin's); groups of a process;
   * snapshots read at once, and how often one is tried again; ms until it is asked again what a query sees; bytes of a message in, of a row and of a part of
   * a snapshot out; packets and bytes that may wait for who reads slowly, ms until he is given up, how often in `lagWindow` ms;
   * ms that one member costs (`perMember`), from which on telling is put off (`idle`), the share of the time that it may take,
   * ms that it waits at most; ms between two watermarks, and in how many parts clients are told of them; ms after a token's end;
   * ms that the first waits for the log; ms in which a socket has to say who it is; ms after which those
   * leave whom another process serves; ms after which a quiet stream says that it is there.
   */
  live: {
    perAccount: 20,
    perAddress: 50,
    subscriptions: 100,
    adminSubscriptions: 200,
    groups: 100_000,
    snapshots: 16,
    tries: 50,
    unseen: 5,
    message: 65_536,
    row: 262_144,
    part: 262_144,
    packets: 256,
    queued: 1_048_576,
    patience: 30_000,
    lags: 3,
    lagWindow: 60_000,
    perMember: 0.005,
    idle: 2,
    share: 0.3,
    longest: 250,
    watermark: 1_000,
    turns: 20,
    grace: 5_000,
    start: 10_000,
    handshake: 10_000,
    farewell: 100,
    quiet: 15_000,
  },
  /** ms after its last use that a guest stays; how many go at once. */
  guests: { idle: 30 * 86_400_000, sweep: 500 },
  /** Rows that a live query without a limit holds; least rows that a window holds beyond it; arms of an `or` that it is looked up by; most values of a set that rules hang on. */
  realtime: { rows: 5_000, slack: 10, branches: 4, members: 1_000 },
  /**
   * Uploads: bytes after which what came is made safe; bytes of a part for S3, how many of them are gathered at once, and ms that one may
   * take to be while others wait.
   */
  uploads: { keep: 16_777_216, gathered: 131_072, part: 5_242_880, parts: 12, turn: 2_000 },
  /**
   * Files. Bytes of one, where a field says nothing; and at most, which are ten thousand parts; bytes that are looked at to know what it is; pixels of an image; the longer side of
   * a thumb; characters of a name. ms: without a byte until an upload is given up; for which what no record names is kept; for which
   * who takes an upload is taken to be at work without a sign; for which a verdict is remembered.  Pending files and bytes of an address that is nobody. Bytes of a file that is small, and how many of those are held.
   */
  files: {
    size: 52_428_800,
    most: 52_428_800_000,
    head: 65_536,
    pixels: 50_000_000,
    thumb: 4_096,
    name: 200,
    silence: 60_000,
    kept: 86_400_000,
    lease: 10_000,
    verdict: 500,
    verdicts: 10_000,
    anonymous: { count: 20, size: 104_857_600 },
    small: { size: 65_536, count: 256 },
  },
  /** Seconds for which a link to a file is good: where nothing is asked, for accounts, for admins and keys. */
  links: { usual: 120, most: 3_600, mostOfAdmins: 604_800 },
  /** Thumbs made at once, seconds that one may take, how many wait, and bytes of a picture that is drawn. */
  thumbs: { atOnce: 1, time: 10, waiting: 100, source: 67_108_864 },
  /** What the server fetches for somebody. ms: to connect, of silence, for all of it; how often it may be redirected. */
  outbound: { connect: 3_000, silence: 15_000, all: 600_000, redirects: 3 },
  setupLink: 30 * 60_000,
  /** ms for which what was mailed is good, and tries that a code has. */
  oneTime: { verify: 86_400_000, reset: 30 * 60_000, code: 600_000, email: 86_400_000, tries: 5 },
  idempotency: { keep: 86_400_000, body: 16_384 },
} as const;

/** One bound on how often something may happen: at most `count` in `window` ms. */
export interface Rate {
  readonly count: number;
  readonly window: number;
}
export const rates = {
  api: { count: 300, window: 10_000 },
  write: { count: 100, window: 10_000 },
  message: { count: 1_000, window: 10_000 },
  refresh: { count: 30, window: 60_000 },
  signInAccount: { count: 5, window: 60_000 },
  signInAddress: { count: 30, window: 60_000 },
  mail: { count: 3, window: 3_600_000 },
  signUp: { count: 10, window: 3_600_000 },
  ownData: { count: 5, window: 3_600_000 },
} as const satisfies Record<string, Rate>;
