/** What `underpin doctor` finds beside the database: of queues, files, disks, clocks, the way from outside, and mail; and that it never hangs. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, request, type Server as HttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { doctor } from '../../src/cli/doctor.ts';
import { aboutInfo } from '../../src/cli/doctor/redis.ts';
import { diskBy } from '../../src/cli/doctor/storage.ts';
import { proofHeader, proofOf } from '../../src/kit/proof.ts';
import { startTestApp, testPostgres, testSecret, type TestApp } from '../support/app.ts';
import { dataFolder, freePort } from '../support/process.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { hasS3, startS3, type TestS3 } from '../support/s3.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

jest.setTimeout(60_000);

interface Found {
  readonly about: string;
  readonly state: string;
  readonly found: string;
  readonly mend?: string;
}
const folder = dataFolder();
const open: (Server | HttpServer)[] = [];
const sockets = new Set<Socket>();
let silentPort = 0;
beforeAll(async () => {
  silentPort = await listening(createServer((socket) => void sockets.add(socket.on('error', () => undefined))));
});
afterAll(() => {
  for (const server of open) server.close();
  for (const socket of sockets) socket.destroy();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

function listening(server: Server | HttpServer): Promise<number> {
  open.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/** Each finding about it, as a line; whatever is looked at, nothing that is called hidden is told. */
async function look(about: string, env: Readonly<Record<string, string>>, now?: () => number): Promise<readonly string[]> {
  const { text } = await doctor({ DATA_DIR: folder, ...env }, true, now);
  expect(text).not.toMatch(/hidden/i);
  const { findings }: { findings: readonly Found[] } = JSON.parse(text);
  return findings
    .filter((one) => one.about === about)
    .map(({ state, found, mend }) => [state, ': ', found, ...(mend === undefined ? [] : [' → ', mend])].join(''));
}
type Scenario = readonly (readonly [name: string, env: Readonly<Record<string, string>>, told: readonly (string | RegExp)[]])[];
const expectTold = (lines: readonly string[], told: readonly (string | RegExp)[]): void => {
  expect(lines).toEqual(told.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))));
};

