/**
 * A collection while it is being edited. Fields carry a key of their own, because a new one has neither an id nor, while it
 * is typed, a name; what has an id keeps it, so that a rename keeps the values.
 */
import type { AuthOptions, CollectionInfo, CollectionRules, FieldDef, FieldTypeInfo, IndexDef, Rule } from '@underpin/sdk/wire';
import { settingNames } from './json-schema.ts';

/** Whether versions of records are kept, and for how long. */
type History = NonNullable<CollectionInfo['history']>;

export interface DraftField {
  readonly key: string;
  readonly def: FieldDef;
}
export interface DraftIndex extends IndexDef {
  readonly key: string;
}
export interface Draft {
  readonly name: string;
  readonly fields: readonly DraftField[];
  readonly indexes: readonly DraftIndex[];
  readonly rules: CollectionRules;
  /** Null: none. */
  readonly guard: Rule;
  /** Of collections of accounts. */
  readonly auth: AuthOptions;
  readonly history: History;
}
export interface CollectionPatch {
  readonly name?: string;
  readonly fields?: readonly FieldDef[];
  readonly indexes?: readonly IndexDef[];
  readonly rules?: CollectionRules;
  readonly guard?: Rule;
  readonly auth?: AuthOptions;
  readonly history?: History;
}

let keys = 0;
export const newKey = (): string => `new-${++keys}`;

export const draftOf = (info: CollectionInfo | null): Draft => ({
  name: info?.name ?? '',
  fields: (info?.fields ?? []).map((def) => ({ key: def.id ?? newKey(), def })),
  indexes: (info?.indexes ?? []).map((index) => ({ ...index, key: newKey() })),
  rules: info?.rules ?? {},
  guard: info?.guard ?? null,
  auth: info?.auth ?? {},
  history: info?.history ?? false,
});

/** JSON with the keys in order: a setting that was emptied and filled in again is no change. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
const differs = (a: unknown, b: unknown): boolean => canonical(a) !== canonical(b);
const indexOf = ({ key: _key, ...index }: DraftIndex): IndexDef => index;

/** As it is sent: no empty lines among the values of a list, no default where none was filled in. */
const cleaned = (def: FieldDef): FieldDef => {
  const entries = Object.entries(def).filter(([name, value]) => !(name === 'default' && value === null));
  const tidy = entries.map(([name, value]) => [name, Array.isArray(value) ? value.filter((item) => item !== '') : value] as const);
  return { ...Object.fromEntries(tidy), name: def.name.trim(), type: def.type };
};

/** Without what is off or empty, which is the same as absent. */
const tidied = ({ urls = {}, redirects = [], ...means }: AuthOptions): AuthOptions => {
  const listed = redirects.map((one) => one.trim()).filter((one) => one !== '');
  return {
    ...Object.fromEntries(Object.entries(means).filter(([, on]) => on)),
    ...(Object.keys(urls).length > 0 ? { urls } : {}),
    ...(listed.length > 0 ? { redirects: listed } : {}),
  };
};

/** What is to be sent: everything for a new collection, else the parts that differ. */
export const patchOf = (draft: Draft, base: CollectionInfo | null): CollectionPatch => {
  const fields = draft.fields.map(({ def }) => cleaned(def));
  const indexes = draft.indexes.map(indexOf);
  const rules = draft.rules;
  const name = draft.name.trim();
  if (base === null) {
    const guard = draft.guard === null ? {} : { guard: draft.guard };
    return { name, fields, indexes, rules, ...guard, ...(draft.history === false ? {} : { history: draft.history }) };
  }
  return {
    ...(name === base.name ? {} : { name }),
    ...(differs(fields, base.fields.map(cleaned)) ? { fields } : {}),
    ...(differs(indexes, base.indexes ?? []) ? { indexes } : {}),
    ...(differs(rules, base.rules ?? {}) ? { rules } : {}),
    ...(draft.guard === (base.guard ?? null) ? {} : { guard: draft.guard }),
    ...(differs(tidied(draft.auth), tidied(base.auth ?? {})) ? { auth: tidied(draft.auth) } : {}),
    ...(differs(draft.history, base.history ?? false) ? { history: draft.history } : {}),
  };
};

export const isDirty = (draft: Draft, base: CollectionInfo | null): boolean =>
  base === null ? draft.name !== '' || draft.fields.length > 0 : Object.keys(patchOf(draft, base)).length > 0;

/** A definition without keys whose value is undefined: what is not said is not sent. */
export const withSetting = (def: FieldDef, name: string, value: unknown): FieldDef => {
  const next: Record<string, unknown> = { ...def, [name]: value };
  if (value === undefined) delete next[name];
  return { ...next, name: def.name, type: def.type, ...(name === 'name' ? { name: String(value) } : {}) };
};

/** What every field has; a default is left behind, because a value of the old type is none of the new. */
const OF_EVERY_TYPE = ['id', 'name', 'required', 'rules', 'secret', 'ui'];
/** What a field of a type begins with, so that it can be saved at once where that is possible. */
const beginnings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { select: { values: [] }, computed: { expr: '' } };
export const newField = (type: string): FieldDef => ({ name: '', type, ...beginnings[type] });

/** The same field with another type: of its settings it keeps those that the new type has too. */
export const withType = (def: FieldDef, type: string, info: FieldTypeInfo | undefined): FieldDef => {
  const kept = new Set([...OF_EVERY_TYPE, ...settingNames(info)]);
  return { ...beginnings[type], ...Object.fromEntries(Object.entries(def).filter(([name]) => kept.has(name))), name: def.name, type };
};
