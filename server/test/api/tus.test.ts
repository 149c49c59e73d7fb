/** tus 1.0: each thing that the protocol says a server MUST do, and what we do besides (docs/reference/files.md lists them). */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startBeside, type Beside } from '../support/beside.ts';
import { namesInStore, namesInTable, picture } from '../support/files.ts';
import { until } from '../support/process.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'films',
      fields: [
        { name: 'film', type: 'file', maxSize: 1_000_000 },
        { name: 'poster', type: 'file', types: ['image/png'] },
        { name: 'quoted', type: 'file', quota: 1_000 },
        { name: 'ours', type: 'file', rules: { write: null } },
      ],
      rules: { list: 'true', create: 'auth != null' },
    },
  });
});
afterAll(() => up.close());

type Sent = Readonly<Record<string, string | undefined>>;
interface Came {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const metadata = (values: Readonly<Record<string, string>> = {}): string =>
  Object.entries({ collection: 'films', field: 'film', filename: 'film.bin', ...values })
    .map(([name, value]) => `${name} ${base64(value)}`)
    .join();
async function ask(method: string, path: string, headers: Sent = {}, body?: Buffer | string, base = up.url): Promise<Came> {
  const all = { authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0', ...headers };
  const sent = Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const answer = await fetch(base + path, {
    method,
    headers: sent,
    ...(body !== undefined && { body: new Blob([new Uint8Array(Buffer.from(body))]) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
const tus = '/api/v1/files/tus';
const create = (length: number | undefined, headers: Sent = {}, body?: Buffer | string): Promise<Came> =>
  ask(
    'POST',
    tus,
    {
      ...(length === undefined ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) }),
      'upload-metadata': metadata(),
      ...headers,
    },
    body,
  );
const octets = 'application/offset+octet-stream';
const patch = (path: string, offset: number, body: Buffer | string, headers: Sent = {}): Promise<Came> =>
  ask('PATCH', path, { 'upload-offset': String(offset), 'content-type': octets, ...headers }, body);
const offsetOf = async (path: string): Promise<string | null> => (await ask('HEAD', path)).headers.get('upload-offset');
const idOf = (path: string): string => path.split('/').at(-1) ?? '';
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const begin = async (length: number | undefined, headers: Sent = {}): Promise<string> => {
  const { status, headers: answered, text } = await create(length, headers);
  if (status !== 201) throw new Error(text);
  return answered.get('location') ?? '';
};

let path = '';
beforeEach(async () => {
  path = await begin(10);
});

describe('the protocol: a server MUST', () => {
  test('say Upload-Offset to every HEAD, at 0 and at the end too', async () => {
    expect(await offsetOf(path)).toBe('0');
    await patch(path, 0, '0123456789');
    expect(await offsetOf(path)).toBe('10');
  });
  test('say Upload-Length to HEAD, where it is known', async () => {
    expect((await ask('HEAD', path)).headers.get('upload-length')).toBe('10');
  });
  test('answer HEAD with Cache-Control: no-store', async () => {
    expect((await ask('HEAD', path)).headers.get('cache-control')).toBe('no-store');
  });
  test('answer 409 to a PATCH at another offset, and change nothing', async () => {
    await patch(path, 0, '01234');
    for (const offset of [0, 4, 6]) expect((await patch(path, offset, 'xxxx')).status).toBe(409);
    expect(await offsetOf(path)).toBe('5');
  });
  test('answer PATCH with 204 and the new Upload-Offset', async () => {
    const { status, headers } = await patch(path, 0, '0123');
    expect([status, headers.get('upload-offset')]).toEqual([204, '4']);
  });
  test('say Tus-Version to OPTIONS, whatever Tus-Resumable says', async () => {
    for (const version of ['1.0.0', '0.1.0', undefined]) {
      const { status, headers } = await ask('OPTIONS', tus, { authorization: undefined, 'tus-resumable': version });
      expect([status, headers.get('tus-version')]).toEqual([204, '1.0.0']);
    }
  });
  test('say Tus-Resumable in every answer, refusals too', async () => {
    const answers = [
      await ask('HEAD', path),
      await patch(path, 0, '01'),
      await patch(path, 0, '01'),
      await ask('HEAD', `${tus}/nothing`),
      await create(1, { authorization: undefined }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get('tus-resumable')])).toEqual([
      [200, '1.0.0'],
      [204, '1.0.0'],
      [409, '1.0.0'],
      [404, '1.0.0'],
      [401, '1.0.0'],
    ]);
  });
  test('answer 412 with Tus-Version to another Tus-Resumable or none, and do nothing', async () => {
    const before = await up.sql('SELECT count(*) FROM underpin.files');
    for (const version of ['0.2.2', '2.0.0', undefined]) {
      const made = await create(5, { 'tus-resumable': version });
      const sent = await patch(path, 0, '01', { 'tus-resumable': version });
      expect([made.status, sent.status, made.headers.get('tus-version'), sent.headers.get('tus-version')]).toEqual([
        412,
        412,
        '1.0.0',
        '1.0.0',
      ]);
    }
    expect([await up.sql('SELECT count(*) FROM underpin.files'), await offsetOf(path)]).toEqual([before, '0']);
  });
  test('take X-HTTP-Method-Override for the method', async () => {
    const sent = await ask('POST', path, { 'x-http-method-override': 'PATCH', 'upload-offset': '0', 'content-type': octets }, '0123');
    expect([sent.status, sent.headers.get('upload-offset')]).toEqual([204, '4']);
    expect((await ask('GET', path, { 'x-http-method-override': 'DELETE' })).status).toBe(204);
    expect((await ask('HEAD', path)).status).toBe(404);
  });
  test('answer a creation with 201 and Location', async () => {
    const { status, headers } = await create(10);
    expect([status, headers.get('location')]).toEqual([201, expect.stringMatching(/^\/api\/v1\/files\/tus\/[0-9a-f-]{36}$/)]);
  });
  test('answer 413 to a creation that is too long', async () => {
    expect((await create(1_000_001)).status).toBe(413);
  });
  test('refuse a creation with no length, with two, and with one that is none', async () => {
    for (const headers of [
      { 'upload-length': undefined },
      { 'upload-defer-length': '1' },
      { 'upload-length': '-1' },
      { 'upload-length': '1.5' },
      { 'upload-length': undefined, 'upload-defer-length': '2' },
    ])
      expect([headers, (await create(5, headers)).status]).toEqual([headers, 400]);
  });
  test('say Upload-Defer-Length: 1 to HEAD until the length is known, and take it once', async () => {
    const later = await begin(undefined);
    const head = await ask('HEAD', later);
    expect([head.headers.get('upload-defer-length'), head.headers.get('upload-length')]).toEqual(['1', null]);
    expect((await patch(later, 0, '01234')).status).toBe(204);
    expect((await patch(later, 5, '567', { 'upload-length': '9' })).status).toBe(204);
    expect((await ask('HEAD', later)).headers.get('upload-length')).toBe('9');
    expect((await patch(later, 8, '8', { 'upload-length': '12' })).status).toBe(400);
    expect((await patch(later, 8, '8')).status).toBe(204);
    const { body } = await up.send(`GET /files/tus/${idOf(later)}`, { token: ann.token });
    expect([body.size, body.sha256]).toEqual([9, sha256('012345678')]);
  });
  test('say Upload-Metadata to HEAD as it was sent', async () => {
    const sent = metadata({ note: 'für später' });
    const made = await begin(3, { 'upload-metadata': sent });
    const told = (await ask('HEAD', made)).headers.get('upload-metadata') ?? '';
    expect(told.split(',').sort()).toEqual(sent.split(',').sort());
    await patch(made, 0, 'abc');
    expect((await ask('HEAD', made)).headers.get('upload-metadata')).toBe(told);
  });
  test('take the first bytes with the creation, and say Upload-Offset', async () => {
    const made = await create(10, { 'content-type': octets }, '01234');
    expect([made.status, made.headers.get('upload-offset')]).toEqual([201, '5']);
    expect(await offsetOf(made.headers.get('location') ?? '')).toBe('5');
    const whole = await create(5, { 'content-type': octets }, '01234');
    expect([whole.status, whole.headers.get('upload-offset')]).toEqual([201, '5']);
    expect((await up.send(`GET /files/tus/${idOf(whole.headers.get('location') ?? '')}`, { token: ann.token })).body.sha256).toBe(
      sha256('01234'),
    );
  });
  test('say Upload-Expires, as RFC 9110 writes dates, to a creation and to PATCH', async () => {
    const made = await create(10);
    const sent = await patch(made.headers.get('location') ?? '', 0, '01');
    for (const { headers } of [made, sent]) {
      const expires = headers.get('upload-expires') ?? '';
      expect(expires).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      expect(Math.abs(Date.parse(expires) - Date.now() - 86_400_000)).toBeLessThan(60_000);
    }
  });
  test('answer 460 to bytes that are not those of Upload-Checksum, and keep nothing of them', async () => {
    const sum = (algorithm: string, text: string): string => `${algorithm} ${createHash(algorithm).update(text).digest('base64')}`;
    expect((await patch(path, 0, '01234', { 'upload-checksum': sum('sha1', 'other') })).status).toBe(460);
    expect(await offsetOf(path)).toBe('0');
    for (const [offset, algorithm] of [
      [0, 'sha1'],
      [2, 'sha256'],
      [4, 'md5'],
    ] as const)
      expect((await patch(path, offset, 'ab', { 'upload-checksum': sum(algorithm, 'ab') })).status).toBe(204);
    expect((await patch(path, 6, 'xxxx', { 'upload-checksum': sum('sha1', 'cdef') })).status).toBe(460);
    expect((await patch(path, 6, 'cdef', { 'upload-checksum': sum('sha1', 'cdef') })).status).toBe(204);
    expect((await up.send(`GET /files/tus/${idOf(path)}`, { token: ann.token })).body.sha256).toBe(sha256('abababcdef'));
  });
  test('know sha1, say so to OPTIONS, and answer 400 to an algorithm that it does not know', async () => {
    expect((await ask('OPTIONS', tus)).headers.get('tus-checksum-algorithm')?.split(',')).toContain('sha1');
    expect((await patch(path, 0, '01234', { 'upload-checksum': 'crc32 AAAAAA==' })).status).toBe(400);
    expect(await offsetOf(path)).toBe('0');
  });
  test('answer DELETE with 204; then there is none', async () => {
    await patch(path, 0, '0123');
    expect((await ask('DELETE', path)).status).toBe(204);
    for (const answer of [await ask('HEAD', path), await patch(path, 4, '4'), await ask('DELETE', path)]) expect(answer.status).toBe(404);
    expect((await namesInStore(up)).filter((name) => name.includes(idOf(path)))).toEqual([]);
  });
  test('name its extensions to OPTIONS', async () => {
    const { headers } = await ask('OPTIONS', tus);
    expect(headers.get('tus-extension')?.split(',').sort()).toEqual([
      'checksum',
      'creation',
      'creation-defer-length',
      'creation-with-upload',
      'expiration',
      'termination',
    ]);
  });
});

describe('besides', () => {
  test.each([
    ['without a purpose', { 'upload-metadata': `filename ${base64('x')}` }, 400],
    ['without credentials', { authorization: undefined }, 401],
    ['for a collection that is not there', { 'upload-metadata': metadata({ collection: 'nothing' }) }, 404],
    ['for a field that he may not write', { 'upload-metadata': metadata({ field: 'ours' }) }, 403],
    ['for a field of which there is none', { 'upload-metadata': metadata({ field: 'nothing' }) }, 400],
    ['with a NUL in it', { 'upload-metadata': metadata({ filename: 'a\0b' }) }, 400],
    ['of a part of several', { 'upload-concat': 'partial' }, 400],
    ['of nothing, for a field of pictures', { 'upload-metadata': metadata({ field: 'poster' }), 'upload-length': '0' }, 415],
    ['beyond a quota', { 'upload-metadata': metadata({ field: 'quoted' }), 'upload-length': '1001' }, 413],
  ])('a creation %s is refused, and leaves nothing', async (_what, headers, expected) => {
    const before = await up.sql('SELECT count(*) FROM underpin.files');
    expect((await create(10, headers)).status).toBe(expected);
    expect(await up.sql('SELECT count(*) FROM underpin.files')).toEqual(before);
  });

  test('knows no parameters', async () => {
    for (const [method, at] of [
      ['POST', tus],
      ['HEAD', path],
      ['PATCH', path],
      ['GET', path],
      ['DELETE', path],
    ] as const)
      expect([method, (await ask(method, `${at}?x=1`, { 'upload-length': '1' })).status]).toEqual([method, 400]);
    expect(await offsetOf(path)).toBe('0');
  });

  test('an upload is his who began it', async () => {
    const other = { authorization: `Bearer ${bob.token}` };
    expect([
      (await ask('HEAD', path, other)).status,
      (await patch(path, 0, 'x', other)).status,
      (await ask('DELETE', path, other)).status,
      (await ask('GET', path, other)).status,
    ]).toEqual([404, 404, 404, 404]);
    expect(await offsetOf(path)).toBe('0');
  });

  test('is not broken off by who only knows its id', async () => {
    const long = await begin(300_000);
    let sent = 0;
    const slow = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent === 3) return controller.close();
        // Somebody else asks between the first bytes and the last.
        if (sent > 0) expect((await ask('HEAD', long, { authorization: `Bearer ${bob.token}` })).status).toBe(404);
        sent += 1;
        controller.enqueue(new Uint8Array(100_000));
      },
    });
    const asked = {
      method: 'PATCH',
      headers: { authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': octets },
      body: slow,
      duplex: 'half',
    };
    const answer = await fetch(up.url + long, asked);
    expect([answer.status, answer.headers.get('upload-offset')]).toEqual([204, '300000']);
  });

  test('leaves no connection behind on which nothing is answered any more', async () => {
    const { hostname, port } = new URL(up.url);
    const socket = connect(Number(port), hostname);
    let said = '';
    socket.on('data', (data) => (said += data.toString()));
    const ended = once(socket, 'close');
    const head = `POST ${tus} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ann.token}\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 10\r\nUpload-Metadata: ${metadata()}\r\nContent-Type: text/plain\r\nContent-Length: 3000000\r\n\r\n`;
    socket.write(head);
    await until('it is answered', () => said.includes('\r\n\r\n'));
    expect(said).toMatch(/^HTTP\/1.1 201[\s\S]*connection: close/i);
    await ended;
  });

  test('ends when he may not write the field any more', async () => {
    await up.send('PATCH /collections/films', { token: up.owner, body: { rules: { create: null } } });
    expect((await patch(path, 0, '01')).status).toBe(403);
    await up.send('PATCH /collections/films', { token: up.owner, body: { rules: { create: 'auth != null' } } });
    expect((await patch(path, 0, '01')).status).toBe(204);
  });

  test('what is none of the types is refused as soon as it can be told, and goes', async () => {
    const poster = await begin(500_000, { 'upload-metadata': metadata({ field: 'poster' }) });
    expect((await patch(poster, 0, 'x'.repeat(70_000))).status).toBe(415);
    expect([(await ask('HEAD', poster)).status, (await namesInStore(up)).filter((name) => name.includes(idOf(poster)))]).toEqual([404, []]);
    const small = await begin(5, { 'upload-metadata': metadata({ field: 'poster' }) });
    expect((await patch(small, 0, 'words')).status).toBe(415);
    const png = await picture();
    const good = await begin(png.length, { 'upload-metadata': metadata({ field: 'poster', filename: 'p.png' }) });
    for (let at = 0; at < png.length; at += 1_000) expect((await patch(good, at, png.subarray(at, at + 1_000))).status).toBe(204);
    const { body } = await up.send(`GET /files/tus/${idOf(good)}`, { token: ann.token });
    expect([body.type, body.width, body.height, body.sha256]).toEqual(['image/png', 40, 30, sha256(png)]);
  });

  test('of unknown length no more comes than was set aside', async () => {
    const endless = await begin(undefined);
    expect((await patch(endless, 0, Buffer.alloc(1_000_001))).status).toBe(413);
  });

  test('an empty file is whole at once', async () => {
    const empty = await begin(0);
    const { body } = await up.send(`GET /files/tus/${idOf(empty)}`, { token: ann.token });
    expect([body.size, body.sha256, body.type]).toEqual([0, sha256(''), 'text/plain']);
    const made = await up.send('POST /records/films', { token: ann.token, body: { film: body.id } });
    expect((await up.send(`GET ${made.body.film.url.replace('/api/v1', '')}`)).text).toBe('');
  });

  test('before it is whole no record names it, nobody reads it', async () => {
    await patch(path, 0, '01234');
    expect((await up.send('POST /records/films', { token: ann.token, body: { film: idOf(path) } })).status).toBe(422);
    expect([
      (await up.send(`GET /files/${idOf(path)}`, { token: ann.token })).status,
      (await up.send(`GET /files/tus/${idOf(path)}`, { token: ann.token })).status,
    ]).toEqual([404, 409]);
  });

  test('goes on at another process, and of two who go on at once one is refused or waits', async () => {
    const beside: Beside = await startBeside(up);
    try {
      const whole = 'a'.repeat(300_000);
      const shared = await begin(whole.length);
      expect((await patch(shared, 0, whole.slice(0, 100_000))).status).toBe(204);
      const there = await beside.send(`PATCH ${shared.replace('/api/v1', '')}`, {
        token: ann.token,
        headers: { 'tus-resumable': '1.0.0', 'upload-offset': '100000', 'content-type': octets },
        body: whole.slice(100_000, 200_000),
      });
      expect([there.status, there.headers.get('upload-offset')]).toEqual([204, '200000']);
      const both = await Promise.all([patch(shared, 200_000, whole.slice(200_000)), patch(shared, 200_000, whole.slice(200_000))]);
      expect(both.map(({ status }) => status).sort()).toEqual([204, 409]);
      expect((await up.send(`GET /files/tus/${idOf(shared)}`, { token: ann.token })).body.sha256).toBe(sha256(whole));
    } finally {
      await beside.close();
    }
  });

  test('says 410 where the bytes that were kept are lost, and never a wrong hash', async () => {
    await patch(path, 0, '01234');
    const begun = join(up.dataDir, 'files/begun');
    expect(readdirSync(begun, { recursive: true }).some((name) => String(name).includes(idOf(path)))).toBe(true);
    rmSync(begun, { recursive: true });
    const lost = await patch(path, 5, '56789');
    expect([lost.status, JSON.parse(lost.text).code]).toEqual([410, 'gone']);
    expect((await ask('HEAD', path)).status).toBe(404);
    expect(existsSync(begun) ? await namesInStore(up) : []).toEqual((await namesInTable(up)).filter(() => existsSync(begun)));
  });

  test('goes a day after it was begun', async () => {
    await patch(path, 0, '01234');
    up.ahead += 25 * 3_600_000;
    const { body } = await up.send('POST /auth/_admins/sign-in', {
      body: { email: 'owner@example.com', password: 'correct horse battery staple' },
    });
    const again = await up.send('POST /auth/users/sign-in', {
      body: { email: 'ann@example.com', password: 'correct horse battery staple' },
    });
    expect((await ask('HEAD', path, { authorization: `Bearer ${again.body.accessToken}` })).status).toBe(410);
    await up.send('POST /ops/files/sweep', { token: body.accessToken, body: { dryRun: false } });
    up.ahead = 0;
    expect((await ask('HEAD', path)).status).toBe(404);
    await until('nothing is left of it', async () => !(await namesInStore(up)).some((name) => name.includes(idOf(path))));
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });
});
