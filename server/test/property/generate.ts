/** Random rules that check: texts built by type over the world of this suite, as people would write them and worse. */
import type { Random } from './random.ts';
import { authKinds, shapes, type Kind } from './shapes.ts';
import * as edge from './values.ts';

export interface Asked {
  readonly random: Random;
  readonly scope: 'read' | 'filter' | 'update';
  readonly ids: readonly string[];
}
/** A record that can be named here, and how much room is left. */
interface At {
  readonly path: string;
  readonly collection: string;
  readonly depth: number;
  readonly variables: number;
}

export const randomRule = (asked: Asked, collection: string, depth: number): string =>
  new Generator(asked).condition({ path: 'record', collection, depth, variables: 0 });

class Generator {
  readonly #random: Random;
  readonly #asked: Asked;
  constructor(asked: Asked) {
    this.#asked = asked;
    this.#random = asked.random;
  }

  condition(at: At): string {
    const r = this.#random;
    if (at.depth <= 0) return this.#leaf(at);
    const inner = { ...at, depth: at.depth - 1 };
    return r.branch([
      [
        4,
        () => {
          const [a, b] = [this.condition(inner), this.condition(inner)];
          return r.pick([
            `(${a} && ${b})`,
            `(${a} || ${b})`,
            `(${a} || ${b})`,
            `(${a}) == (${b})`,
            `not (${a} or ${b})`,
            `!(${a} && ${b})`,
            `(${a}) != (${b})`,
          ]);
        },
      ],
      [1, () => `!(${this.condition(inner)})`],
      [1, () => `(${this.condition(inner)} ? ${this.condition({ ...inner, depth: 0 })} : ${this.condition({ ...inner, depth: 0 })})`],
      [3, () => this.#quantifier(inner)],
      [3, () => this.#leaf(at)],
    ]);
  }

  #quantifier(at: At): string {
    const r = this.#random;
    const how = r.pick(['exists', 'all', 'exists_one']);
    const v = `v${at.variables}`;
    if (at.variables >= 2) return this.#leaf(at);
    return r.branch([
      [
        5,
        () => {
          const from = this.#walk(at);
          const found = shapes[from.collection]?.many ?? [];
          if (found.length === 0) return this.#leaf(at);
          const [field, to] = r.pick(found);
          return `${from.path}.${field}.${how}(${v}, ${this.#body({ ...at, path: v, collection: to, variables: at.variables + 1 }, at)})`;
        },
      ],
      [
        this.#asked.scope === 'filter' ? 0 : 1,
        () => {
          const to = r.pick(['teams', 'users', 'notes']);
          return `collections.${to}.${how}(${v}, ${this.#body({ ...at, path: v, collection: to, depth: Math.min(at.depth, 1), variables: at.variables + 1 }, at)})`;
        },
      ],
      [
        2,
        () => {
          const list = this.#list(at);
          return `${list}.${how}(${v}, ${r.pick([`${v} == ${this.#text(at)}`, `${v}.startsWith(${this.#word()})`, `${v} > ${this.#word()}`, `${v} == null`, `${v} != ${this.#word()}`, `size(${v}) > 1`])})`;
        },
      ],
    ]);
  }

  /** What is asked of an item: of it alone, or with the record outside. */
  #body(item: At, outer: At): string {
    const r = this.#random;
    return r.branch([
      [3, () => this.condition(item)],
      [1, () => `${item.path}.id == ${this.#id(outer)}`],
      [1, () => `(${this.condition({ ...item, depth: 0 })} ${r.pick(['&&', '||'])} ${this.#leaf(outer)})`],
      [item.variables < 2 && item.depth > 0 ? 1 : 0, () => this.#quantifier(item)],
    ]);
  }

  /** Down to-one relations, up to three. */
  #walk(at: At): { path: string; collection: string } {
    let { path, collection } = at;
    if (path === 'record' && this.#asked.scope === 'update' && this.#random.chance(0.4)) path = 'next';
    for (let hops = 0; hops < 3; hops += 1) {
      const found = shapes[collection]?.one ?? [];
      if (found.length === 0 || !this.#random.chance(0.35)) break;
      const [field, to] = this.#random.pick(found);
      path += `.${field}`;
      collection = to;
    }
    return { path, collection };
  }

  /** A field of that kind somewhere near. */
  #field(at: At, kind: Kind): string | undefined {
    for (let tries = 0; tries < 8; tries += 1) {
      const { path, collection } = this.#walk(at);
      const found = shapes[collection]?.[kind] ?? [];
      if (found.length > 0) return `${path}.${this.#random.pick(found)}`;
    }
    return undefined;
  }
  #fieldOr(at: At, kind: Kind, otherwise: () => string): string {
    return this.#field(at, kind) ?? otherwise();
  }
  #ofCaller(kind: Kind): string {
    return this.#random.pick(authKinds[kind] ?? ['auth.id']);
  }