describe('queues', () => {
  test('without Redis', async () => {
    expect(await look('redis', {})).toEqual(['fine: The queues are in Postgres']);
  });

  test.each<Scenario[number]>([
    ['nobody listens', { REDIS_URL: 'redis://:hidden@127.0.0.1:9' }, [/^mend: Nobody listens at 127\.0\.0\.1:9 → Look at REDIS_URL/]],
    [
      'there is no such host',
      { REDIS_URL: 'redis://:hidden@redis.invalid' },
      [/^mend: (There is no host named|No name server says what) redis\.invalid/],
    ],
  ])('%s', async (_name, env, told) => expectTold(await look('redis', env), told));

  const told = (more: string): string =>
    ['redis_version:7.2.1', 'aof_enabled:1', 'maxmemory_policy:noeviction', 'used_memory:1', more, ''].join('\r\n');
  test.each([
    ['its disk was full', 'aof_last_write_status:err', 'appendonly', /could not write to its disk/, 'mend'],
    ['its memory is nearly full', 'used_memory:8388609\r\nmaxmemory:10485760', 'memory', /^Redis uses 9 MB of 10 MB; when/, 'note'],
    ['its memory is not full', 'used_memory:8388608\r\nmaxmemory:10485760', 'memory', /^Redis uses 8 MB of 10 MB$/, 'fine'],
    ['it throws keys away', 'maxmemory_policy:allkeys-lru', 'eviction', /^allkeys-lru: .*throws jobs away/, 'mend'],
  ])('where %s', (_name, more, about, found, state) => {
    expect(aboutInfo(told(more)).filter((one) => one.state !== 'fine' || state === 'fine')).toContainEqual(
      expect.objectContaining({ about, state, found: expect.stringMatching(found) }),
    );
  });

  const withRedis = hasRedis ? describe : describe.skip;
  withRedis('in Redis', () => {
    let redis: TestRedis;
    let client: Redis;
    beforeAll(async () => {
      redis = await startRedis();
      client = new Redis(redis.url);
    });
    afterAll(async () => {
      client.disconnect();
      await redis.end();
    });
    const all = async (url = redis.url): Promise<readonly string[]> =>
      (await Promise.all(['redis', 'appendonly', 'eviction', 'memory'].map((about) => look(about, { REDIS_URL: url })))).flat();

    test('all is as it should be', async () => {
      expectTold(await all(), [
        /^fine: Redis \d+\.\d+/,
        'fine: What Redis is told is written to its disk',
        'fine: noeviction',
        /^fine: Redis uses \d+ MB, and has no bound$/,
      ]);
    });

    test('it keeps nothing, and throws away what it has', async () => {
      await client.config('SET', 'appendonly', 'no');
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const lines = await all();
      expectTold(lines.slice(1, 3), [
        /^mend: Redis forgets .* → CONFIG SET appendonly yes/,
        /^mend: allkeys-lru.* → CONFIG SET maxmemory-policy noeviction/,
      ]);
      await client.config('SET', 'appendonly', 'yes');
      await client.config('SET', 'maxmemory-policy', 'noeviction');
    });

    test('a password that is not the right one, and one that is missing', async () => {
      await client.config('SET', 'requirepass', 'right and hidden');
      const at = (password: string): string => redis.url.replace('//', `//:${password}@`);
      expectTold(await all(at('wrong-and-hidden')), [/^mend: Redis refuses the login: WRONGPASS/]);
      expectTold(await all(), [/^mend: Redis refuses the login: NOAUTH/]);
      expect((await all(at('right%20and%20hidden')))[0]).toMatch(/^fine: Redis \d/);
    });

    test('a login that may not ask how it is set', async () => {
      await client.call('ACL', 'SETUSER', 'worker', 'on', '>hidden-one', '~*', '+@all', '-config', '-info');
      expectTold(await all(redis.url.replace('//', '//worker:hidden-one@')), [/^note: Redis answers, but does not tell of itself: NOPERM/]);
      await client.call('ACL', 'SETUSER', 'worker', '+info');
      expect(await all(redis.url.replace('//', '//worker:hidden-one@'))).toHaveLength(4);
    });
  });
});

