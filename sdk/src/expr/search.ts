/**
 * Looks for one caller and one record for which something holds of rules: the proof of a lint or a difference.
 *
 * Worry: trying all combinations of all values grows beyond any bound with a handful of fields, and trying at random misses
 * what ten conditions have in common.
 * Decision: nothing is chosen before it is read. A field that an evaluation asks for the first time gets the first of its
 * values; when the evaluation has ended without success, the last field that was read moves to its next value, and what was
 * read after it is forgotten. So a condition that a value decides cuts off all that would have come after, and fields that
 * nobody reads cost nothing. The number of evaluations is bounded; whether everything was tried is part of the answer.
 */
import { Domains, callerId, exampleNow, recordId } from './domains.ts';
import { compilerOf } from './evaluate.ts';
import { exampleOf } from './example.ts';
import type { Choice } from './example.ts';
import type { Example, Stored, Vocabulary } from './findings.ts';
import { contextRow, watch, watched } from './guess.ts';
import type { ConstValue, Ir } from './ir.ts';
import type { FieldModel, Scope, Ty } from './model.ts';
import { isChanged } from './operate.ts';
import { dayIn } from './times.ts';
import { rebuild } from './walk.ts';
import type { Frame, Subject, World } from './world.ts';

const tries = 3_000;
/** ms after which a search gives up, however few its tries: whoever asks is waiting. */
const patience = 500;

export type Who = 'anonymous' | 'account';
export interface Found {
  readonly example: Example | undefined;
  /** Whether all that the rules can tell apart was tried. */
  readonly exhaustive: boolean;
}
/** What is looked for: `holds` decides a rule for the caller and record at hand, `value` reads an expression. */
export type Wanted = (holds: (rule: Ir) => boolean, value: (ir: Ir) => ConstValue) => boolean;

/** `scope`: of the rules; at create the record is the new one, and what was sent is a choice too. */
export function findExample(vocabulary: Vocabulary, rules: readonly Ir[], scope: Scope, who: Who, wanted: Wanted): Found {
  return new Search(vocabulary, rules, scope, who).run(wanted);
}

class Search {
  readonly #vocabulary: Vocabulary;
  readonly #scope: Scope;
  readonly #who: Who;
  readonly #domains: Domains;
  readonly #rows = new Map<string, Stored>();
  readonly #trail: Choice[] = [];
  /** Whether it came to an operator for which the values that are tried are a guess. */
  #isGuessed = false;
  readonly #chosen = new Map<string, Choice>();
  readonly #compiled = new Map<Ir, (at: Frame) => ConstValue>();

  constructor(vocabulary: Vocabulary, rules: readonly Ir[], scope: Scope, who: Who) {
    this.#vocabulary = vocabulary;
    this.#scope = scope;
    this.#who = who;
    this.#domains = new Domains(rules, vocabulary.collection);
  }

  run(wanted: Wanted): Found {
    const until = performance.now() + patience;
    for (let tried = 0; tried < tries; tried += 1) {
      if (tried % 64 === 63 && performance.now() > until) break;
      const subject = this.#subject();
      const value = (ir: Ir): ConstValue => this.#compile(ir)(this.#frame(subject));
      if (wanted((rule) => value(rule) === true, value))
        return {
          example: exampleOf(this.#trail, { who: this.#who, collection: this.#vocabulary.collection, accounts: this.#domains.accounts }),
          exhaustive: true,
        };
      if (!this.#next()) return { example: undefined, exhaustive: !this.#isGuessed && !this.#domains.isCut };
    }
    return { example: undefined, exhaustive: false };
  }

  #frame(subject: Subject): Frame {
    const rows: Stored[] = [];
    rows[contextRow.id] = this.#context;
    return { subject, rows, elements: [], missing: [] };
  }

  /** Moves on to the next combination; false when there is none. */
  #next(): boolean {
    for (let last = this.#trail.at(-1); last !== undefined; last = this.#trail.at(-1)) {
      last.at += 1;
      if (last.at < last.values.length) return true;
      this.#trail.pop();
      this.#chosen.delete(last.key);
    }
    return false;
  }

