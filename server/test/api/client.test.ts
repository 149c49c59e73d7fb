/** The client against a whole server: sessions that tabs share, signing out, and API keys. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attempt, createClient, type ClientOptions, type SessionStorage } from '@underpin/sdk';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
  for (const body of [
    {
      name: 'posts',
      fields: [{ name: 'title', type: 'text' }],
      rules: { list: 'auth != null', view: 'auth != null', create: 'auth != null' },
    },
    { name: 'members', kind: 'auth', rules: { create: 'true', view: 'id == auth.id' } },
  ])
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
});
afterAll(() => up.close());

/** A storage that two clients share without being told of what the other does. */
function shared(): SessionStorage & { kept: string | null } {
  return {
    kept: null,
    get() {
      return this.kept;
    },
    set(value) {
      this.kept = value;
    },
  };
}

/** A client, and the paths it asked for. */
function client(storage: SessionStorage, more: Partial<ClientOptions> = {}) {
  const asked: string[] = [];
  const watched: typeof fetch = (input, init) => {
    asked.push(`${init?.method ?? 'GET'} ${new URL(String(input)).pathname.replace('/api/v1', '')}`);
    return (more.fetch ?? fetch)(input, init);
  };
  const made = createClient({ url: up.url, storage, retries: 0, ...more, fetch: watched });
  const events: string[] = [];
  made.auth.onChange((_session, event) => events.push(event));
  const refreshes = (): number => asked.filter((one) => one.endsWith('/refresh')).length;
  return { up: made, asked, events, refreshes };
}

let serial = 0;
const person = (): { email: string; password: string } => ({ email: `person${++serial}@example.com`, password });
const sessionsOf = (email: string, collection = 'users') =>
  up.sql(
    `SELECT s.ended IS NULL AS live FROM underpin.sessions s JOIN ${collection} a ON a.id = s.account WHERE a.email = $1 ORDER BY s.created`,
    [email],
  );
/** Every access token that was given so far has ended. */
const laterOn = (): void => void (up.ahead += 11 * 60_000);

describe('an access token that ended', () => {
  test('is renewed once for thirty calls', async () => {
    const { up: ann, refreshes, events } = client(shared());
    await ann.auth.signUp({ ...person(), name: 'ann' });
    laterOn();
    const titles = Array.from({ length: 30 }, (_, n) => `call ${n}`);
    const made = await Promise.all(titles.map((title) => ann.collection('posts').create({ title })));
    expect(made.map(({ title }) => title)).toEqual(titles);
    expect([refreshes(), events]).toEqual([1, ['signedIn', 'refreshed']]);
  });

  test('is renewed by two tabs at once, round after round, and the server has one session', async () => {
    const account = person();
    const storage = shared();
    const first = client(storage);
    await first.up.auth.signUp({ ...account, name: 'ann' });
    const tabs = [first, client(storage)];
    for (let round = 0; round < 20; round += 1) {
      laterOn();
      const lists = tabs.flatMap(({ up: tab }) => [1, 2, 3].map((limit) => tab.collection('posts').list({ limit }).then()));
      await Promise.all(lists);
    }
    expect(tabs.map((tab) => [tab.up.auth.user?.['email'], new Set(tab.events.slice(-20))])).toEqual(
      Array(2).fill([account.email, new Set(['refreshed'])]),
    );
    expect(await sessionsOf(account.email)).toEqual([{ live: true }]);
    expect(await up.sql(`SELECT 1 FROM underpin.audit WHERE action = 'session.reused'`)).toEqual([]);
    laterOn();
    for (const tab of tabs) await tab.up.auth.me();
  });

  test('is renewed by one tab after the other, though none is told', async () => {
    const account = person();
    const storage = shared();
    const first = client(storage);
    await first.up.auth.signUp({ ...account, name: 'ann' });
    const second = client(storage);
    for (const [one, other] of [
      [first, second],
      [second, first],
      [first, second],
    ] as const) {
      laterOn();
      await one.up.auth.me();
      // Past the grace for what the other tab has.
      up.ahead += 11_000;
      await other.up.auth.me();
    }
    expect([await sessionsOf(account.email), first.refreshes() + second.refreshes()]).toEqual([[{ live: true }], 3]);
  });

  test('is renewed though the answer was lost', async () => {
    const account = person();
    let lost = 0;
    const losing: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (!String(input).endsWith('/refresh') || ++lost > 1) return answer;
      throw new TypeError('the line is gone');
    };
    const { up: ann, refreshes } = client(shared(), { fetch: losing, retries: 1 });
    await ann.auth.signUp({ ...account, name: 'ann' });
    laterOn();
    await ann.auth.me();
    laterOn();
    await ann.auth.me();
    expect([refreshes(), await sessionsOf(account.email)]).toEqual([3, [{ live: true }]]);
  });

  test('signs out by itself once the session has ended', async () => {
    const account = person();
    const storage = shared();
    const { up: ann, events } = client(storage);
    await ann.auth.signUp({ ...account, name: 'ann' });
    await up.sql('UPDATE underpin.sessions SET ended = now()');
    laterOn();
    expect((await attempt(ann.auth.me()))[0]).toMatchObject({ status: 401 });
    expect([events, ann.auth.session, storage.kept]).toEqual([['signedIn', 'expired'], null, null]);
  });
});

