/** Examples for one collection, with its real address, its own field names and values that the server would take. */
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { ownFields } from '../data/collection.ts';
import { isComputed, kindOf } from '../fields/registry.ts';

const EXAMPLE_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

const writable = (collection: CollectionInfo): readonly FieldDef[] => {
  const fields = collection.kind === 'auth' ? collection.fields : ownFields(collection);
  return fields.filter((field) => !isComputed(field) && field.secret !== true);
};

/** Values for a create: what is required first of all, and a few more so that the example shows something. */
export const exampleRecord = (collection: CollectionInfo): Record<string, unknown> => {
  const fields = writable(collection);
  const shown = fields.filter((field, index) => field.required === true || index < 4);
  const pairs = shown.map((field) => [field.name, kindOf(field).example(field)] as const).filter(([, value]) => value !== null);
  return Object.fromEntries(pairs);
};

const examplePatch = (collection: CollectionInfo): Record<string, unknown> =>
  Object.fromEntries(Object.entries(exampleRecord(collection)).slice(0, 1));

/** Inside single quotes of a shell. */
const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const AUTH = `  -H "Authorization: Bearer $UNDERPIN_TOKEN"`;
const JSON_TYPE = `  -H 'Content-Type: application/json'`;

export interface Snippet {
  /** Key of its title among the messages. */
  readonly title: string;
  readonly text: string;
}

export const curlSnippets = (collection: CollectionInfo, origin: string): readonly Snippet[] => {
  const address = `${origin}/api/v1/records/${collection.name}`;
  const curl = (...lines: string[]) => lines.join(' \\\n');
  const body = (value: unknown) => `  -d ${shell(JSON.stringify(value))}`;
  return [
    { title: 'api.list', text: curl(`curl ${shell(`${address}?limit=10&sort=-created`)}`, AUTH) },
    { title: 'api.get', text: curl(`curl ${address}/${EXAMPLE_ID}`, AUTH) },
    { title: 'api.create', text: curl(`curl -X POST ${address}`, AUTH, JSON_TYPE, body(exampleRecord(collection))) },
    { title: 'api.update', text: curl(`curl -X PATCH ${address}/${EXAMPLE_ID}`, AUTH, JSON_TYPE, body(examplePatch(collection))) },
    { title: 'api.delete', text: curl(`curl -X DELETE ${address}/${EXAMPLE_ID}`, AUTH) },
  ];
};

/** A value as TypeScript would be written by hand. */
const literal = (value: unknown): string => {
  if (typeof value === 'string') return `'${value.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${literal(inner)}`);
    return pairs.length > 0 ? `{ ${pairs.join(', ')} }` : '{}';
  }
  return String(value);
};

/** An object of some length stands on lines of its own. */
const LONG = 60;
const wrapped = (value: Readonly<Record<string, unknown>>): string => {
  const short = literal(value);
  if (short.length <= LONG) return short;
  const lines = Object.entries(value).map(([key, inner]) => `  ${key}: ${literal(inner)},`);
  return ['{', ...lines, '}'].join('\n');
};

export const sdkSnippets = (collection: CollectionInfo, origin: string): readonly Snippet[] => [
  { title: 'api.install', text: `npm install ${origin}/sdk.tgz` },
  { title: 'api.types', text: `npx underpin-sdk types --url ${origin} --token "$UNDERPIN_TOKEN" --out underpin.gen.ts` },
  {
    title: 'api.sdk',
    text: `import { createClient } from '@underpin/sdk';
import type { Schema } from './underpin.gen.ts';

const up = createClient<Schema>({ url: '${origin}' });
const ${collection.name} = up.collection('${collection.name}');

const page = await ${collection.name}.list({ sort: ['-created'], limit: 10 });
const created = await ${collection.name}.create(${wrapped(exampleRecord(collection))});
const read = await ${collection.name}.get(created.id);
await ${collection.name}.update(created.id, ${literal(examplePatch(collection))});
await ${collection.name}.delete(created.id);`,
  },
];
