/** A job belongs to the commit that wants it: the server dies at once after its answer, and the mail still comes, once. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, testSecret } from '../support/app.ts';
import { dataFolder, endProcesses, startProcess, until } from '../support/process.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

jest.setTimeout(90_000);
let smtp: TestSmtp;
beforeAll(async () => {
  smtp = await startSmtp();
});
afterAll(async () => {
  await endProcesses();
  await smtp.stop();
}, 60_000);

test('what was answered before a kill is mailed after the next start, with links that are good', async () => {
  const dataDir = dataFolder();
  const env = { SECRET: testSecret, RATE_LIMITS: 'off', ADMIN_EMAIL: ownerEmail, ADMIN_PASSWORD: password, SMTP_URL: smtp.url };
  const web = await startProcess(dataDir, { ...env, ROLE: 'web' });
  await web.ready();
  const { body } = await web.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } });
  const changed = await web.send('PATCH /collections/users', { token: body.accessToken, body: { auth: { verification: true } } });
  expect(changed.status).toBe(200);
  const people = ['ann', 'bob', 'cem'].map((name) => `${name}@example.com`);
  const answers = await Promise.all(people.map((email) => web.send('POST /auth/users/sign-up', { body: { email, password } })));
  web.kill('SIGKILL');
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
  await web.ended;
  expect(smtp.mails).toEqual([]);

  const all = await startProcess(dataDir, env);
  await all.ready();
  await until('three mails came', () => smtp.mails.length >= 3, 30_000);
  for (const { to, text } of smtp.mails) {
    const token = /#t=([\w-]{43})/.exec(text)?.[1];
    expect((await all.send('POST /auth/users/verify/confirm', { body: { token } })).status).toBe(200);
    expect((await all.send('POST /auth/users/sign-in', { body: { email: to, password } })).status).toBe(200);
  }
  all.kill('SIGTERM');
  expect(await all.ended).toEqual({ code: 0, signal: null });
  expect(smtp.mails.map(({ to }) => to).sort()).toEqual(people);
});
