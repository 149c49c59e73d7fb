/**
 * All that is kept of an account, for the account itself: its record, its sessions, what it did, and every record that is related to
 * it. By the line of records, as the account: what it may not view is not in it, and no field that it may not read.
 */
import type { Ctx } from '../../ctx.ts';
import { actorName } from '../../kit/actor.ts';
import { limits } from '../../kit/limits.ts';
import { exportRecords } from '../../records/export.ts';
import { callerOf, policyFor, readOf, type Caller } from '../../records/policy.ts';
import type { Collection } from '../../schema/collection.ts';
import { schemaOf } from '../../schema/load.ts';
import { ownRecord } from '../accounts.ts';
import { listSessions, type Account } from '../sessions.ts';

/** The JSON text of it, made while it is read. `session`: the one that asks. */
export async function* ownData(ctx: Ctx, account: Account, session: string): AsyncGenerator<string> {
  yield `{"account":${await ownRecord(ctx, account)}`;
  yield `,\n"sessions":${JSON.stringify(await listSessions(ctx, account, session))},\n"audit":[`;
  yield* ownAudit(ctx);
  yield '],\n"records":{';
  let first = true;
  for (const { name, filter } of await related(ctx, account)) {
    yield `${first ? '' : ','}\n${JSON.stringify(name)}:`;
    first = false;
    const { chunks } = await exportRecords(ctx, name, { filter, params: { me: account.id }, format: 'json', text: false });
    yield* chunks;
  }
  yield '}}\n';
}

/** The collections in which the account may list records that refer to it, and by which condition. */
async function related(ctx: Ctx, account: Account): Promise<readonly { readonly name: string; readonly filter: string }[]> {
  const schema = await schemaOf(ctx);
  const caller = callerOf(ctx, schema);
  return schema.collections
    .filter((collection) => !collection.system && policyFor(caller, collection, 'list') !== 'never')
    .map((collection) => ({ name: collection.name, filter: refersTo(caller, collection, account.collection).join(' || ') }))
    .filter(({ filter }) => filter !== '');
}

const refersTo = (caller: Caller, collection: Collection, to: string): readonly string[] =>
  collection.fields
    .filter((field) => field.to === to && readOf(caller, collection, field) !== 'never')
    .map(({ name, junction }) => (junction === undefined ? `${name} == $me` : `$me in ${name}`));

/** What it did, and what was done in its name before it was signed in; oldest first, some hundreds at a time. */
async function* ownAudit(ctx: Ctx): AsyncGenerator<string> {
  let last: unknown = null;
  for (;;) {
    const { rows } = await ctx.db.run({
      text: `SELECT id, created, action, target, address FROM underpin.audit WHERE (actor = $1 OR (target = $1 AND actor = 'anonymous')) AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT ${limits.list.max}`,
      values: [actorName(ctx.actor), last],
    });
    const texts = rows.map(({ id: _id, ...row }) => JSON.stringify(row));
    if (texts.length > 0) yield `${last === null ? '' : ','}\n${texts.join(',\n')}`;
    if (rows.length < limits.list.max) return;
    last = rows.at(-1)?.['id'];
  }
}
