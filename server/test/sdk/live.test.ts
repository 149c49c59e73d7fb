/** `live()` against a whole server, over a way that breaks: after each break the rows are the list that one would get. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ApiError, createClient, type Client, type ClientOptions, type Live, type SessionStorage } from '@underpin/sdk';
import type { Untyped, UntypedRow } from '../../../sdk/src/types.ts';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';

type Row = UntypedRow;
type Notes = Live<Row>;
let up: TestApp;
let way: Proxy;
const opened: Live<unknown>[] = [];
const client = (more: Partial<ClientOptions> = {}): Client<Untyped> => createClient({ url: way.url, ...more });
/** Ends with the test. */
const keep = <T>(one: Live<T>): Live<T> => {
  opened.push(one);
  return one;
};
const isLive = (...all: readonly Live<unknown>[]): Promise<void> =>
  until(`all are live, not ${all.map(({ status }) => status).join()}`, () => all.every(({ status }) => status === 'live'));
const titles = (one: Notes): unknown[] => one.value.map((row) => row['title']);
const become = (one: Notes, wanted: readonly unknown[]): Promise<void> =>
  until(`it is ${JSON.stringify(wanted)}`, () => JSON.stringify(titles(one)) === JSON.stringify(wanted));
const insert = (title: string, more: Readonly<Record<string, unknown>> = {}): Promise<Row> =>
  up.send('POST /records/notes', { token: up.owner, body: { title, ...more } }).then(({ body }) => body);
/** What a list by HTTP has, in its order. */
const listed = async (sort: string): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for await (const row of createClient({ url: up.url, token: up.owner })
    .collection('notes')
    .list({ sort: [sort], limit: 500 })
    .all())
    rows.push(row);
  return rows;
};
const same = async (one: Notes, sort = 'id'): Promise<void> => {
  const wanted = JSON.stringify(await listed(sort));
  await until('it is the list', () => JSON.stringify(one.value) === wanted);
};

beforeAll(async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  up = await startTestApp();
  const make = async (body: unknown): Promise<void> => {
    const answer = await up.send('POST /collections', { token: up.owner, body });
    if (answer.status !== 201) throw new Error(answer.text);
  };
  await make({
    name: 'notes',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'body', type: 'text' },
      { name: 'rank', type: 'number' },
      { name: 'price', type: 'decimal' },
      { name: 'done', type: 'bool' },
      { name: 'due', type: 'day' },
      { name: 'owner', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
    ],
    rules: { list: 'title != "secret" || owner == auth.id', create: 'true', update: 'true', delete: 'true' },
  });
  await make({ name: 'clubs', fields: [{ name: 'title', type: 'text' }], rules: { list: 'auth != null', create: 'auth != null' } });
}, 60_000);
afterAll(() => up.close());
beforeEach(async () => {
  way = await startProxy(up.url);
});
afterEach(async () => {
  for (const one of opened.splice(0)) one.close();
  await until('nothing is left on the server', () => up.app.hub.size === 0 && way.open === 0);
  await way.close();
  await up.sql('TRUNCATE notes, clubs CASCADE');
  up.ahead = 0;
});

const many = (count: number): Promise<unknown> =>
  up.sql(
    `INSERT INTO notes (id, title, body, rank) SELECT gen_random_uuid(), 'n' || n, repeat('x', 700), n FROM generate_series(1, ${count}) n`,
  );