describe('signing out', () => {
  test('ends the session of whoever is signed in', async () => {
    const account = person();
    const { up: app, asked, events } = client(shared());
    const members = app.auth.collection('members');
    const heard: unknown[] = [];
    members.onChange((session, event) => heard.push([event, session !== null]));
    await members.signUp(account);
    expect([app.auth.session, members.user?.['email']]).toEqual([null, account.email]);
    await app.auth.signOut();
    expect([asked.at(-1), members.session, await sessionsOf(account.email, 'members')]).toEqual([
      'POST /auth/members/sign-out',
      null,
      [{ live: false }],
    ]);
    expect([events, heard]).toEqual([
      ['signedIn', 'signedOut'],
      [
        ['signedIn', true],
        ['signedOut', false],
      ],
    ]);
  });

  test('ends the session on the server too where the access token has ended', async () => {
    const account = person();
    const { up: ann, asked } = client(shared());
    await ann.auth.signUp({ ...account, name: 'ann' });
    laterOn();
    await ann.auth.signOut();
    expect(asked.slice(1)).toEqual(['POST /auth/users/sign-out', 'POST /auth/users/refresh', 'POST /auth/users/sign-out']);
    expect(await sessionsOf(account.email)).toEqual([{ live: false }]);
  });

  test('is done where the server knows the session no more', async () => {
    const { up: ann, events } = client(shared());
    await ann.auth.signUp({ ...person(), name: 'ann' });
    await up.sql('UPDATE underpin.sessions SET ended = now()');
    laterOn();
    await ann.auth.signOut();
    expect([ann.auth.session, events]).toEqual([null, ['signedIn', 'signedOut']]);
  });

  test('is done here where the server cannot be told, and fails for it', async () => {
    const { up: ann } = client(shared(), {
      fetch: (input, init) => (String(input).endsWith('/sign-out') ? Promise.reject(new TypeError('no line')) : fetch(input, init)),
    });
    await ann.auth.signUp({ ...person(), name: 'ann' });
    expect([(await attempt(ann.auth.signOut()))[0]?.code, ann.auth.session]).toEqual(['network', null]);
  });

  test('of nobody known is of the collection that was asked', async () => {
    const { up: app, asked } = client(shared(), { session: 'cookie' });
    await attempt(app.auth.signOut());
    await attempt(app.auth.collection('members').signOut());
    expect(asked).toEqual(['POST /auth/users/sign-out', 'POST /auth/members/sign-out']);
  });
});

test('what an account does for itself is not done as one of another collection', async () => {
  const account = person();
  const { up: app } = client(shared());
  const members = app.auth.collection('members');
  await members.signUp(account);
  const refused = [
    app.auth.me(),
    app.auth.sessions.list(),
    app.auth.ownData(),
    app.auth.changePassword({ current: password, password: `${password}!` }),
    app.auth.deleteAccount({ current: password }),
  ];
  for (const [error] of await Promise.all(refused.map((one) => attempt<unknown>(one)))) expect(error).toMatchObject({ status: 401 });
  expect([(await members.me())['email'], await sessionsOf(account.email, 'members')]).toEqual([account.email, [{ live: true }]]);
});

describe('API keys', () => {
  const admin = async () => {
    const { up: app } = client(shared());
    await app.auth.collection('_admins').signIn({ email: ownerEmail, password });
    return app;
  };
  const scopes = [{ on: 'records:posts', actions: ['list', 'view'] }];
  const works = async (token: string): Promise<boolean> => {
    const [error] = await attempt(createClient({ url: up.url, token, retries: 0 }).collection('posts').list());
    if (error !== null && error.status !== 401) throw error;
    return error === null;
  };

  test('are made, changed, replaced with an overlap, listed and ended', async () => {
    const { keys } = await admin();
    const made = await keys.create({ name: 'shop', scopes, rate: 50 });
    expect(made).toMatchObject({ name: 'shop', kind: 'service', owner: null, rate: 50, key: expect.stringMatching(/^upk_/) });
    expect(await works(made.key)).toBe(true);
    const next = await keys.rotate(made.id, { overlap: 60 });
    expect([next.id, next.key === made.key, await works(made.key), await works(next.key)]).toEqual([made.id, false, true, true]);
    const last = await keys.rotate(made.id);
    await until('the one before is refused', async () => !(await works(next.key)));
    expect(await works(last.key)).toBe(true);
    expect(await keys.update(made.id, { disabled: true })).toMatchObject({ id: made.id, disabled: true, scopes: next.scopes });
    await until('it is refused', async () => !(await works(last.key)));
    expect((await keys.list({ filter: 'disabled' })).data).toEqual([expect.not.objectContaining({ key: expect.anything() })]);
    await keys.revoke(made.id);
    expect((await keys.list()).data.filter(({ id }) => id === made.id)).toEqual([]);
  });

  test('act as an account where they are made for one', async () => {
    const { keys } = await admin();
    const { id } = await up.account(`keys${++serial}`);
    const { owner, key } = await keys.create({ name: 'hers', scopes, account: { collection: 'users', id } });
    expect([owner, (await createClient({ url: up.url, token: key }).auth.me())['id']]).toEqual([`users:${id}`, id]);
  });

  test('are not made or replaced twice where an answer is lost', async () => {
    const { up: app, asked } = client(shared(), {
      retries: 2,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (/_api_keys(\/[^/]+\/rotate)?$/.test(String(input))) throw new TypeError('the line is gone');
        return answer;
      },
    });
    await app.auth.collection('_admins').signIn({ email: ownerEmail, password });
    expect((await attempt(app.keys.create({ name: 'lost', scopes })))[0]?.code).toBe('network');
    const made = await up.sql(`SELECT id FROM underpin.api_keys WHERE name = 'lost'`);
    expect(made).toHaveLength(1);
    expect((await attempt(app.keys.rotate(String(made[0]?.['id']))))[0]?.code).toBe('network');
    expect(asked.filter((one) => one.includes('_api_keys'))).toHaveLength(2);
  });
});
