/** An example of a lint or a difference as text: the fields that matter, written as the rule language writes them. */
import type { Example, Stored, Vocabulary } from '@underpin/sdk/expr/findings';
import type { Ty } from '@underpin/sdk/expr/model';

/** `status: "draft", author: null` */
export const storedText = (record: Stored, types: (name: string) => Ty | undefined): string =>
  Object.entries(record)
    // The id of a made-up record says nothing beside its other fields.
    .filter(([name], _index, all) => name !== 'id' || all.length === 1)
    .map(([name, value]) => `${name}: ${valueText(value, types(name))}`)
    .join(', ');

export const valueText = (value: unknown, ty: Ty | undefined): string => {
  if (typeof value === 'number' && ty?.kind === 'time') return new Date(value).toISOString();
  // The ids of examples are made up: their end tells them apart.
  if (typeof value === 'string' && ty?.kind === 'id') return `…${value.slice(-4)}`;
  return JSON.stringify(value);
};

export interface ExampleParts {
  readonly caller: string | null;
  readonly record: string;
  readonly next: string | null;
  readonly related: readonly string[];
}

export const partsOfExample = ({ auth, record, next, related }: Example, vocabulary: Vocabulary): ExampleParts => {
  const typesOf = (collection: string) => (name: string) => vocabulary.schema.collection(collection)?.fields.get(name)?.ty;
  const own = typesOf(vocabulary.collection);
  return {
    caller: auth && storedText(auth, (name) => (name === 'id' ? { kind: 'id' } : vocabulary.auth.get(name))),
    record: storedText(record, own),
    next: next ? storedText(next, own) : null,
    related: related.map((one) => `${one.collection}: ${storedText(one.record, typesOf(one.collection))}`),
  };
};
