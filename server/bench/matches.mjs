/**
 * Finds the groups of changes, in a process of its own: by the index, and by asking every group. Takes what to do as JSON on its
 * standard input and prints as JSON what came of it. Nothing is stored; rows are texts, as the change log tells them.
 */
import { Cache } from '../dist/kit/cache.js';
import { parseList } from '../dist/records/parse/list.js';
import { callerOf } from '../dist/records/policy.js';
import { effectsOf } from '../dist/realtime/groups/effects.js';
import { groupOf } from '../dist/realtime/groups/group.js';
import { Matcher } from '../dist/realtime/matching/match.js';
import { toRowChange } from '../dist/realtime/matching/row.js';
import { buildCollection } from '../dist/schema/collection.js';
import { makeSchema } from '../dist/schema/load.js';

let input = '';
for await (const part of process.stdin) input += part;
const { groups: many, changes: some, seed } = JSON.parse(input);

let state = seed;
const below = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return Math.floor(((state >>> 8) / 2 ** 24) * limit);
};
const id = (kind, n) => `0000000${kind}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const states = ['open', 'done', 'hold'];
const owners = 5_000;
const rooms = 2_000;

const tasks = buildCollection({
  id: id(0, 1),
  name: 'tasks',
  kind: 'base',
  indexes: [],
  fields: [
    { id: 'f1', name: 'title', type: 'text' },
    { id: 'f2', name: 'room', type: 'text' },
    { id: 'f3', name: 'state', type: 'select', values: [...states, 'gone'] },
    { id: 'f4', name: 'prio', type: 'number', integer: true },
    { id: 'f5', name: 'owner', type: 'relation', to: 'users' },
    { id: 'f6', name: 'score', type: 'number' },
    { id: 'f7', name: 'note', type: 'text', rules: { read: 'owner == auth.id || prio > 3' } },
  ],
  rules: { list: 'state != "gone" || owner == auth.id' },
});
const users = buildCollection({ id: id(0, 2), name: 'users', kind: 'auth', indexes: [], fields: [], rules: {} });
const schema = makeSchema(1, [tasks, users]);
const base = { cache: new Cache(), secret: 'for measuring only', now: 0, request: { ip: '', method: 'GET' } };

const shapes = [
  () => [`owner == $a`, { a: id(9, below(owners)) }],
  () => [`room == $a`, { a: `r${below(rooms)}` }],
  () => [`room == $a && state == $b`, { a: `r${below(rooms)}`, b: states[below(3)] }],
  () => [`owner == $a && prio >= $b`, { a: id(9, below(owners)), b: below(10) }],
  () => [`room in [$a, $b, $c] && state != "done"`, { a: `r${below(rooms)}`, b: `r${below(rooms)}`, c: `r${below(rooms)}` }],
  () => [`owner == $a || room == $b`, { a: id(9, below(owners)), b: `r${below(rooms)}` }],
];

function group(n) {
  const account = id(9, n % owners);
  const actor = { kind: 'account', address: '', collection: 'users', id: account, session: '', record: { id: account } };
  const caller = callerOf({ ...base, actor }, schema);
  const [filter, params] = shapes[n % shapes.length]();
  const asked = parseList(caller, tasks, { read: () => ({ filter, params, text: false }) });
  return groupOf(caller, { collection: tasks, asked, limit: undefined });
}

const heap = () => (globalThis.gc?.(), process.memoryUsage().heapUsed);
const before = heap();
const begun = process.cpuUsage();
const groups = Array.from({ length: many }, (_one, n) => group(n));
const matcher = new Matcher();
for (const one of groups) matcher.add(one);
const building = process.cpuUsage(begun);
const built = (building.user + building.system) / many;
const bytes = (heap() - before) / many;

const columns = tasks.fields.map(({ name }) => name);
const relation = { oid: 1, schema: 'public', name: 'tasks', columns, identity: 'full' };
const moment = '2026-01-02 03:04:05.678+00';
const row = (n) => [
  id(1, n),
  `Task ${n}`,
  `r${below(rooms)}`,
  states[below(3)],
  `${below(10)}`,
  id(9, below(owners)),
  `${below(1000) / 1000}`,
  'words',
  moment,
  moment,
  '1',
];
const rows = Array.from({ length: 20_000 }, (_one, n) => row(n));
const changes = Array.from({ length: some }, () => {
  const old = rows[below(rows.length)];
  const next = [...old];
  next[3] = states[below(3)];
  next[4] = `${below(10)}`;
  if (below(20) === 0) next[2] = `r${below(rooms)}`;
  return { op: 'update', relation, old, row: next };
});

/** µs of this process's CPU for each, which a machine that is busy with other things changes little. */
function time(list, work) {
  const from = process.cpuUsage();
  for (const one of list) work(one);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / list.length;
}
let found = 0;
let ops = 0;
const tell = (change) => {
  for (const { group: one, changes: told } of matcher.route([change]).concerned) ops += effectsOf(one.local, told).length;
};
time(changes, (change) => matcher.route([change]));
const route = time(changes, (change) => (found += matcher.route([change]).concerned.length));
time(changes, tell);
ops = 0;
const effects = time(changes, tell);
const few = changes.slice(0, Math.max(20, Math.floor(5e5 / many)));
let naive = 0;
const asked = time(few, (change) => {
  const { old, row: next } = toRowChange(tasks, change);
  for (const { local } of groups) if (local.matches(old) || local.matches(next)) naive += 1;
});
process.stdout.write(
  JSON.stringify({ groups: many, built, bytes, route, effects, asked, found: found / some, ops: ops / some, naive: naive / few.length }),
);