describe('a live query', () => {
  test('has the rows in the order of the list, and tells of each change', async () => {
    const notes = keep(
      client()
        .collection('notes')
        .live({ sort: ['rank'], limit: 10 }),
    );
    const seen: string[] = [];
    const stop = notes.subscribe((rows, status) => seen.push(`${status} ${rows.length}`));
    expect(seen).toEqual(['connecting 0']);
    await isLive(notes);
    await insert('two', { rank: 2 });
    await become(notes, ['two']);
    const [two] = notes.value;
    await insert('one', { rank: 1 });
    await become(notes, ['one', 'two']);
    expect(notes.value[1]).toBe(two);
    expect(seen).toEqual(['connecting 0', 'live 0', 'live 1', 'live 2']);
    stop();
    await up.sql('TRUNCATE notes CASCADE');
    await become(notes, []);
    expect(seen).toHaveLength(4);
  });

  test.each(['title', '-title', 'rank', '-rank', 'price', '-price', 'done', 'due', '-created'])(
    'is sorted by %s as the list is',
    async (sort) => {
      const notes = keep(
        client({ token: up.owner })
          .collection('notes')
          .live({ sort: [sort], limit: 100 }),
      );
      await insert('first');
      await isLive(notes);
      const values = [
        { title: '\u{1F600}', rank: 0, price: '0.1', done: true, due: '2026-01-02' },
        { title: '\uFFEE', rank: -1e300, price: '-99999999999999999999.5', done: false, due: '0001-01-01' },
        { title: 'a', rank: 1e300, price: '99999999999999999999.4', done: false, due: '9999-12-31' },
        { title: 'A', rank: 0.1, price: '99999999999999999999.5', due: '2026-01-02' },
        { title: '', rank: 3, price: '3' },
        {},
        { title: 'a ', rank: 3, price: '3' },
      ];
      for (const { title = '', ...more } of values) await insert(title, more);
      await same(notes, sort);
      expect(notes.value).toHaveLength(8);
    },
  );

  test('is one subscription for all who ask the same, however they say it', async () => {
    const notes = client().collection('notes');
    const all = Array.from({ length: 150 }, (_, n) =>
      keep(notes.live(n % 2 === 0 ? { where: { rank: 1, done: true }, limit: 5 } : { limit: 5, where: { done: true, rank: 1 } })),
    );
    // The server takes a hundred of a connection.
    await isLive(...all);
    await insert('one', { rank: 1, done: true });
    await Promise.all(all.map((one) => become(one, ['one'])));
    expect([up.app.hub.size, way.sockets]).toEqual([1, 1]);
    expect(all[0]?.value).toBe(all[149]?.value);
    for (const one of all.slice(1)) one.close();
    await insert('two', { rank: 1, done: true });
    await until('the first still follows', () => all[0]?.value.length === 2);
  });

  test('shows more, and stays as it is where so many are refused', async () => {
    await many(300);
    const notes = keep(
      client()
        .collection('notes')
        .live({ sort: ['rank'], limit: 2 }),
    );
    const other = keep(
      client()
        .collection('notes')
        .live({ sort: ['rank'], limit: 2 }),
    );
    await isLive(notes, other);
    await Promise.all([notes.loadMore(), notes.loadMore()]);
    expect(titles(notes)).toEqual(['n1', 'n2', 'n3', 'n4']);
    await notes.loadMore(96);
    expect(notes.value).toHaveLength(100);
    await expect(notes.loadMore(500)).rejects.toMatchObject({ code: 'invalid_request' });
    await insert('top', { rank: 0 });
    await until('it goes on', () => titles(notes)[0] === 'top');
    expect([notes.status, notes.value.length, other.value.length]).toEqual(['live', 100, 2]);
  });

  test('is read by a loop, and ends with it', async () => {
    await insert('one');
    const seen: number[] = [];
    const notes = client().collection('notes').live({ limit: 5 });
    for await (const rows of notes) {
      seen.push(rows.length);
      if (rows.length === 3) break;
      await insert('more');
    }
    expect([seen, notes.status]).toEqual([[1, 2, 3], 'closed']);
    {
      using other = client().collection('notes').live({ limit: 5 });
      for await (const rows of other) if (rows.length === 3) break;
    }
    const followed = keep(client().collection('notes').live({ limit: 5 }));
    followed.subscribe(() => undefined);
    for await (const _rows of followed) break;
    expect(followed.status).toBe('live');
    await expect(notes.caughtUp()).rejects.toMatchObject({ code: 'aborted' });
    for await (const _rows of notes) throw new Error('it is closed');
  });

  test('without a limit is warned of, once, on the machine of who writes the app', async () => {
    const warn = jest.mocked(console.warn);
    warn.mockClear();
    const notes = client().collection('notes');
    await isLive(keep(notes.live()), keep(notes.live()), keep(notes.live({ limit: 3 })));
    expect(warn.mock.calls).toEqual([[expect.stringContaining('live() of "notes" has no limit')]]);
  });

  test('has caught up with what this client wrote', async () => {
    const here = client();
    const prefers: unknown[] = [];
    const watched = client({
      fetch: (input, init) => {
        prefers.push(new Headers(init?.headers).get('prefer'));
        return fetch(input, init);
      },
    });
    await watched.collection('notes').create({ title: 'before' });
    const notes = keep(here.collection('notes').live({ limit: 50 }));
    await notes.caughtUp();
    expect(titles(notes)).toEqual(['before']);
    for (let n = 0; n < 3; n++) {
      await here.collection('notes').create({ title: `n${n}` });
      await notes.caughtUp();
      expect(titles(notes)).toContain(`n${n}`);
    }
    const own = keep(watched.collection('notes').live({ limit: 1 }));
    await watched.collection('notes').create({ title: 'during' });
    await own.caughtUp();
    own.close();
    await watched.collection('notes').create({ title: 'after' });
    expect(prefers).toEqual([null, 'position', null]);
  });
});

