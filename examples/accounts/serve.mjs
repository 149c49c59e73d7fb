/** Serves the files of this folder and the SDK that was installed beside them. The browser speaks to Underpin itself; nothing goes through here. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const port = Number(process.env.PORT ?? 3000);
const underpin = process.env.UNDERPIN_URL ?? 'http://localhost:8700';
const here = new URL('./', import.meta.url);
const sdk = new URL('./', import.meta.resolve('@underpin/sdk'));

const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
const files = {
  '/style.css': 'text/css; charset=utf-8',
  ...Object.fromEntries(['app', 'client', 'form', 'inside', 'links', 'outside'].map((name) => [`/${name}.js`, script])),
};
/** One page for all; which of the links of a mail was opened, it sees in its address. */
const pages = ['/', '/verify', '/reset', '/code', '/email'];

/** What stands at a path, and as what; undefined where there is nothing. */
async function find(path) {
  if (pages.includes(path)) return [html, await readFile(new URL('index.html', here))];
  if (path === '/config.js') return [script, `export const url = ${JSON.stringify(underpin)};\n`];
  if (Object.hasOwn(files, path)) return [files[path], await readFile(new URL(`.${path}`, here))];
  // Letters, digits and dashes only, so that nothing leads out of the SDK's folder.
  const [, module] = /^\/sdk\/((?:[\w-]+\/)*[\w-]+\.js)$/.exec(path) ?? [];
  return module === undefined ? undefined : [script, await readFile(new URL(module, sdk))];
}

const server = createServer(async (request, response) => {
  const found = await find(new URL(request.url ?? '/', here).pathname).catch(() => undefined);
  const headers = { 'Cache-Control': 'no-cache', 'Referrer-Policy': 'no-referrer', 'X-Content-Type-Options': 'nosniff' };
  if (found) response.writeHead(200, { ...headers, 'Content-Type': found[0] }).end(found[1]);
  else response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('Nothing here.');
});
server.listen(port, 'localhost', () => console.log(`http://localhost:${port}, with the accounts of ${underpin}`));