  #choose(collection: string, id: string, field: string, ty: Ty, values: () => readonly ConstValue[]): ConstValue {
    const key = `${collection}/${id}/${field}`;
    const known = this.#chosen.get(key);
    if (known !== undefined) return known.values[known.at] ?? null;
    const choice: Choice = { key, collection, id, field, ty, values: values(), at: 0 };
    this.#chosen.set(key, choice);
    this.#trail.push(choice);
    return choice.values[0] ?? null;
  }

  #subject(): Subject {
    const { collection } = this.#vocabulary;
    const record = this.#row(collection, this.#recordId());
    const world: World = {
      record: (name, id) => this.#row(name, id),
      list: (name, field, id) => this.#list(name, field, id, this.#target(name, field)),
      all: (name) => this.#list(name, '', '', name),
    };
    if (this.#scope !== 'update') {
      return {
        record,
        next: record,
        changed: (field) => this.#guessed(field) || this.#choose('sent', '', field, { kind: 'bool' }, () => [true, false]) === true,
        world,
      };
    }
    const next = this.#rowToBe(collection, record);
    const fields = this.#fields(collection);
    const changed = (field: string): boolean => {
      if (this.#guessed(field)) return true;
      const { ty, many } = fields.get(field) ?? { ty: { kind: 'json' } as const, many: undefined };
      const before = many ? this.#list(collection, field, String(record['id']), many.to) : (record[field] ?? null);
      return isChanged(ty, before, next[field] ?? null);
    };
    return { record, next, changed, world };
  }
  #guessed(field: string): boolean {
    if (field === watch) this.#isGuessed = true;
    return field === watch;
  }
  /** Where the rules speak of accounts of this collection, the record may be the caller's own. */
  #recordId(): string {
    const mayBeOwn = this.#who === 'account' && this.#domains.accounts.includes(this.#vocabulary.collection);
    return mayBeOwn ? String(this.#choose('record', '', 'id', { kind: 'id' }, () => [recordId, callerId])) : recordId;
  }
  #target(collection: string, field: string): string {
    return this.#fields(collection).get(field)?.many?.to ?? collection;
  }
  #fields(collection: string): ReadonlyMap<string, FieldModel> {
    return this.#vocabulary.schema.collection(collection)?.fields ?? new Map();
  }

  #list(collection: string, field: string, id: string, to: string): readonly string[] {
    const list = this.#choose(collection, id, field, { kind: 'list', of: { kind: 'id' } }, () => this.#domains.recordLists(to));
    return Array.isArray(list) ? list.map(String) : [];
  }

  /** A row whose fields are chosen as they are read. A record is the same record on whatever way it is reached. */
  #row(collection: string, id: string): Stored {
    const key = `${collection}/${id}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row: Record<string, ConstValue> = { id };
    for (const [name, { ty, many }] of this.#fields(collection)) {
      if (many === undefined && name !== 'id') choosing(row, name, () => this.#field(collection, id, name, ty));
    }
    this.#rows.set(key, row);
    return row;
  }

  #field(collection: string, id: string, name: string, ty: Ty): ConstValue {
    return ty.kind === 'json' ? this.#json(collection, id, [name]) : this.#choose(collection, id, name, ty, () => this.#domains.values(ty));
  }

  /** A json value: an object with the keys that rules look for, each chosen when it is read; or something plain, or nothing. */
  #json(collection: string, id: string, path: readonly string[]): ConstValue {
    const keys = this.#domains.keysAfter(path.slice(1));
    const plain = (): readonly ConstValue[] => this.#domains.values({ kind: 'json' });
    const values = (): readonly ConstValue[] => (keys.length > 0 ? [someObject, null, ...plain()] : plain());
    const chosen = this.#choose(collection, id, path.join('.'), { kind: 'json' }, values);
    if (chosen !== someObject) return chosen;
    const object: Record<string, ConstValue> = {};
    for (const key of keys) choosing(object, key, () => this.#json(collection, id, [...path, key]));
    return object;
  }

  /** The row after a write: lists of its own, for those of the stored one are asked of the world by its id. */
  #rowToBe(collection: string, { id = null }: Stored): Stored {
    const row: Record<string, ConstValue> = { id };
    for (const [name, { ty, many }] of this.#fields(collection)) {
      const get = (): ConstValue =>
        many ? this.#choose('next', '', name, ty, () => this.#domains.recordLists(many.to)) : this.#field('next', '', name, ty);
      if (name !== 'id') choosing(row, name, get);
    }
    return row;
  }

  #compile(ir: Ir): (at: Frame) => ConstValue {
    const known = this.#compiled.get(ir);
    if (known !== undefined) return known;
    const compiler = compilerOf();
    const bound = this.#bind(ir);
    const made = ir.ty.kind === 'bool' ? compiler.holds(bound) : compiler.value(bound);
    this.#compiled.set(ir, made);
    return made;
  }

  /** What is known of the caller becomes a field of a row of its own, so that rules are compiled once and not for each caller. */
  readonly #context: Record<string, ConstValue> = {};
  #bind(ir: Ir): Ir {
    if (ir.op !== 'context') return watched(rebuild(ir, (part) => this.#bind(part)));
    const field = ir.path.join('.');
    if (!Object.hasOwn(this.#context, field))
      Object.defineProperty(this.#context, field, { get: () => this.#known(ir.path, ir.ty), enumerable: true });
    return { op: 'column', row: contextRow, field, ty: ir.ty, start: ir.start, end: ir.end };
  }

  #known(path: readonly string[], ty: Ty): ConstValue {
    const [root, part = ''] = path;
    if (root === 'now') return exampleNow;
    if (root === 'today') return dayIn(part, exampleNow);
    if (root === 'request') return this.#choose('request', '', part, ty, () => this.#domains.values(ty));
    if (this.#who === 'anonymous' || part === 'key' || part === 'impersonator') return null;
    if (path.length === 1) return {};
    if (part === 'id') return callerId;
    const collection = this.#choose('auth', '', 'collection', { kind: 'text' }, () => this.#domains.accounts);
    if (part === 'collection') return collection;
    const values = (): readonly ConstValue[] => (part === 'guest' || part === 'verified' ? [true, false] : this.#domains.values(ty));
    return ty.kind === 'json'
      ? this.#json(String(collection), callerId, [part])
      : this.#choose(String(collection), callerId, part, ty, values);
  }
}

const choosing = (row: object, name: string, get: () => ConstValue): unknown => Object.defineProperty(row, name, { get, enumerable: true });

/** Stands for an object whose keys are chosen by themselves. */
const someObject: ConstValue = {};