describe('files', () => {
  test('in a folder: before it is there, when it is, and when it is not for us', async () => {
    expect(await look('storage', {})).toEqual([`note: ${folder} is not there yet; the first start makes it`]);
    mkdirSync(folder);
    expect(await look('storage', {})).toEqual([`fine: Files lie in ${folder}/files, which may be written to`]);
    writeFileSync(join(folder, 'files'), 'no folder', { mode: 0o600 });
    expect(await look('storage', {})).toEqual([
      `mend: We may not write to ${folder}/files (EACCES) → Make it that of the user who runs Underpin: chown -R`,
    ]);
    rmSync(join(folder, 'files'));
  });

  test('the disk is looked at wherever files lie', async () => {
    for (const env of [{ DATA_DIR: folder }, { DATA_DIR: join(folder, 'deeper', 'still') }])
      expectTold(await look('disk', env), [/^(fine|note|mend): \d+\.\d GB \(\d+ %\) are free where /]);
  });
  test.each([
    [30e9, 100e9, 'fine'],
    [15e9, 100e9, 'fine'],
    [14.9e9, 100e9, 'note'],
    [4.9e9, 100e9, 'mend'],
    [0.9e9, 2e9, 'mend'],
    [1.1e9, 2e9, 'fine'],
    [0, 0, 'mend'],
  ])('%d of %d bytes are free: %s', (free, all, state) => {
    expect(diskBy('/data', free, all).state).toBe(state);
  });

  const bucket = { STORAGE: 's3', S3_BUCKET: 'files', S3_ACCESS_KEY_ID: 'somebody', S3_SECRET_ACCESS_KEY: 'hidden-of-s3' };
  test.each<Scenario[number]>([
    ['nobody listens', { S3_ENDPOINT: 'http://127.0.0.1:9' }, [/^mend: Nobody listens at 127\.0\.0\.1:9 → Look at S3_ENDPOINT/]],
    [
      'there is no such host',
      { S3_ENDPOINT: 'http://s3.invalid' },
      [/^mend: (There is no host named|No name server says what) s3\.invalid/],
    ],
  ])('in a bucket, and %s', async (_name, env, told) => expectTold(await look('storage', { ...bucket, ...env }), told));

  test('in what is no S3 server', async () => {
    const port = await listening(createHttp((_request, response) => void response.end('<html><body>Welcome</body></html>')));
    expectTold(await look('storage', { ...bucket, S3_ENDPOINT: `http://127.0.0.1:${port}` }), [
      /^mend: What answers .*is no S3 server → Look at S3_ENDPOINT/,
    ]);
  });

  const withS3 = hasS3 ? describe : describe.skip;
  withS3('in a bucket that is there', () => {
    let s3: TestS3;
    let right: Readonly<Record<string, string>>;
    beforeAll(async () => {
      s3 = await startS3();
      const { endpoint = '', bucket: name, accessKeyId, secretAccessKey } = await s3.bucket('looked-at');
      right = {
        STORAGE: 's3',
        S3_ENDPOINT: endpoint,
        S3_BUCKET: name,
        S3_ACCESS_KEY_ID: accessKeyId,
        S3_SECRET_ACCESS_KEY: secretAccessKey,
      };
    }, 120_000);
    afterAll(() => s3?.end());

    test.each<Scenario[number]>([
      ['it answers', {}, ['fine: The bucket looked-at answers']],
      ['another bucket', { S3_BUCKET: 'nowhere' }, [/^mend: There is no such bucket \(NoSuchBucket/]],
      [
        'another key',
        { S3_ACCESS_KEY_ID: 'nobody' },
        [/^mend: (The S3 server does not know the key|The secret is not that of the key) .* → Look at S3_/],
      ],
      [
        'another secret',
        { S3_SECRET_ACCESS_KEY: 'hidden-and-wrong' },
        [/^mend: The secret is not that of the key .* → Look at S3_SECRET_ACCESS_KEY/],
      ],
      ['TLS where there is none', { tls: 'on' }, [/^mend: The S3 server does not speak TLS there/]],
    ])('%s', async (_name, { tls, ...env }, told) => {
      const endpoint = tls === undefined ? right['S3_ENDPOINT'] : right['S3_ENDPOINT']?.replace('http:', 'https:');
      expectTold(await look('storage', { ...right, ...env, S3_ENDPOINT: endpoint ?? '' }), told);
    });
  });
});

describe('a server that runs', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ TRUST_PROXY: '1' });
  }, 60_000);
  afterAll(() => app.close());

  test.each([
    ['as ours', 0, /^fine: Postgres's clock and ours differ by 0\.\d s$/],
    ['behind', 5_000, /^mend: Postgres's clock is [45]\.\d s behind ours → Have both machines set their clocks by NTP/],
    ['ahead', -5_000, /^mend: Postgres's clock is [45]\.\d s ahead of ours/],
  ])('the clock of Postgres goes %s', async (_name, ahead, told) => {
    expectTold(await look('clock', { DATABASE_URL: app.databaseUrl }, () => Date.now() + ahead), [told]);
  });

  /** A way to the server, with what proxies on it say. */
  const way = (headers: Readonly<Record<string, string>>): Promise<string> =>
    listening(
      createHttp((asked, response) => {
        const passed = request(`${app.url}${asked.url ?? ''}`, { headers: { ...asked.headers, ...headers } }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        });
        passed.end();
      }),
    ).then((port) => `http://127.0.0.1:${port}`);

  describe('behind proxies', () => {
    const cases: readonly (readonly [name: string, headers: Readonly<Record<string, string>>, trusted: string, told: RegExp])[] = [
      ['none, and none is trusted', {}, '0', /^fine: No proxy is in front; we are 127\.0\.0\.1 there$/],
      [
        'one, which is trusted',
        { 'X-Forwarded-For': '203.0.113.7' },
        '1',
        /^fine: 1 proxy in front says who is asking.*; we are 203\.0\.113\.7 there$/,
      ],
      [
        'two, and none is trusted',
        { 'X-Forwarded-For': '203.0.113.7, 10.0.0.1' },
        '0',
        /^mend: 2 proxies in front say .*TRUST_PROXY is 0: all users share one address.* → Set TRUST_PROXY=2$/,
      ],
      [
        'one less than are trusted',
        { 'X-Forwarded-For': '203.0.113.7' },
        '2',
        /^mend: TRUST_PROXY is 2, and 1 proxy in front says who is asking: whoever asks can say that he has any address → Set TRUST_PROXY=1$/,
      ],
      ['none, and one is trusted', {}, '1', /^mend: TRUST_PROXY is 1, and no proxy says who is asking.* → Set TRUST_PROXY=0$/],
    ];
    test.each(cases)('%s', async (_name, headers, trusted, told) => {
      const PUBLIC_URL = await way(headers);
      expectTold(await look('proxy', { PUBLIC_URL, TRUST_PROXY: trusted, SECRET: testSecret }), [told]);
      expectTold(await look('public url', { PUBLIC_URL }), [`fine: Underpin answers at ${PUBLIC_URL}`]);
    });

    test.each<Scenario[number]>([
      ['without the secret', {}, [/^note: .*cannot be told: we do not have the secret/]],
      [
        'with another secret',
        { SECRET: 'nine grey herons wade past the old mill' },
        [/^note: .*cannot be told: .*does not know our secret/],
      ],
    ])('%s', async (_name, env, told) => expectTold(await look('proxy', { PUBLIC_URL: app.url, ...env }), told));

    test('with the secret that the start has made', async () => {
      writeFileSync(join(folder, 'secret'), `${testSecret}\n`, { mode: 0o600 });
      expectTold(await look('proxy', { PUBLIC_URL: app.url }), [/^fine: No proxy/]);
      rmSync(join(folder, 'secret'));
    });
  });

  describe('GET /health/proxy', () => {
    const ask = (headers: Readonly<Record<string, string>>) =>
      fetch(`${app.url}/health/proxy`, { headers: { 'X-Request-Id': 'the-same', ...headers } });
    const now = Date.now();
    const proof = proofOf(testSecret, now);
    test('tells who proves that he holds the secret', async () => {
      const answer = await ask({ [proofHeader]: proof, 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' });
      expect(await answer.json()).toEqual({ forwardedFor: 1, proto: 'https', address: '203.0.113.7' });
      expect(await (await ask({ [proofHeader]: proof })).json()).toEqual({ forwardedFor: 0, proto: null, address: '127.0.0.1' });
    });
    const strangers: readonly (readonly [name: string, headers: Readonly<Record<string, string>>])[] = [
      ['nobody in particular', {}],
      ['no proof', { [proofHeader]: 'yes' }],
      ['a proof of another secret', { [proofHeader]: proofOf('another secret altogether, and long', now) }],
      ['an old one', { [proofHeader]: proofOf(testSecret, now - 120_000) }],
      ['one that is not yet', { [proofHeader]: proofOf(testSecret, now + 120_000) }],
      ['one of another second', { [proofHeader]: proof.replace(/^\d+/, String(Math.floor(now / 1000) + 1)) }],
      ['one cut short', { [proofHeader]: proof.slice(0, -1) }],
    ];
    test.each(strangers)('is nothing to %s', async (_name, headers) => {
      const [answer, other] = await Promise.all([
        ask(headers),
        fetch(`${app.url}/health/nothing`, { headers: { 'X-Request-Id': 'the-same' } }),
      ]);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe(await other.text());
    });
  });
});

describe('the way from outside', () => {
  const answering = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    listening(createHttp((_request, response) => void response.writeHead(status, headers).end(body))).then(
      (port) => `http://127.0.0.1:${port}`,
    );

  test('that nobody named', async () => {
    expectTold(await look('public url', { PORT: '21009' }), ['note: PUBLIC_URL is not set: links in mails lead to http://localhost:21009']);
    expectTold(await look('proxy', {}), [/^note: .*PUBLIC_URL is not set$/]);
  });

  test.each([
    ['to a page', () => answering(200, '<h1>Welcome</h1>'), /^mend: What answers at \S+ is not Underpin: status 200 → Look at PUBLIC_URL/],
    ['to another server', () => answering(200, '{"status":"ok"}'), /^mend: What answers at \S+ is not Underpin: status 200/],
    ['to a proxy that finds nobody', () => answering(502, 'Bad Gateway'), /^mend: What answers at \S+ is not Underpin: status 502/],
    [
      'on to elsewhere',
      () => answering(301, '', { Location: 'https://app.example.com/health/live' }),
      /^mend: \S+ leads on to https:\/\/app\.example\.com\S* → Set PUBLIC_URL/,
    ],
    [
      'to nobody',
      async () => `http://127.0.0.1:${await freePort()}`,
      /^note: PUBLIC_URL cannot be reached from here: Nobody listens at 127/,
    ],
    ['to nowhere', () => Promise.resolve('http://127.0.0.1.invalid'), /^note: PUBLIC_URL is without TLS/],
  ] as const)('that leads %s', async (_name, url, told) => {
    expect((await look('public url', { PUBLIC_URL: await url(), SECRET: testSecret }))[0]).toMatch(told);
  });

  test.each<Scenario[number]>([
    ['http to this machine', { PUBLIC_URL: 'http://localhost:21010' }, [/cannot be reached from here: Nobody listens at localhost:21010/]],
    [
      'http to elsewhere',
      { PUBLIC_URL: 'http://app.invalid' },
      [/^note: PUBLIC_URL is without TLS: the dashboard keeps no session so, unless INSECURE_COOKIES/, /cannot be reached/],
    ],
    [
      'http to elsewhere, as is wanted',
      { PUBLIC_URL: 'http://app.invalid', INSECURE_COOKIES: 'on' },
      [/^note: PUBLIC_URL is without TLS: whoever listens/, /cannot be reached/],
    ],
    [
      'https, and cookies without',
      { PUBLIC_URL: 'https://app.invalid', INSECURE_COOKIES: 'on' },
      [/^note: INSECURE_COOKIES is on although/, /cannot be reached/],
    ],
    ['https', { PUBLIC_URL: 'https://ann:hidden-of-ann@app.invalid' }, [/^note: PUBLIC_URL cannot be reached/]],
  ])('%s', async (_name, env, told) => expectTold(await look('public url', env), told));
});

describe('mail', () => {
  let smtp: TestSmtp;
  beforeAll(async () => {
    smtp = await startSmtp();
  });
  afterAll(() => smtp.stop());
  const from = { MAIL_FROM: 'Ann <ann@example.com>' };

  test('none', async () => {
    expect(await look('mail', {})).toEqual(['note: SMTP_URL is not set: mails stay in the outbox, where admins may read them']);
  });
  test('a server that takes us; nothing is sent', async () => {
    expectTold(await look('mail', { SMTP_URL: smtp.url, ...from }), [/^fine: 127\.0\.0\.1:\d+ lets us in$/]);
    expectTold(await look('mail', { SMTP_URL: smtp.url }), [/^fine: /, /^note: MAIL_FROM is not set: mails are from no-reply@localhost/]);
    expect(smtp.mails).toEqual([]);
  });
  test('a server that does not take us', async () => {
    const url = new URL(smtp.url);
    url.password = 'hidden-and-wrong';
    expectTold(await look('mail', { SMTP_URL: url.href, ...from }), [/^mend: 127\.0\.0\.1:\d+ refuses the login: .*no such user/]);
  });
  test('TLS where there is none', async () => {
    expectTold(await look('mail', { SMTP_URL: smtp.url.replace('smtp:', 'smtps:'), ...from }), [
      /^mend: \S+ and we do not agree on TLS: .* → smtps:\/\/ is TLS from the first byte/,
    ]);
  });
  test.each<Scenario[number]>([
    ['nobody listens', { SMTP_URL: 'smtp://ann:hidden@127.0.0.1:9' }, [/^mend: Nobody listens at 127\.0\.0\.1:9 → Look at SMTP_URL/]],
    ['there is no such host', { SMTP_URL: 'smtp://ann:hidden@mail.invalid' }, [/^mend: There is no host named mail\.invalid/]],
  ])('%s', async (_name, env, told) => expectTold(await look('mail', { ...env, ...from }), told));
});

test('where nobody says a word it ends all the same, with all that it found', async () => {
  const at = `127.0.0.1:${silentPort}`;
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATA_DIR: folder,
    SECRET: testSecret,
    DATABASE_URL: `postgres://ann:hidden@${at}/shop`,
    REDIS_URL: `redis://:hidden@${at}`,
    SMTP_URL: `smtp://ann:hidden@${at}`,
    PUBLIC_URL: `http://${at}`,
    ...{ STORAGE: 's3', S3_BUCKET: 'files', S3_ENDPOINT: `http://${at}`, S3_ACCESS_KEY_ID: 'somebody', S3_SECRET_ACCESS_KEY: 'hidden' },
  };
  const begun = performance.now();
  const ran = await promisify(execFile)(process.execPath, ['server/dist/main.js', 'doctor'], { env, timeout: 30_000 }).catch(
    (error: unknown) => error,
  );
  expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/4 to be mended\n$/) });
  expect(performance.now() - begun).toBeLessThan(15_000);
  const { stdout } = Object.assign({ stdout: '' }, ran);
  expect(stdout).not.toMatch(/hidden/);
  expect([...stdout.matchAll(/^(ok|note|MEND) +(\S+(?: url)?)/gm)].map(([, mark, about]) => `${mark} ${about}`)).toEqual([
    'MEND connection',
    'MEND redis',
    'MEND storage',
    expect.stringMatching(/ disk$/),
    'note public url',
    'note proxy',
    'MEND mail',
    'note mail',
  ]);
});

