/** What the property test of live queries follows: five collections, two sets of rules, and queries that are also plain SQL. */
import type { TestApp } from '../support/app.ts';
import type { Followed, Query } from '../support/live.ts';
import type { Random } from './random.ts';

export const people = ['u0', 'u1', 'u2', 'u3'];
export const statuses = ['open', 'done', 'hidden', 'hölд', '🚀x', '\uffeetop'];
export const rooms = ['red', 'blue', 'green'];
/** The two rules that are in force by turns, in the language and as SQL for a viewer. */
export const rules = [
  { rule: 'status != "hidden" || owner == auth.name', sql: (who: string) => `(status IS DISTINCT FROM 'hidden' OR owner = ${who})` },
  // The same for all, so that only the mask parts them.
  { rule: 'status != "done"', sql: (_who: string) => `(status IS DISTINCT FROM 'done')` },
] as const;

/** Which of the two a definition of items has, as Postgres prints it. */
export const rulesOf = (definition: string): number | undefined => {
  if (!definition.includes('"name": "items"')) return undefined;
  return definition.includes(String.raw`status != \"done\"`) ? 1 : 0;
};

/** Ids that come again, so that rows are changed and not only made. */
export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const ids = 120;

/** Large rows, for those who read slowly: what is in `pad` is not compared. */
export const padOf = 100_000;

export async function makeCollections(send: TestApp['send'], owner: string): Promise<void> {
  const make = async (body: unknown): Promise<void> => {
    const answer = await send('POST /collections', { token: owner, body });
    if (answer.status !== 201) throw new Error(answer.text);
  };
  const text = (name: string, more: object = {}) => ({ name, type: 'text', ...more });
  const whole = (name: string) => ({ name, type: 'number', integer: true });
  await make({
    name: 'items',
    fields: [text('owner'), text('status'), whole('prio'), whole('v'), text('secret', { rules: { read: 'owner == auth.name' } })],
    rules: { list: rules[0].rule },
  });
  await make({ name: 'members', fields: [text('room'), text('name')], rules: { list: 'true' } });
  await make({ name: 'blobs', fields: [whole('n'), text('pad', { max: 200_000 })], rules: { list: 'true' } });
  await make({
    name: 'messages',
    fields: [text('room'), text('text')],
    rules: { list: 'collections.members.exists(m, m.room == room && m.name == auth.name)' },
  });
  // The same rule in words of which a set of rooms cannot be made: Postgres is asked again.
  await make({
    name: 'notices',
    fields: [text('room'), text('text')],
    rules: { list: 'collections.members.exists(m, m.room >= room && m.room <= room && m.name == auth.name)' },
  });
}

/** A query in the language and, for a viewer, as SQL. */
export interface Choice {
  readonly query: Query;
  readonly sql: (who: string) => (ruleset: number) => string;
}
export const blobs: Choice = {
  query: { collection: 'blobs', fields: ['n', 'pad'] },
  sql: () => () => 'SELECT json_build_array(id, n)::text AS json FROM blobs',
};

export function choose(random: Random, isSomebody: boolean): Choice {
  if (isSomebody && random.chance(0.25)) {
    const collection = random.pick(['messages', 'notices']);
    const limit = random.chance(0.3) ? 3 + random.below(8) : undefined;
    return {
      query: { collection, fields: ['room', 'text'], sort: ['text'], ...(limit === undefined ? {} : { limit }) },
      sql: (who) => () =>
        `SELECT json_build_array(id, room, text)::text AS json FROM ${collection} r
         WHERE EXISTS (SELECT FROM members m WHERE m.room = r.room AND m.name = ${who}) ORDER BY text, id ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    };
  }
  const conditions = [
    ...(random.chance(0.6) ? [random.pick(people)].map((name) => [`owner == "${name}"`, `coalesce(owner = '${name}', false)`]) : []),
    ...(random.chance(0.3) ? [[`status in ["open", "🚀x"]`, `coalesce(status IN ('open', '🚀x'), false)`]] : []),
    ...(random.chance(0.3) ? [random.below(6)].map((least) => [`prio >= ${least}`, `coalesce(prio >= ${least}, false)`]) : []),
    ...(isSomebody && random.chance(0.2)
      ? [[`secret == "s1" || prio > 5`, `(coalesce(owner = WHO AND secret = 's1', false) OR coalesce(prio > 5, false))`]]
      : []),
  ];
  const [key, order] = random.pick([
    ['prio', 'prio ASC NULLS LAST, id'],
    ['-prio', 'prio DESC NULLS FIRST, id DESC'],
    ['status', 'status ASC NULLS LAST, id'],
    ['-v', 'v DESC NULLS FIRST, id DESC'],
  ]);
  const limit = random.chance(0.5) ? 3 + random.below(8) : undefined;
  return {
    query: {
      collection: 'items',
      fields: ['owner', 'status', 'prio', 'v', ...(isSomebody ? ['secret'] : [])],
      sort: [key],
      ...(conditions.length > 0 ? { filter: conditions.map(([text]) => `(${text})`).join(' && ') } : {}),
      ...(limit === undefined ? {} : { limit }),
    },
    sql: (who) => (ruleset) => {
      const rule = rules[ruleset % 2] ?? rules[0];
      const where = [rule.sql(who), ...conditions.map(([, sql]) => sql?.replaceAll('WHO', who) ?? '')].join(' AND ');
      const record = `json_build_array(id, owner, status, prio, v${isSomebody ? `, CASE WHEN owner = ${who} THEN secret END` : ''})::text`;
      return `SELECT ${record} AS json FROM items WHERE ${where} ORDER BY ${order} ${limit === undefined ? '' : `LIMIT ${limit}`}`;
    },
  };
}

export const shown = (one: Followed): string => {
  const fields = (one.query.fields ?? []).filter((name) => name !== 'pad');
  return [...one.rows.values()]
    .map((row) => `[${['id', ...fields].map((name) => JSON.stringify(row[name] ?? null)).join(', ')}]`)
    .sort()
    .join('\n');
};