describe('after a break', () => {
  test('in the middle of a snapshot it is whole', async () => {
    await many(3000);
    const broken = way.cutAfter(600_000);
    const notes = keep(
      client()
        .collection('notes')
        .live({ sort: ['id'] }),
    );
    await broken;
    expect(notes.value).toEqual([]);
    await up.sql(`DELETE FROM notes WHERE rank::int % 3 = 0`);
    await isLive(notes);
    await same(notes);
    expect([notes.value.length, way.sockets]).toEqual([2000, 2]);
  });

  test('only what was missed is told, whether the way or the server was away', async () => {
    await many(3000);
    const notes = keep(
      client()
        .collection('notes')
        .live({ sort: ['id'] }),
    );
    const window = keep(
      client()
        .collection('notes')
        .live({ sort: ['-rank'], limit: 3 }),
    );
    const states: string[] = [];
    await isLive(notes, window);
    notes.subscribe((_rows, status) => states.at(-1) === status || states.push(status));
    expect(way.bytes).toBeGreaterThan(2_000_000);
    for (const breaking of [way, undefined]) {
      const before = way.bytes;
      if (breaking === undefined) await up.restart();
      breaking?.cut();
      for (let n = 0; n < 100; n++) await up.sql(`UPDATE notes SET rank = rank + 1, title = 'changed' WHERE rank = ${n + 1}`);
      await up.sql('DELETE FROM notes WHERE rank > 2990');
      breaking?.mend();
      await same(notes);
      await until(
        'the window too',
        () =>
          window.value[0] === notes.value.reduce((a, b) => (Number(a['rank']) > Number(b['rank']) ? a : b)) ||
          window.value[0]?.['rank'] === 2990,
      );
      await isLive(notes, window);
      expect(way.bytes - before).toBeLessThan(400_000);
    }
    expect(states).toEqual(['live', 'offline', 'resyncing', 'live', 'offline', 'resyncing', 'live']);
  });

  test('what was written meanwhile is caught up with', async () => {
    // Writes take another way.
    const here = client({ fetch: (input, init) => fetch(String(input).replace(way.url, up.url), init) });
    const notes = keep(here.collection('notes').live({ limit: 5 }));
    await isLive(notes);
    way.cut();
    await until('it is away', () => notes.status === 'offline');
    await here.collection('notes').create({ title: 'one' });
    const caught = notes.caughtUp();
    way.mend();
    await caught;
    expect([titles(notes), way.sockets]).toEqual([['one'], 2]);
  });
});

/** A storage that tells other tabs of what is kept. */
function shared(): () => SessionStorage {
  let kept: string | null = null;
  const tabs = new Map<SessionStorage, () => void>();
  return () => {
    const tab: SessionStorage = {
      get: () => kept,
      set: (value) => {
        kept = value;
        for (const [other, listener] of tabs) if (other !== tab) listener();
      },
      onChange: (listener) => void tabs.set(tab, listener),
    };
    return tab;
  };
}
let serial = 0;
const person = (): { email: string; password: string; name: string } => ({ email: `p${++serial}@example.com`, password, name: 'p' });

