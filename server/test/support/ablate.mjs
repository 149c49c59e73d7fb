/**
 * Breaks the product on purpose, as it is loaded: a test that cannot fail proves nothing. Each of ablations.json takes away something
 * without which a live view is wrong now and then. `acknowledged on receipt`: what was received is confirmed, and every place is
 * believed to be one to go on from, so that what was lost with a process is lost.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';

const ablations = JSON.parse(readFileSync(new URL('ablations.json', import.meta.url), 'utf8'));
const broken = process.env.ABLATION;
if (broken !== undefined) {
  const source = `
    const changes = ${JSON.stringify(ablations[broken])};
    export async function load(url, context, next) {
      const loaded = await next(url, context);
      let text;
      for (const [file, from, to] of changes) {
        if (!url.endsWith(file)) continue;
        text ??= String(loaded.source);
        if (!text.includes(from)) throw new Error('there is nothing to break in ' + file);
        text = text.replaceAll(from, to);
      }
      return text === undefined ? loaded : { ...loaded, source: text };
    }`;
  register(`data:text/javascript,${encodeURIComponent(source)}`);
}
