/**
 * The main walk of an app's developer, run in an empty folder in which the client was installed from the server: a collection, a record with
 * a file, a live query, a job. Prints what must be there afterwards. Usage: node walk.mjs URL EMAIL PASSWORD
 */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@underpin/sdk';

const [url, email, password] = process.argv.slice(2);
const admin = createClient({ url });
const adminSession = await admin.auth.collection('_admins').signIn({ email, password });
await admin.collections.create({
  name: 'notes',
  fields: [
    { name: 'title', type: 'text', required: true },
    { name: 'scan', type: 'file', maxSize: 20_000_000 },
    { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
  ],
  rules: { list: 'author == auth.id', create: 'next.author == auth.id' },
});

const up = createClient({ url });
const account = await up.auth.signUp({ email: 'ann@example.com', password, name: 'Ann' });
const notes = up.collection('notes');

// Larger than what goes in one request.
const bytes = randomBytes(9_000_000);
const sent = createHash('sha256').update(bytes).digest('hex');
const note = await notes.create({ title: 'first', scan: new Blob([bytes]) });
const read = createHash('sha256')
  .update(Buffer.from(await (await up.files.blob(note.scan)).arrayBuffer()))
  .digest('hex');
if (read !== sent) throw new Error(`the file came back as ${read}, and was ${sent}`);

// What somebody else writes is seen by who follows.
const feed = notes.live({ sort: ['title'] });
await feed.caughtUp();
await admin.collection('notes').create({ title: 'second', author: account.record.id });
const seen = async () => {
  for await (const rows of feed) if (rows.length === 2) return rows.map(({ title }) => title);
};
const titles = await Promise.race([seen(), pause(20_000)]);
if (String(titles) !== 'first,second') throw new Error(`the live query shows ${titles}`);

await up.auth.forgotPassword({ email: 'ann@example.com' });
const headers = { authorization: `Bearer ${adminSession.accessToken}` };
const queues = async () => (await (await fetch(`${url}/api/v1/ops/queues`, { headers })).json()).queues;
const isDone = (all) =>
  all.reduce((sum, { done }) => sum + done, 0) > 0 && all.every(({ waiting, active, failed }) => waiting + active + failed === 0);
for (let tries = 0; !isDone(await queues()); tries++) {
  if (tries === 100) throw new Error(`the mail is not done: ${JSON.stringify(await queues())}`);
  await pause(100);
}
console.log(JSON.stringify({ id: note.id, file: note.scan.id, sha256: sent, refreshToken: account.refreshToken, user: account.record.id }));
process.exit(0);