describe('an account', () => {
  test('that is refused is told why, and all else goes on', async () => {
    const here = client();
    const inner = keep(here.collection('clubs').live({ limit: 5 }));
    const notes = keep(here.collection('notes').live({ limit: 5 }));
    const wrong = here.collection('notes').live({ filter: 'title ==', limit: 5 });
    await expect(wrong[Symbol.asyncIterator]().next()).rejects.toThrow(ApiError);
    await until('it is closed', () => inner.status === 'closed');
    await isLive(notes);
    expect([inner.error?.code, wrong.error?.code, notes.error]).toEqual(['unauthenticated', 'invalid_filter', null]);
    await expect(inner.caughtUp()).rejects.toBe(inner.error);
    expect(way.sockets).toBe(1);
  });

  test('sees what is its own; who signs out, here or in another tab, sees what anybody may', async () => {
    const storage = shared();
    const [here, tab] = [client({ storage: storage() }), client({ storage: storage() })];
    await here.auth.signUp(person());
    await here.collection('notes').create({ title: 'secret' });
    await insert('open');
    const follow = (one: Client<Untyped>) => ({
      notes: keep(one.collection('notes').live({ sort: ['title'], limit: 5 })),
      inner: keep(one.collection('clubs').live({ limit: 5 })),
    });
    const both = [follow(here), follow(tab)];
    for (const { notes, inner } of both) {
      await become(notes, ['open', 'secret']);
      await isLive(inner);
    }
    await tab.auth.signOut();
    for (const { notes, inner } of both) {
      await until('it is refused', () => inner.status === 'closed');
      await become(notes, ['open']);
      expect([inner.error?.status, inner.value]).toEqual([401, []]);
    }
    await here.auth.signUp(person());
    await here.collection('notes').create({ title: 'secret' });
    for (const { notes } of both) await become(notes, ['open', 'secret']);
    await insert('secret');
    await insert('zzz');
    for (const { notes } of both) await become(notes, ['open', 'secret', 'zzz']);
  });

  test('whose session is ended elsewhere is told, and follows as nobody', async () => {
    const here = client({ retries: 0 });
    const account = person();
    await here.auth.signUp(account);
    const notes = keep(here.collection('notes').live({ limit: 5 }));
    const inner = keep(here.collection('clubs').live({ limit: 5 }));
    await isLive(notes, inner);
    const events: string[] = [];
    here.auth.onChange((_session, event) => events.push(event));
    const other = client();
    await other.auth.signIn({ email: account.email, password });
    await other.auth.sessions.revokeOthers();
    await until('it is refused', () => inner.status === 'closed');
    await isLive(notes);
    expect([events, inner.error?.status]).toEqual([['expired'], 401]);
  });

  test('gets a new token in time, and the socket stays', async () => {
    const kept = shared()();
    const first = client({ storage: kept });
    await first.auth.signUp(person());
    // As if it were near its end.
    kept.set(JSON.stringify({ ...JSON.parse(kept.get() ?? ''), expiresAt: new Date(Date.now() + 30_200).toISOString() }));
    const here = client({ storage: kept });
    const events: string[] = [];
    here.auth.onChange((_session, event) => events.push(event));
    const inner = keep(here.collection('clubs').live({ limit: 5 }));
    await isLive(inner);
    await until('it is renewed by itself', () => events.length === 1);
    // What is asked behind it is answered: the server has the new token.
    await isLive(keep(here.collection('clubs').live({ limit: 7 })));
    // Now by a call that is refused; the server takes no token of before any more.
    up.ahead = 11 * 60_000;
    await here.collection('clubs').create({ title: 'one' });
    await until('it is there', () => inner.value.length === 1);
    await isLive(keep(here.collection('clubs').live({ limit: 6 })));
    expect([events, way.sockets]).toEqual([['refreshed', 'refreshed'], 1]);
  });

  test('whose token ended while it was away comes back by itself', async () => {
    const here = client();
    await here.auth.signUp(person());
    const inner = keep(here.collection('clubs').live({ limit: 5 }));
    await isLive(inner);
    way.cut();
    up.ahead = 11 * 60_000;
    await up.sql(`INSERT INTO clubs (id, title) VALUES (gen_random_uuid(), 'one')`);
    way.mend();
    await until('it is there', () => inner.value.length === 1 && inner.status === 'live');
  });
});
