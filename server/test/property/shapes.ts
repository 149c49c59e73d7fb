/** What the generator knows of the collections: their fields by kind, and where relations lead. */
interface Shape {
  readonly text: readonly string[];
  readonly int: readonly string[];
  readonly number: readonly string[];
  readonly decimal: readonly string[];
  readonly bool: readonly string[];
  readonly time: readonly string[];
  readonly day: readonly string[];
  readonly json: readonly string[];
  readonly geo: readonly string[];
  readonly list: readonly string[];
  /** Field and target. */
  readonly one: readonly (readonly [string, string])[];
  readonly many: readonly (readonly [string, string])[];
}
export type Kind = Exclude<keyof Shape, 'one' | 'many'>;
const none: Shape = {
  text: [],
  int: [],
  number: [],
  decimal: [],
  bool: [],
  time: [],
  day: [],
  json: [],
  geo: [],
  list: [],
  one: [],
  many: [],
};
export const shapes: Readonly<Record<string, Shape>> = {
  teams: {
    ...none,
    text: ['name'],
    int: ['quota'],
    bool: ['active'],
    day: ['founded'],
    geo: ['base'],
    time: ['created'],
    many: [['people', 'users']],
  },
  staff: { ...none, text: ['name'], number: ['level'], bool: ['verified'], list: ['roles'], time: ['created'] },
  users: {
    ...none,
    ...{ text: ['name'], int: ['age'], number: ['level'], decimal: ['wallet'], time: ['born', 'created'], json: ['prefs'], geo: ['home'] },
    ...{ bool: ['verified'], list: ['roles'] },
    one: [
      ['team', 'teams'],
      ['boss', 'users'],
    ],
    many: [
      ['posts', 'posts'],
      ['joined', 'posts'],
      ['reports', 'users'],
      ['follows', 'users'],
    ],
  },
  posts: {
    ...none,
    ...{ text: ['title', 'body', 'status'], int: ['n', 'version'], number: ['score'], decimal: ['price', 'cost'], bool: ['pub', 'pin'] },
    ...{ time: ['at', 'upd', 'created'], day: ['due'], json: ['meta'], geo: ['place'] },
    one: [
      ['owner', 'users'],
      ['reviewer', 'users'],
      ['clerk', 'staff'],
    ],
    many: [
      ['members', 'users'],
      ['notes', 'notes'],
    ],
  },
  notes: {
    ...{ ...none, text: ['text'], number: ['rank'], time: ['created'] },
    one: [
      ['post', 'posts'],
      ['author', 'users'],
    ],
  },
};
/** What is there of the caller, by kind. */
export const authKinds: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  text: ['auth.name', 'auth.collection'],
  int: ['auth.age'],
  number: ['auth.level'],
  decimal: ['auth.wallet'],
  bool: ['auth.verified', 'auth.guest'],
  time: ['auth.born', 'now'],
  day: ['today()', 'today("Asia/Tokyo")', 'today("America/Los_Angeles")'],
  json: ['auth.prefs'],
  geo: ['auth.home'],
  list: ['auth.roles'],
};
