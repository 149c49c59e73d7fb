/**
 * Files in the dashboard: a field for them is made, a file is dropped on a record and refused where it is of the wrong type, is seen
 * in the list, and is found on the page of files with what it is used for; let go, it is swept.
 */
import { deflateSync, crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);
const folder = process.env['UNDERPIN_TEST_SHOTS'];

/** A picture of stripes in one colour. */
function png(width: number, height: number, [red, green, blue]: readonly [number, number, number]): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const pixels = Array.from({ length: width }, (_, x) => [red, green, x % 16 < 8 ? blue : 255 - blue]).flat();
  const row = Buffer.from([0, ...pixels]);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

interface Chosen {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}
const picture = (name: string, colour: readonly [number, number, number] = [11, 110, 99]): Chosen => ({
  name,
  mimeType: 'image/png',
  buffer: png(320, 240, colour),
});

/** A second in which nothing is to be heard. */
function silence(name: string): Chosen {
  const rate = 8000;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + rate, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.set([1, 0, 1, 0], 20);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.set([1, 0, 8, 0], 32);
  head.write('data', 36);
  head.writeUInt32LE(rate, 40);
  return { name, mimeType: 'audio/wav', buffer: Buffer.concat([head, Buffer.alloc(rate, 128)]) };
}

