/** Requests that wish for another protocol: answered at once, wherever they go and whatever they wish for. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** What comes back until the connection ends. */
const raw = (lines: readonly string[], body = ''): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    let said = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error(`nothing more came after: ${said}`)));
    socket.setEncoding('utf8').on('data', (text: string) => (said += text));
    socket.once('end', () => (socket.destroy(), resolve(said)));
    socket.once('error', reject);
    socket.write([...lines, 'Host: localhost', '', ''].join('\r\n') + body);
  });
/** Node 24.9 reads such a request as any other. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isRead = major > 24 || (major === 24 && minor >= 9);
const wish = (protocol: string): readonly string[] => [
  `Connection: ${isRead ? 'close, ' : ''}Upgrade, HTTP2-Settings`,
  `Upgrade: ${protocol}`,
  'HTTP2-Settings: AAMAAABk',
];

test.each([
  ['h2c', '/health/live', /^HTTP\/1\.1 200 .*\{"status":"live"\}/s],
  ['websocket', '/health/ready', /^HTTP\/1\.1 200 .*\{"status":"ready"\}/s],
  ['h2c', '/api/v1/records/nothing', /^HTTP\/1\.1 404 .*"code":"not_found"/s],
  ['anything', '/nowhere', /^HTTP\/1\.1 404 /],
])('%s is passed over at %s', async (protocol, path, answer) => {
  expect(await raw([`GET ${path} HTTP/1.1`, ...wish(protocol)])).toMatch(answer);
});

test('with a body too, where Node has not let go of it', async () => {
  const body = '{"email":"nobody@example.com","password":"wrong horse battery"}';
  const head = [
    'POST /api/v1/auth/users/sign-in HTTP/1.1',
    ...wish('h2c'),
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const said = await raw(head, body);
  expect(said).toMatch(isRead ? /^HTTP\/1\.1 401 .*"code":"unauthenticated"/s : /^HTTP\/1\.1 400 Bad Request\r\nConnection: close/);
});

test('at the place of sockets only theirs is taken', async () => {
  expect(await raw(['GET /realtime/?EIO=4&transport=websocket HTTP/1.1', ...wish('h2c')])).toMatch(/^HTTP\/1\.1 400 /);
});

test('meanwhile whoever asks in the plain way is answered', async () => {
  const others = Array.from({ length: 20 }, () => raw(['GET /health/live HTTP/1.1', ...wish('h2c')]));
  expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
  for (const said of await Promise.all(others)) expect(said).toMatch(/^HTTP\/1\.1 200 /);
});
