/**
 * Breaks the product on purpose, as it is loaded: a test that cannot fail proves nothing. Each of these takes away one thing without
 * which a live view is wrong now and then.
 */
import { register } from 'node:module';

export const ablations = {
  'naive hand-off': [
    '/realtime/snapshot.js',
    'return [...log.after(log.tail)].filter(({ xid }) => !snapshot.isVisible(xid));',
    'return [];',
  ],
  'no visibility filter': ['/realtime/snapshot.js', '.filter(({ xid }) => !snapshot.isVisible(xid));', ';'],
  'mask left out of the group key': [
    '/realtime/group.js',
    '[...answers].map(',
    `[...answers].filter(([name]) => !name.endsWith('/read')).map(`,
  ],
  'places before the tail believed': ['/realtime/rows-group.js', 'if (position < log.tail)', 'if (false)'],
};

const broken = process.env.ABLATION;
if (broken !== undefined) {
  const [file, from, to] = ablations[broken];
  const source = `
    export async function load(url, context, next) {
      const loaded = await next(url, context);
      if (!url.endsWith(${JSON.stringify(file)})) return loaded;
      const text = String(loaded.source);
      if (!text.includes(${JSON.stringify(from)})) throw new Error('there is nothing to break in ${file}');
      return { ...loaded, source: text.replaceAll(${JSON.stringify(from)}, ${JSON.stringify(to)}) };
    }`;
  register(`data:text/javascript,${encodeURIComponent(source)}`);
}
