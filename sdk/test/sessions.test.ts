/** The session of tabs that share a storage, and refreshes that fail, hang or come too late. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { attempt, createClient } from '../src/index.ts';
import type { Client, ClientOptions, SessionStorage } from '../src/index.ts';
import type { Untyped } from '../src/types.ts';
import { failure, localServer } from './local-server.ts';
import type { Reply } from './local-server.ts';

const local = localServer();
const { seen } = local;
let url: string;
/** What a refresh is answered, and what the records are. */
let refresh: Reply | (() => Reply);
let records: (token: string | undefined) => Reply;
beforeEach(async () => {
  refresh = { body: session(2) };
  records = () => ({ body: page });
  url = await local.start(({ url: path, headers }) => {
    if (path.endsWith('/refresh')) return typeof refresh === 'function' ? refresh() : refresh;
    if (path.endsWith('/sign-in')) return { body: session(1) };
    return path.endsWith('/sign-out') ? { status: 204 } : records(headers.authorization);
  });
});
afterEach(() => local.stop());

const page = { data: [], page: { limit: 30, next: null, prev: null } };
const long = 600_000;
const session = (n: number, livesMs = long, id = 'ann'): object => ({
  record: { id },
  accessToken: `access${n}`,
  refreshToken: `refresh${n}`,
  expiresAt: new Date(Date.now() + livesMs).toISOString(),
});
const text = (...given: Parameters<typeof session>): string => JSON.stringify({ ...session(...given), collection: 'users' });
const refreshes = (): readonly unknown[] => seen.filter((one) => one.url.endsWith('/refresh')).map(({ body }) => body);
const tokens = (): readonly unknown[] =>
  seen.filter((one) => one.url.includes('/records/')).map(({ headers }) => headers.authorization?.replace('Bearer ', ''));

/** A storage as tabs share it; whoever writes is not told himself. */
function sharedStorage(kept: string | null = null) {
  const state = { kept };
  const tabs = new Set<() => void>();
  const tab = (): SessionStorage => {
    let tell = (): void => undefined;
    return {
      get: () => state.kept,
      set: (value) => {
        state.kept = value;
        for (const other of tabs) if (other !== tell) other();
      },
      onChange: (listener) => tabs.add((tell = listener)),
    };
  };
  const silent: SessionStorage = { get: () => state.kept, set: (value) => void (state.kept = value) };
  return { state, tab, silent };
}

function tab(
  storage: SessionStorage,
  more: Partial<ClientOptions> = {},
): { up: Client<Untyped>; events: string[]; list(): Promise<unknown> } {
  const up = createClient({ url, storage, retries: 0, ...more });
  const events: string[] = [];
  up.auth.onChange((_session, event) => events.push(event));
  return { up, events, list: () => up.collection('posts').list().then() };
}

/** `fetch` whose answer to a refresh comes when the test says. */
function heldRefresh(): { fetch: typeof fetch; asked: Promise<void>; release(): void } {
  let release = (): void => undefined;
  let tell = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const asked = new Promise<void>((resolve) => (tell = resolve));
  const held: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (String(input).endsWith('/refresh')) {
      tell();
      await gate;
    }
    return answer;
  };
  return { fetch: held, asked, release };
}

test('what another tab renewed is taken instead of asking', async () => {
  const { state, silent } = sharedStorage(text(1, 1_000));
  const { list, events } = tab(silent);
  state.kept = text(5);
  await list();
  expect([refreshes(), tokens(), events]).toEqual([[], ['access5'], ['refreshed']]);
});

test('where what another tab renewed is about to end too, that is what is renewed', async () => {
  const { state, silent } = sharedStorage(text(1, 1_000));
  const { list } = tab(silent);
  state.kept = text(5, 1_000);
  await list();
  expect([refreshes(), tokens()]).toEqual([[{ refreshToken: 'refresh5' }], ['access2']]);
});

test('a token that was refused is replaced by what another tab has by now', async () => {
  const { state, silent } = sharedStorage(text(1));
  const { list, events } = tab(silent);
  records = (token) => (token === 'Bearer access1' ? { status: 401 } : { body: page });
  state.kept = text(5);
  await list();
  expect([refreshes(), tokens(), events]).toEqual([[], ['access1', 'access5'], ['refreshed']]);
});

test('a refused refresh ends the session only where no other tab has a newer one', async () => {
  const { state, silent } = sharedStorage(text(1, 1_000));
  const { list, events, up } = tab(silent);
  refresh = () => {
    state.kept = text(5, 1_000);
    return { status: 401 };
  };
  await list();
  expect([tokens(), events]).toEqual([['access5'], ['refreshed']]);
  refresh = { status: 403 };
  records = (token) => (token === 'Bearer access5' ? { status: 401 } : { body: page });
  expect((await failure(list())).status).toBe(401);
  expect([events, up.auth.session, state.kept]).toEqual([['refreshed', 'expired'], null, null]);
});

test('tabs hear of sign-in, refresh and sign-out of one another at once', async () => {
  const { tab: storage } = sharedStorage();
  const [first, second] = [tab(storage()), tab(storage())];
  await first.up.auth.signIn({ email: 'a@b.c', password: 'x' });
  expect(second.up.auth.user).toEqual({ id: 'ann' });
  records = (token) => (token === 'Bearer access1' ? { status: 401 } : { body: page });
  await second.list();
  await first.list();
  await first.up.auth.signOut();
  expect(second.up.auth.session).toBeNull();
  await second.list();
  const all = ['signedIn', 'refreshed', 'signedOut'];
  expect([first.events, second.events, refreshes().length]).toEqual([all, all, 1]);
  expect(tokens()).toEqual(['access1', 'access2', 'access2', undefined]);
});

