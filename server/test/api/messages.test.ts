/** Mails: written with what causes them, sent once the server takes them, read by admins where there is none. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemCtx, withTx, type Ctx } from '../../src/ctx.ts';
import { message } from '../../src/messages/message.ts';
import { namesIn } from '../../src/messages/render.ts';
import { templates } from '../../src/messages/templates.ts';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

let smtp: TestSmtp;
let up: TestApp;
let kept: TestApp;
beforeAll(async () => {
  smtp = await startSmtp();
  up = await startTestApp({
    ROLE: 'all',
    SMTP_URL: smtp.url,
    MAIL_FROM: 'Underpin <hello@example.com>',
    PUBLIC_URL: 'https://app.example.com',
  });
  kept = await startTestApp({ ROLE: 'all' });
}, 60_000);
afterAll(async () => {
  await up.close();
  await kept.close();
  await smtp.stop();
});

const ctx = (app: TestApp = up): Ctx => systemCtx(app.app.base);
const say = (to: string | undefined, app = up) =>
  message(ctx(app), {
    template: 'reset',
    to,
    account: 'users:1',
    values: { link: 'https://app.example.com/account/reset#t=only-for-you' },
  });
const row = async (to: string, app = up) => (await app.sql('SELECT * FROM underpin.messages WHERE recipient = $1', [to]))[0] ?? {};
const is = (to: string, state: string, app = up) => until(`it is ${state}`, async () => (await row(to, app))['state'] === state);

describe('a message', () => {
  test('arrives as it was rendered, and then its body is nowhere any more', async () => {
    await say('ann@example.com');
    const [mail] = await smtp.to('ann@example.com');
    expect(mail).toMatchObject({ from: 'hello@example.com', subject: 'A new password for https://app.example.com' });
    expect(mail?.text).toContain('https://app.example.com/account/reset#t=only-for-you');
    await is('ann@example.com', 'sent');
    const stored = await row('ann@example.com');
    expect(stored).toMatchObject({ sealed: null, error: null, channel: 'email', template: 'reset', account: 'users:1' });
    expect(stored['attempts']).toEqual([{ at: expect.any(String), answer: '250 taken with thanks' }]);
    expect(mail?.messageId).toBe(`<${String(stored['id'])}@app.example.com>`);
  });

  test('that is undone with its cause was never there', async () => {
    await withTx(ctx(), async (inside) => {
      await message(inside, { template: 'test', to: 'undone@example.com' });
      throw new Error('no');
    }).catch(() => undefined);
    await say('after@example.com');
    await smtp.to('after@example.com');
    expect(smtp.mails.filter(({ to }) => to === 'undone@example.com')).toEqual([]);
  });

  test('for nobody is written like any other, and goes without a mail', async () => {
    const before = smtp.mails.length;
    await say(undefined);
    await until('it is gone', async () => (await up.sql(`SELECT FROM underpin.messages WHERE recipient = ''`)).length === 0);
    expect(smtp.mails.length).toBe(before);
  });

  test('waits sealed: neither table holds what is secret in it', async () => {
    await smtp.stop();
    await say('sealed@example.com');
    const rows = await up.sql(
      `SELECT m::text AS m, encode(m.sealed, 'escape') AS s FROM underpin.messages m UNION ALL SELECT j::text, '' FROM underpin.jobs j`,
    );
    expect(JSON.stringify(rows)).not.toContain('only-for-you');
    await smtp.start();
    await smtp.to('sealed@example.com');
  });

  test('that the server refuses for good is not tried again, and says why', async () => {
    smtp.refuse = (to) => (to === 'gone@example.com' ? { code: 550, words: 'no such mailbox' } : undefined);
    await say('gone@example.com');
    await is('gone@example.com', 'failed');
    const { attempts, error } = await row('gone@example.com');
    expect(attempts).toHaveLength(1);
    expect(error).toContain('no such mailbox');
  });

  test('that it refuses for now is tried again', async () => {
    let times = 0;
    smtp.refuse = (to) => (to === 'busy@example.com' && times++ === 0 ? { code: 451, words: 'later' } : undefined);
    await say('busy@example.com');
    await smtp.to('busy@example.com');
    await is('busy@example.com', 'sent');
    expect((await row('busy@example.com'))['attempts']).toMatchObject([
      { error: expect.stringContaining('later') },
      { answer: '250 taken with thanks' },
    ]);
  }, 30_000);

  test('of which there are many while the server is away: every one arrives once when it is back', async () => {
    await smtp.stop();
    const names = Array.from({ length: 20 }, (_none, n) => `away${n}@example.com`);
    for (const name of names) await say(name);
    await until('each was tried', async () => {
      const [{ n } = {}] = await up.sql(
        `SELECT count(*) AS n FROM underpin.messages WHERE recipient LIKE 'away%' AND error IS NOT NULL AND state = 'queued'`,
      );
      return Number(n) === names.length;
    });
    await smtp.start();
    for (const name of names) await smtp.to(name);
    for (const name of names) await is(name, 'sent');
    expect(
      smtp.mails
        .filter(({ to }) => to.startsWith('away'))
        .map(({ to }) => to)
        .sort(),
    ).toEqual([...names].sort());
  }, 60_000);
});

describe('the outbox', () => {
  const body = async (app: TestApp, to: string, token = app.owner) =>
    app.send(`GET /ops/outbox/${String((await row(to, app))['id'])}`, { token });

  test('without a mail server holds the body for admins, for a day; each look is audited', async () => {
    await say('kept@example.com', kept);
    await is('kept@example.com', 'kept', kept);
    const { body: read } = await body(kept, 'kept@example.com');
    expect(read).toMatchObject({ state: 'kept', recipient: 'kept@example.com', text: expect.stringContaining('#t=only-for-you') });
    expect(await kept.sql(`SELECT target FROM underpin.audit WHERE action = 'message.read'`)).toEqual([{ target: read.id }]);
    kept.ahead = 86_400_001;
    const later = await kept.send('POST /auth/_admins/sign-in', { body: { email: 'owner@example.com', password } });
    expect((await body(kept, 'kept@example.com', later.body.accessToken)).body.text).toBeNull();
    kept.ahead = 0;
  });

  test('is not for others, and bodies not for viewers; those to admins are for owners', async () => {
    const ann = await kept.account('outsider');
    const as = async (role: string) => {
      await kept.sql(`UPDATE underpin.admins SET role = $1`, [role]);
      const { body: session } = await kept.send('POST /auth/_admins/sign-in', { body: { email: 'owner@example.com', password } });
      return session.accessToken as string;
    };
    expect((await kept.send('GET /ops/outbox')).status).toBe(401);
    expect((await kept.send('GET /ops/outbox', { token: ann.token })).status).toBe(403);
    expect((await kept.send('GET /records/_messages', { token: ann.token })).status).toBe(404);
    await message(ctx(kept), { template: 'reset', to: 'boss@example.com', account: '_admins:1', values: { link: 'x' } });
    const viewer = await as('viewer');
    expect([(await kept.send('GET /ops/outbox', { token: viewer })).status, (await body(kept, 'kept@example.com', viewer)).status]).toEqual(
      [200, 403],
    );
    const admin = await as('admin');
    expect([(await body(kept, 'kept@example.com', admin)).status, (await body(kept, 'boss@example.com', admin)).status]).toEqual([
      200, 403,
    ]);
    const owner = await as('owner');
    expect((await body(kept, 'boss@example.com', owner)).status).toBe(200);
  });

  test('says how it stands, and its messages are a collection', async () => {
    const { body: state } = await up.send('GET /ops/outbox', { token: up.owner });
    expect(state).toMatchObject({ sends: true, from: 'Underpin <hello@example.com>', counts: { kept: 0, failed: 1 } });
    expect((await kept.send('GET /ops/outbox', { token: kept.owner })).body).toMatchObject({ sends: false, from: 'no-reply@localhost' });
    const { body: list } = await up.send('GET /records/_messages?limit=500', { token: up.owner });
    expect(list.data.length).toBeGreaterThan(20);
    expect(Object.keys(list.data[0])).not.toContain('sealed');
  });

  test('sends a test at once and tells what the server says', async () => {
    const sent = await up.send('POST /ops/outbox/test', { token: up.owner, body: { to: 'Try@example.com' } });
    expect([sent.status, sent.body]).toEqual([200, { answer: '250 taken with thanks' }]);
    expect((await smtp.to('try@example.com'))[0]?.subject).toBe('A test from https://app.example.com');
    const refused = await up.send('POST /ops/outbox/test', { token: up.owner, body: { to: 'gone@example.com' } });
    smtp.refuse = () => ({ code: 550, words: 'never heard of' });
    const said = await up.send('POST /ops/outbox/test', { token: up.owner, body: { to: 'gone@example.com' } });
    smtp.refuse = () => undefined;
    expect([refused.status, said.status, said.body.detail]).toEqual([200, 503, expect.stringContaining('never heard of')]);
    const none = await kept.send('POST /ops/outbox/test', { token: kept.owner, body: { to: 'a@example.com' } });
    expect([none.status, none.body.detail]).toEqual([503, expect.stringContaining('SMTP_URL')]);
  });
});

describe('templates', () => {
  const put = (body: unknown, name = 'reset') => up.send(`PUT /ops/templates/${name}`, { token: up.owner, body });

  test.each(Object.entries(templates))(
    '%s names nothing that it has no example for, and no secret in its subject',
    (_name, { values, subject, text }) => {
      expect([...namesIn(subject), ...namesIn(text)].filter((name) => !Object.hasOwn(values, name))).toEqual([]);
      expect(namesIn(subject)).not.toContain('link');
    },
  );

  test('are written anew by admins, hold for the next mail, and go back', async () => {
    const mine = { subject: 'Neu für {{address}}', text: 'Hier: {{ link }}', html: '<p title="{{address}}">{{link}}</p>' };
    expect((await put(mine)).body).toMatchObject({ ...mine, isOurs: false });
    await message(ctx(), { template: 'reset', to: 'o&o@example.com', values: { link: 'https://x/?a=1&b="<i>"' } });
    const [mail] = await smtp.to('o&o@example.com');
    expect([mail?.subject, mail?.text.trim(), mail?.html?.trim()]).toEqual([
      'Neu für o&o@example.com',
      'Hier: https://x/?a=1&b="<i>"',
      '<p title="o&amp;o@example.com">https://x/?a=1&amp;b=&quot;&lt;i&gt;&quot;</p>',
    ]);
    expect((await up.send('GET /records/_templates', { token: up.owner })).body.data).toHaveLength(1);
    expect((await up.send('DELETE /ops/templates/reset', { token: up.owner })).status).toBe(204);
    expect((await up.send('GET /ops/templates/reset', { token: up.owner })).body).toMatchObject({
      isOurs: true,
      subject: templates.reset.subject,
    });
    expect(await up.sql(`SELECT target FROM underpin.audit WHERE action = 'template.changed'`)).toEqual([
      { target: 'reset' },
      { target: 'reset' },
    ]);
  });

  test.each<[string, unknown, number]>([
    ['a name that is not known', { subject: 'x', text: '{{nope}}' }, 422],
    ['half a brace', { subject: 'x', text: 'see {{link' }, 422],
    ['code that is not there for it', { subject: 'x', text: '{{code}}' }, 422],
    ['a link in the subject', { subject: '{{link}}', text: 'x' }, 422],
    ['no text', { subject: 'x' }, 400],
    ['an unknown member', { subject: 'x', text: 'x', from: 'me' }, 400],
    ['what JavaScript finds on every object', { subject: 'x', text: '{{constructor}}' }, 422],
  ])('with %s are refused, in a preview too', async (_name, body, status) => {
    expect((await put(body)).status).toBe(status);
    expect((await up.send('POST /ops/templates/reset/preview', { token: up.owner, body })).status).toBe(status);
    expect((await up.send('GET /ops/templates/reset', { token: up.owner })).body.isOurs).toBe(true);
  });

  test('are shown with examples in place of names', async () => {
    const { body } = await up.send('POST /ops/templates/code/preview', {
      token: up.owner,
      body: { subject: 'Hi {{address}}', text: '{{code}}', html: '<b>{{code}}</b>' },
    });
    expect(body).toEqual({ subject: 'Hi ann@example.com', text: '482913', html: '<b>482913</b>' });
    expect((await up.send('GET /ops/templates', { token: up.owner })).body.data.map(({ name }: { name: string }) => name)).toEqual(
      Object.keys(templates),
    );
    expect((await put({ subject: 'x', text: 'x' }, 'nope')).status).toBe(404);
    expect((await up.send('GET /ops/templates/__proto__', { token: up.owner })).status).toBe(404);
  });
});
