/** A schema as a large project has one, and the queries of its code: what a compiler must not choke on. */
import type { CollectionInfo, FieldDef, SchemaInfo } from '../src/wire.ts';

const system: readonly FieldDef[] = [
  { name: 'id', type: 'id' },
  { name: 'created', type: 'date' },
  { name: 'updated', type: 'date' },
  { name: 'version', type: 'number' },
];

/** Each collection points to the next one by `parent`, to the one after it by `tags`, and is pointed back at. */
export function largeSchema(size: number): SchemaInfo {
  const name = (n: number): string => `things_${n % size}`;
  const fields = (n: number): FieldDef[] => [
    { name: 'title', type: 'text', required: true },
    { name: 'status', type: 'select', values: ['draft', 'published', 'gone'], required: true },
    { name: 'views', type: 'number' },
    { name: 'price', type: 'decimal' },
    { name: 'meta', type: 'json' },
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => ({ name: `text_${letter}`, type: 'text' })),
    { name: 'parent', type: 'relation', to: name(n + 1), required: true, inverse: 'children' },
    { name: 'tags', type: 'relation', to: name(n + 2), many: true },
  ];
  const collections = Array.from({ length: size }, (_unused, n): CollectionInfo => ({
    id: `c${n}`,
    name: name(n),
    kind: 'base',
    hash: 'h',
    systemFields: system,
    fields: fields(n),
  }));
  return { hash: 'h', types: [], collections };
}

const kinds: readonly ((collection: string) => string)[] = [
  () => `list({ where: { status: 'draft', views: { gt: 1 }, parent: { title: 'x' } }, sort: ['-created'], limit: 3 })).data[0]?.title`,
  () =>
    `list({ fields: ['title'], expand: { parent: { fields: ['title'], expand: { parent: true } } } })).data[0]?.expand.parent?.expand.parent?.views`,
  () =>
    `list({ expand: { children: { limit: 3, where: { status: 'draft' } } }, sort: ['parent.title'] })).data[0]?.expand.children[0]?.price`,
  (c) => `create({ title: '${c}', status: 'draft', parent: 'p' })).version`,
  (c) => `update('${c}', { views: { $inc: 1 }, tags: { $add: ['t'] } })).updated`,
  () => `aggregate({ group: ['status'], select: { n: { count: true }, s: { sum: 'views' } }, sort: ['-n'] })).data[0]?.s`,
  () => `search('x', { highlight: true, can: ['update'] })).data[0]?._can.update`,
  (c) => `updateWhere({ where: { title: '${c}' } }, { status: 'gone' })).count`,
];

export function largeUses(count: number): string {
  const uses = Array.from({ length: count }, (_unused, n) => {
    const collection = `things_${(n * 7) % 150}`;
    const use = kinds[n % kinds.length]?.(collection) ?? '';
    return `  (await up.collection('${collection}').${use};\n`;
  });
  return `import { createClient } from '@underpin/sdk';
import type { Schema } from './underpin.gen.ts';
const up = createClient<Schema>({ url: 'http://x' });
export async function uses(): Promise<void> {
${uses.join('')}}
`;
}