  #word(): string {
    return JSON.stringify(this.#random.pick(edge.texts));
  }
  #text(at: At): string {
    const r = this.#random;
    return r.branch([
      [8, () => this.#fieldOr(at, 'text', () => this.#word())],
      [4, () => this.#word()],
      [1, () => this.#ofCaller('text')],
      [1, () => `(${this.#fieldOr(at, 'text', () => this.#word())} + ${this.#word()})`],
      [1, () => `${this.#fieldOr(at, 'text', () => this.#word())}.lowerAscii()`],
      [1, () => `(${this.#leaf(at)} ? ${this.#fieldOr(at, 'text', () => this.#word())} : ${this.#word()})`],
    ]);
  }
  #number(at: At): string {
    const r = this.#random;
    const plain = (): string => this.#fieldOr(at, r.pick(['int', 'number']), () => '1');
    return r.branch([
      [8, plain],
      [4, () => String(r.pick(r.pick([edge.numbers, edge.integers])))],
      [1, () => this.#ofCaller(r.pick(['int', 'number']))],
      [1, () => `size(${this.#fieldOr(at, 'text', () => this.#word())})`],
      [1, () => this.#count(at)],
      [2, () => `(${plain()} ${r.pick(['+', '-'])} ${r.pick([plain(), String(r.pick(edge.numbers))])})`],
      [1, () => `(${this.#leaf(at)} ? ${this.#fieldOr(at, 'int', () => '1')} : ${r.pick(['2', 'null', plain()])})`],
    ]);
  }
  #count(at: At): string {
    const { path, collection } = this.#walk(at);
    const many = shapes[collection]?.many ?? [];
    return many.length === 0 ? `size(${this.#list(at)})` : `${path}.${this.#random.pick(many)[0]}.size()`;
  }
  #list(at: At): string {
    return this.#random.chance(0.5) ? this.#fieldOr(at, 'list', () => 'auth.roles') : 'auth.roles';
  }
  #time(at: At): string {
    const r = this.#random;
    const some = (): string => this.#fieldOr(at, 'time', () => 'now');
    const duration = (): string => `duration("${r.pick(['24h', '1h', '1d', '500ms', '90m', '400d', '1ms'])}")`;
    return r.branch([
      [6, some],
      [3, () => `timestamp("${new Date(r.pick(edge.times.filter((ms) => ms > -1e13))).toISOString()}")`],
      [1, () => this.#ofCaller('time')],
      [3, () => `(${some()} ${r.pick(['+', '-'])} ${duration()})`],
    ]);
  }
  #day(at: At): string {
    return this.#random.branch([
      [5, () => this.#fieldOr(at, 'day', () => 'today()')],
      [2, () => `day("${this.#random.pick(edge.days)}")`],
      [2, () => this.#ofCaller('day')],
    ]);
  }
  #decimal(at: At): string {
    const r = this.#random;
    return r.branch([
      [5, () => this.#fieldOr(at, 'decimal', () => 'auth.wallet')],
      [2, () => r.pick(edge.decimals)],
      [1, () => this.#ofCaller('decimal')],
      [2, () => this.#number(at)],
    ]);
  }
  #json(at: At): string {
    const base = this.#random.chance(0.85) ? this.#fieldOr(at, 'json', () => 'auth.prefs') : 'auth.prefs';
    return base + this.#random.pick(['.a', '.b', '.n', '.a.b', '.a.n', '.b.a', '.constructor', '']);
  }
  #point(at: At): string {
    const { lat, lon } = this.#random.pick(edge.points);
    return this.#random.branch([
      [5, () => this.#fieldOr(at, 'geo', () => 'auth.home')],
      [3, () => `geo(${lat}, ${lon})`],
      [1, () => this.#ofCaller('geo')],
    ]);
  }
  #id(at: At): string {
    const r = this.#random;
    const { path, collection } = this.#walk(at);
    const one = shapes[collection]?.one ?? [];
    return r.branch([
      [3, () => (one.length === 0 ? `${path}.id` : `${path}.${r.pick(one)[0]}`)],
      [3, () => 'auth.id'],
      [1, () => `${path}.id`],
      [2, () => JSON.stringify(r.pick([...this.#asked.ids, 'no-uuid', r.pick(this.#asked.ids).toUpperCase()]))],
      [1, () => r.pick(['auth.team', 'auth.boss'])],
    ]);
  }

  #leaf(at: At): string {
    const r = this.#random;
    const how = (): string => r.pick(['==', '!=', '<', '<=', '>', '>=']);
    const same = (): string => r.pick(['==', '!=']);
    return r.branch([
      [4, () => `${this.#text(at)} ${how()} ${this.#text(at)}`],
      [4, () => `${this.#number(at)} ${how()} ${this.#number(at)}`],
      [3, () => `${this.#decimal(at)} ${how()} ${this.#decimal(at)}`],
      [3, () => `${this.#time(at)} ${how()} ${this.#time(at)}`],
      [2, () => `${this.#day(at)} ${how()} ${this.#day(at)}`],
      [1.5, () => `(${this.#time(at)} - ${this.#time(at)}) ${how()} duration("${r.pick(['1h', '1d', '0s', '1ms'])}")`],
      [3, () => this.#flag(at)],
      [4, () => `${this.#id(at)} ${same()} ${this.#id(at)}`],
      [4, () => this.#absence(at)],
      [
        3,
        () =>
          `${r.chance(0.85) ? this.#text(at) : this.#json(at)}.${r.pick(['startsWith', 'endsWith', 'contains'])}(${r.chance(0.7) ? this.#word() : this.#text(at)})`,
      ],
      [5, () => this.#membership(at)],
      [4, () => this.#jsonTest(at)],
      [
        2,
        () =>
          `distance(${this.#point(at)}, ${this.#point(at)}) ${r.pick(['<', '>', '<=', '>='])} ${r.pick(['0.5', '5000', '900000', '1e7'])}`,
      ],
      [this.#asked.scope === 'update' ? 3 : 0, () => `changed.${r.pick(changeable)}`],
    ]);
  }
  #flag(at: At): string {
    const flag = this.#fieldOr(at, 'bool', () => 'auth.verified');
    return this.#random.pick([
      ...[flag, `!${flag}`, `!(!${flag})`, `${flag} == true`, `${flag} == false`, `${flag} != true`],
      ...[`${flag} == ${this.#ofCaller('bool')}`, `(${flag} || auth.verified) == false`, `(${flag} && auth != null) != true`],
      this.#ofCaller('bool'),
    ]);
  }
  #absence(at: At): string {
    const r = this.#random;
    const kind = r.pick(['text', 'int', 'number', 'decimal', 'bool', 'time', 'day', 'json', 'geo'] as const);
    const what = r.branch([
      [5, () => this.#fieldOr(at, kind, () => 'auth.id')],
      [1, () => this.#ofCaller(kind)],
      [1, () => 'auth'],
      [2, () => this.#id(at)],
      [1, () => this.#json(at)],
      [1, () => this.#number(at)],
      [1, () => `distance(${this.#point(at)}, ${this.#point(at)})`],
    ]);
    return /^("|-?\d)/.test(what) ? `auth != null` : r.pick([`${what} == null`, `${what} != null`, `has(${what})`, `!has(${what})`]);
  }
  #membership(at: At): string {
    const r = this.#random;
    const within = r.pick(['in', 'in', 'not in']);
    const three = (make: () => unknown): string => `[${[make(), make(), make()].join(', ')}]`;
    const { path, collection } = this.#walk(at);
    const many = shapes[collection]?.many ?? [];
    return r.branch([
      [2, () => `${this.#text(at)} ${within} ${three(() => this.#word())}`],
      [2, () => `${this.#number(at)} ${within} ${three(() => r.pick(edge.integers))}`],
      [1, () => `${this.#decimal(at)} ${within} ${three(() => r.pick(edge.decimals))}`],
      [1, () => `${this.#id(at)} ${within} ${three(() => JSON.stringify(r.pick(this.#asked.ids)))}`],
      [1, () => `${this.#day(at)} ${within} ${three(() => JSON.stringify(r.pick(edge.days)))}`],
      [1, () => `${this.#json(at)} ${within} [1, ${this.#word()}, 0.1]`],
      [2, () => `${r.pick([this.#text(at), '"a"', '"editor"', this.#json(at)])} ${within} ${this.#list(at)}`],
      [1, () => `${this.#id(at)} ${within} auth.follows`],
      [4, () => (many.length === 0 ? `${this.#id(at)} ${within} auth.follows` : `${this.#id(at)} ${within} ${path}.${r.pick(many)[0]}`)],
    ]);
  }
  #jsonTest(at: At): string {
    const r = this.#random;
    const same = r.pick(['==', '!=']);
    const how = r.pick(['==', '!=', '<', '<=', '>', '>=']);
    return r.branch([
      [3, () => `${this.#json(at)} ${how} ${r.pick([String(r.pick(edge.numbers)), this.#word()])}`],
      [2, () => `${this.#json(at)} ${how} ${r.pick([this.#text(at), this.#number(at), this.#decimal(at), this.#day(at)])}`],
      [1, () => `${this.#json(at)} ${same} ${this.#id(at)}`],
      [1, () => `${this.#json(at)} ${same} ${this.#json(at)}`],
      [1, () => `${this.#json(at)} ${same} ${r.pick(['true', 'false', this.#fieldOr(at, 'bool', () => 'true')])}`],
      [1, () => `${this.#fieldOr(at, 'number', () => '1')} ${how} ${this.#json(at)}`],
    ]);
  }
}

const changeable = ['title', 'score', 'n', 'price', 'pub', 'due', 'at', 'meta', 'place', 'owner'];