test('a Postgres that takes questions and answers none does not hold it up', async () => {
  const [port, login] = [testPostgres().port, new URL(testPostgres().url)];
  // Lets the sign-in through, and no query; who says goodbye is not heard either.
  const stuck = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(port, '127.0.0.1');
    for (const one of [near, far]) sockets.add(one.on('error', () => undefined));
    far.on('data', (data) => near.write(data));
    near.on('data', (data: Buffer) => data.includes('SELECT') || data[0] === 0x58 || far.write(data));
  });
  login.port = String(await listening(stuck));
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: folder, DATABASE_URL: login.href };
  const begun = performance.now();
  const ran = await promisify(execFile)(process.execPath, ['server/dist/main.js', 'doctor'], { env, timeout: 30_000 }).catch(
    (error: unknown) => error,
  );
  expect(ran).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^MEND {2}connection +Postgres does not answer: Query read timeout/),
  });
  expect(performance.now() - begun).toBeLessThan(15_000);
});

test('a port that was closed a moment ago is said to be closed', async () => {
  expectTold(await look('connection', { DATABASE_URL: `postgres://ann:hidden@127.0.0.1:${await freePort()}/shop` }), [
    /^mend: Postgres does not answer: connect ECONNREFUSED 127\.0\.0\.1:\d+\. Nobody listens at 127\.0\.0\.1:\d+ → Look at DATABASE_URL/,
  ]);
});