inBrowser('files', () => {
  let up: TestApp;
  let browser: Visit;
  const owner = () => ({ token: up.owner });
  const button = (name: string | RegExp) => browser.page.getByRole('button', { name, exact: true });
  const box = (name: string) => browser.page.getByRole('textbox', { name, exact: true });
  const search = () => browser.page.getByRole('searchbox', { name: 'Name' });
  const group = (name: string) => browser.page.getByRole('group', { name, exact: true });
  const link = (name: string) => browser.page.getByRole('link', { name, exact: true });
  const menu = (name: string) => browser.page.getByRole('menuitem', { name, exact: true }).click();
  const choose = async (label: string, option: string): Promise<void> => {
    await browser.page.getByRole('combobox', { name: label, exact: true }).click();
    await browser.page.getByRole('option', { name: option, exact: true }).click();
  };
  const row = (text: string) => browser.page.getByRole('row', { name: text });
  const shot = async (name: string): Promise<void> => {
    if (folder !== undefined) await browser.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  };
  const looks = async (name: string): Promise<void> => {
    const { page } = browser;
    await shot(name);
    if (folder !== undefined) {
      await page.emulateMedia({ colorScheme: 'dark' });
      await shot(`${name}-dark`);
      await page.emulateMedia({ colorScheme: 'light' });
    }
    await narrowTo(page, 375);
    await shot(`${name}-narrow`);
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  /** As they fall from another window, or come out of the clipboard. */
  const give = async (field: string, event: 'drop' | 'paste', { name, mimeType, buffer }: Chosen): Promise<void> => {
    const carried = await browser.page.evaluateHandle(
      ({ bytes, called, type }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], called, { type }));
        return transfer;
      },
      { bytes: buffer.toString('base64'), called: name, type: mimeType },
    );
    if (event === 'drop') return group(field).dispatchEvent('drop', { dataTransfer: carried });
    await group(field).hover();
    return browser.page.evaluate(
      (clipboardData) => void document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })),
      carried,
    );
  };
  /** The widths of the pictures that were really drawn there. */
  const drawn = (within: ReturnType<typeof row>): Promise<readonly number[]> =>
    within.locator('img').evaluateAll((all) =>
      Promise.all(
        all.map(async (one) => {
          if (!(one instanceof HTMLImageElement)) return 0;
          await one.decode();
          return one.naturalWidth;
        }),
      ),
    );
  const stored = async (): Promise<Record<string, unknown>> => (await up.send('GET /records/posts', owner())).body.data[0];

  beforeAll(async () => {
    up = await startTestApp();
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'gallery', type: 'file', many: true, max: 3 },
    ];
    const made = await up.send('POST /collections', { ...owner(), body: { name: 'posts', fields, history: true } });
    if (made.status !== 201) throw new Error(made.text);
    const attachment = { name: 'attachment', type: 'file' };
    const other = await up.send('POST /collections', {
      ...owner(),
      body: { name: 'memos', fields: [{ name: 'text', type: 'text' }, attachment] },
    });
    if (other.status !== 201) throw new Error(other.text);
    browser = await visit(up.url);
    const { page } = browser;
    await page.goto(`${up.url}/admin/-/files`);
    await box('Email').fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await page.getByText('No files yet').waitFor();
    await looks('files-empty');
  }, 60_000);
  afterAll(async () => {
    expect(browser.faults).toEqual([]);
    await browser.close();
    await up.close();
  });

  test('a field is made in the editor, its limits written as people say them', async () => {
    const { page } = browser;
    await menu('posts');
    await page.getByRole('tab', { name: 'Fields' }).click();
    await button('Add field').click();
    await page.getByRole('menuitem', { name: 'File', exact: true }).click();
    await box('Field name').fill('cover');
    const types = page.getByRole('combobox', { name: 'Types' });
    await types.fill('image/*');
    await types.press('Enter');
    await page.getByRole('combobox', { name: 'Small pictures' }).fill('100x100');
    await page.keyboard.press('Enter');
    await box('Largest file').fill('half');
    await page.getByText('Write it with a unit').waitFor();
    await box('Largest file').fill('1 MB');
    await box('Most bytes in all').fill('2.5 MB');
    await looks('files-field');
    await button('Save').click();
    await button('Discard changes').waitFor({ state: 'detached' });
    const { fields } = (await up.send('GET /collections/posts', owner())).body;
    expect(fields.find(({ name }: { name: string }) => name === 'cover')).toMatchObject({
      type: 'file',
      types: ['image/*'],
      thumbs: ['100x100'],
      maxSize: 1_048_576,
      quota: 2_621_440,
    });
  });

  test('what is dropped is uploaded at once; what is refused is said, by the browser and by the server', async () => {
    const { page } = browser;
    await menu('posts');
    await link('Create the first record').click();
    await box('title').fill('with a cover');
    await give('cover', 'drop', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('some notes') });
    await page.getByText('Of the wrong type: it seems to be text/plain').waitFor();
    await button('Dismiss notes.txt').click();
    await give('cover', 'drop', { ...picture('great.png'), buffer: Buffer.alloc(1_048_577) });
    await page.getByText('Too large').waitFor();
    await button('Dismiss great.png').click();
    await give('cover', 'drop', { name: 'lie.png', mimeType: 'image/png', buffer: Buffer.from('this is no picture at all') });
    await page.getByRole('alert').filter({ hasText: 'lie.png' }).waitFor();
    await looks('files-refused');
    await button('Dismiss lie.png').click();
    await give('cover', 'drop', picture('cover.png'));
    await link('cover.png').waitFor();
    await looks('files-form');
    await button('Create').click();
    await row('with a cover').waitFor();
    expect(await drawn(row('with a cover'))).toEqual([100]);
    await looks('files-list');
    expect((await stored())['cover']).toMatchObject({ name: 'cover.png', type: 'image/png', width: 320, height: 240 });
  });

  test('several are chosen and pasted, put in order, and one is taken out', async () => {
    const { page } = browser;
    await link('with a cover').click();
    const chooser = page.waitForEvent('filechooser');
    await button('Choose for gallery').click();
    await (await chooser).setFiles([picture('a.png', [200, 30, 30]), picture('b.png', [30, 30, 200])]);
    await link('b.png').waitFor();
    await give('gallery', 'paste', picture('c.png', [30, 200, 30]));
    await link('c.png').waitFor();
    expect(await button('Choose for gallery').count()).toBe(0);
    await button('Move c.png up').click();
    await button('Remove a.png').click();
    await looks('files-gallery');
    await button('Save').click();
    await row('with a cover').getByText('2 files').waitFor();
    expect((await stored())['gallery']).toMatchObject([{ name: 'c.png' }, { name: 'b.png' }]);
  });

  test('a file that takes the place of another, and the history that knows both', async () => {
    const { page } = browser;
    await link('with a cover').click();
    const chooser = page.waitForEvent('filechooser');
    await button('Replace cover.png').click();
    await (await chooser).setFiles([picture('other.png', [200, 140, 20])]);
    await link('other.png').waitFor();
    await button('Save').click();
    await row('with a cover').getByText('other.png').waitFor();
    await link('with a cover').click();
    await page.getByRole('region', { name: 'History' }).getByText('cover.png').first().waitFor();
    await looks('files-history');
  });

  test('the page of files shows them with what uses them, and makes a link for who has no account', async () => {
    const { page } = browser;
    await menu('Files');
    await button('b.png').waitFor();
    await page.getByText('posts.cover', { exact: true }).waitFor();
    await looks('files-grid');
    await button('As lines').click();
    await row('other.png').waitFor();
    await looks('files-lines');
    await search().fill('OTHER');
    await row('b.png').waitFor({ state: 'detached' });
    await button('other.png').click();
    const drawer = page.getByRole('dialog', { name: 'File other.png' });
    await drawer.getByRole('link', { name: 'with a cover' }).first().waitFor();
    await looks('files-drawer');
    await drawer.getByRole('button', { name: 'Make link' }).click();
    const address = await drawer.locator('pre').innerText();
    const answer = await fetch(address.replace(/^https?:\/\/[^/]+/, up.url));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
    await button('Close').click();
    await search().fill('nothing like it');
    await page.getByText('No file is like that.').waitFor();
    await search().fill('');
    await button('As pictures').click();
  });

  test('what no record names any more is orphaned, and swept after a look at what would go', async () => {
    const { page } = browser;
    const sent = await fetch(`${up.url}/api/v1/files?collection=memos&field=attachment&name=plan.txt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${up.owner}`, 'content-type': 'text/plain' },
      body: 'what is to be done',
    });
    const { id } = await sent.json();
    expect((await up.send('POST /records/memos', { ...owner(), body: { text: 'a memo', attachment: id } })).status).toBe(201);
    await menu('memos');
    await link('a memo').click();
    await button('Remove plan.txt').click();
    await button('Save').click();
    await page.getByText('Record saved').waitFor();
    await menu('Files');
    await choose('State', 'orphaned');
    await button('plan.txt').click();
    await page.getByRole('dialog', { name: 'File plan.txt' }).getByText('Nowhere.').waitFor();
    await looks('files-orphaned');
    await button('Close').click();
    await button('Sweep').click();
    await page.getByText('There is nothing to sweep').waitFor();
    await button('Close').click();
    await up.sql(`UPDATE underpin.files SET released = now() - interval '2 days' WHERE id = $1`, [id]);
    await button('Sweep').click();
    await page.getByText('Would go: 1 file').waitFor();
    await page.getByRole('dialog').getByText('plan.txt').waitFor();
    expect((await up.send(`GET /ops/files/${id}`, owner())).status).toBe(200);
    await looks('files-sweep');
    await button('Delete 1 file').click();
    await page.getByText('No file is like that.').waitFor();
    expect((await up.send(`GET /ops/files/${id}`, owner())).status).toBe(404);
  });

  test('a file on its way can be stopped; one that arrived is played, and deleted where nobody wants it', async () => {
    const { page } = browser;
    await menu('memos');
    await link('New record').click();
    // The server says nothing.
    await page.route('**/api/v1/files?*', () => undefined);
    await give('attachment', 'drop', silence('unwanted.wav'));
    await page.getByRole('progressbar', { name: 'Upload of unwanted.wav' }).waitFor();
    await button('Create').click();
    await page.getByText('Wait until the upload is done, or stop it.').waitFor();
    await looks('files-sending');
    await button('Stop the upload of unwanted.wav').click();
    await page.getByText('Wait until the upload').waitFor({ state: 'detached' });
    await page.unroute('**/api/v1/files?*');
    await give('attachment', 'drop', silence('unwanted.wav'));
    await link('unwanted.wav').waitFor();
    const seconds = await page.locator('audio').evaluate(async (player) => {
      if (!(player instanceof HTMLAudioElement)) return 0;
      player.muted = true;
      await player.play();
      return player.duration;
    });
    expect(seconds).toBe(1);
    await menu('Files');
    await choose('State', 'pending');
    await button('unwanted.wav').click();
    await button('Delete file').click();
    await button('Confirm').click();
    await page.getByText('unwanted.wav is deleted').waitFor();
    await page.getByText('No file is like that.').waitFor();
    expect(await up.sql(`SELECT FROM underpin.files WHERE name = 'unwanted.wav'`)).toEqual([]);
  });

  test('a large one is sent in parts', async () => {
    const { page } = browser;
    await menu('memos');
    await link('New record').click();
    const asked: string[] = [];
    const note = (request: { method(): string; url(): string }): void =>
      void (
        request.url().includes('/api/v1/files') &&
        asked.push(`${request.method()} ${new URL(request.url()).pathname.replace(/[0-9a-f-]{36}/, ':id')}`)
      );
    page.on('request', note);
    await group('attachment')
      .locator('input[type=file]')
      .setInputFiles({ name: 'large.bin', mimeType: '', buffer: Buffer.alloc(9_000_000) });
    await link('large.bin').waitFor();
    page.off('request', note);
    expect(asked).toEqual(['POST /api/v1/files/tus', 'PATCH /api/v1/files/tus/:id', 'GET /api/v1/files/tus/:id']);
    await button('Create').click();
    const stored = async () => (await up.send('GET /records/memos', owner())).body.data[0];
    await until('it is stored', async () => (await stored())?.attachment?.size === 9_000_000);
    await up.send(`DELETE /records/memos/${(await stored()).id}`, owner());
  });

  test('the filter knows whether there is a file', async () => {
    const { page } = browser;
    await menu('posts');
    await button('Add condition').click();
    await choose('Field', 'cover');
    expect(await page.getByRole('combobox', { name: 'Operator' }).innerText()).toBe('is empty');
    await button('Add').click();
    await page.getByText('No record matches the filter.').waitFor();
    await box('Filter').fill('cover != null');
    await button('Apply').click();
    await row('with a cover').waitFor();
  });

  test('who may only look sees all of it and changes nothing', async () => {
    const { page } = browser;
    const { id: record } = await stored();
    const id = '01a20080-0000-7000-8000-00000000000b';
    const columns = '(id, created, updated, email, role)';
    await up.sql(`INSERT INTO underpin.admins ${columns} VALUES ($1, now(), now(), 'viewer@example.com', 'viewer')`, [id]);
    await up.sql('INSERT INTO underpin.credentials SELECT collection, $1, password_hash, changed FROM underpin.credentials', [id]);
    const sent = await fetch(`${up.url}/api/v1/files?collection=memos&field=attachment&name=left.txt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${up.owner}` },
      body: 'left behind',
    });
    await up.sql(`UPDATE underpin.files SET whole = now() - interval '2 days' WHERE id = $1`, [(await sent.json()).id]);
    await page.context().clearCookies();
    await page.goto(`${up.url}/admin/-/files?state=pending`);
    await box('Email').fill('viewer@example.com');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await button('left.txt').click();
    await page.getByRole('dialog', { name: 'File left.txt' }).getByText('Nowhere.').waitFor();
    expect(await button('Delete file').count()).toBe(0);
    await button('Close').click();
    await button('Sweep').click();
    await page.getByText('Would go: 1 file').waitFor();
    expect(await button('Delete 1 file').count()).toBe(0);
    await page.goto(`${up.url}/admin/posts/${String(record)}`);
    await link('b.png').waitFor();
    expect([await button('Remove b.png').count(), await button('Choose for gallery').count()]).toEqual([0, 0]);
    expect(await link('Download b.png').count()).toBe(1);
  });

  test('meanwhile nothing broke', () => {
    const answers = browser.refusals.filter((refusal) => !refusal.startsWith('401 GET /api/v1/auth/_admins/me'));
    expect(answers).toEqual(['415 POST /api/v1/files']);
  });
});