test('nothing that is no session signs anybody in', () => {
  const { state, tab: storage } = sharedStorage();
  const { events, up } = tab(storage());
  for (const kept of ['', 'x', '{}', '[]', '7', 'null']) {
    storage().set(kept);
    expect([up.auth.session, events, state.kept]).toEqual([null, [], kept]);
  }
});

test.each(['here', 'in another tab'])('who signs out %s while a refresh is under way stays signed out', async (where) => {
  const { state, tab: storage, silent } = sharedStorage(text(1, 1_000));
  const held = heldRefresh();
  const { list, events, up } = tab(where === 'here' ? storage() : silent, { fetch: held.fetch });
  const listed = list();
  await held.asked;
  if (where === 'here') await up.auth.signOut();
  else state.kept = null;
  held.release();
  await listed;
  expect([up.auth.session, state.kept, events, tokens()]).toEqual([null, null, ['signedOut'], [undefined]]);
});

test('what was asked for by one account is not done as another that came meanwhile', async () => {
  const { state, silent } = sharedStorage(text(1, 1_000));
  const held = heldRefresh();
  const { up, events } = tab(silent, { fetch: held.fetch });
  const made = attempt(up.collection('posts').create({}));
  await held.asked;
  state.kept = text(5, long, 'bob');
  held.release();
  expect((await made)[0]).toMatchObject({ status: 401, code: 'unauthenticated' });
  expect([up.auth.user, events, tokens()]).toEqual([{ id: 'bob' }, ['signedIn'], []]);
});

test.each<[string, Reply, object]>([
  ['the network', { drop: true }, { code: 'network', status: 0 }],
  ['503', { status: 503, body: { code: 'unavailable' } }, { code: 'unavailable', status: 503 }],
])('a refresh that fails by %s fails the calls that wait, and the next one tries again', async (_name, reply, error) => {
  const { state, silent } = sharedStorage(text(1, -1));
  const { list, events, up } = tab(silent);
  refresh = reply;
  const errors = await Promise.all(Array.from({ length: 5 }, () => failure(list())));
  for (const one of errors) expect(one).toMatchObject(error);
  expect([refreshes().length, tokens(), events, up.auth.session === null, state.kept === null]).toEqual([1, [], [], false, false]);
  // Refused before its time, as where the clocks differ: the same.
  refresh = { body: session(2) };
  await list();
  expect([tokens(), events]).toEqual([['access2'], ['refreshed']]);
  refresh = reply;
  records = () => ({ status: 401 });
  expect(await failure(list())).toMatchObject(error);
  expect(up.auth.session).not.toBeNull();
});

test('a refresh is asked for again while its answer can still be had', async () => {
  const { silent } = sharedStorage(text(1, -1));
  const { list } = tab(silent, { retries: 1 });
  refresh = () => (refreshes().length === 1 ? { drop: true } : { body: session(2) });
  await list();
  expect([refreshes(), tokens()]).toEqual([Array(2).fill({ refreshToken: 'refresh1' }), ['access2']]);
});

test('while a token is good, a refresh that fails holds nobody up', async () => {
  const { silent } = sharedStorage(text(1, 20_000));
  const { list } = tab(silent);
  refresh = { status: 503 };
  await list();
  expect([refreshes().length, tokens()]).toEqual([1, ['access1']]);
});

test('where the clock is wrong, a token is renewed when it is refused, and not for every call', async () => {
  const { state, silent } = sharedStorage();
  const { up, list } = tab(silent);
  await up.auth.signIn({ email: 'a@b.c', password: 'x' });
  refresh = { body: session(2, -long) };
  records = (token) => (token === 'Bearer access1' ? { status: 401 } : { body: page });
  for (let n = 0; n < 3; n += 1) await list();
  expect([refreshes().length, tokens(), state.kept === null]).toEqual([1, ['access1', 'access2', 'access2', 'access2'], false]);
});

test('a refresh that hangs holds no call longer than the timeout, and none that its caller ends', async () => {
  const { silent } = sharedStorage(text(1, -1));
  const { up, list } = tab(silent, { timeoutMs: 200 });
  refresh = { pieces: [] };
  const controller = new AbortController();
  const given = failure(up.collection('posts').create({}, { signal: controller.signal }));
  const waits = failure(list());
  controller.abort();
  expect((await given).code).toBe('aborted');
  expect(refreshes().length).toBeLessThanOrEqual(1);
  expect(await waits).toMatchObject({ code: 'timeout', retryable: true });
  expect([up.auth.session === null, tokens()]).toEqual([false, []]);
});

test('a refresh that hangs holds up no sign-out', async () => {
  const { state, silent } = sharedStorage(text(1, 20_000));
  const held = heldRefresh();
  const { up, list } = tab(silent, { fetch: held.fetch });
  const listed = list();
  await held.asked;
  await up.auth.signOut();
  expect([seen.at(-1)?.url, seen.at(-1)?.headers.authorization, state.kept]).toEqual([
    '/api/v1/auth/users/sign-out',
    'Bearer access1',
    null,
  ]);
  held.release();
  await listed;
});
