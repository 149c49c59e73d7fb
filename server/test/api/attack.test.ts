/**
 * Somebody tries to learn a field he may not read, by bisection: two hundred questions by filter, sort, cursor, count
 * and error text, to two databases that differ in that field alone. What he is told must be the same.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { query, startTestApp, type Ask, type TestApp } from '../support/app.ts';

const worlds: { up: TestApp; eve: { token: string; id: string }; target: string }[] = [];

/** A record whose `salary` and whose hidden neighbour differ from world to world, and nothing else. */
async function makeWorld(salary: number, word: string): Promise<void> {
  const up = await startTestApp();
  const rules = { list: 'true', create: null, update: 'true' };
  await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'vaults',
      fields: [
        { name: 'code', type: 'text' },
        { name: 'level', type: 'number' },
      ],
      rules: { list: null },
    },
  });
  const made = await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'staff',
      fields: [
        { name: 'name', type: 'text' },
        { name: 'boss', type: 'relation', to: 'users' },
        { name: 'salary', type: 'number', rules: { read: 'boss == auth.id' } },
        { name: 'pin', type: 'text', rules: { read: null } },
        { name: 'key', type: 'text', secret: true },
        { name: 'vault', type: 'relation', to: 'vaults' },
      ],
      indexes: [{ fields: ['salary'] }],
      rules,
    },
  });
  if (made.status !== 201) throw new Error(made.text);
  const eve = await up.account('eve');
  const vault = (
    await up.send('POST /records/vaults', {
      token: up.owner,
      body: { id: '01a20080-0000-7000-8000-000000000001', code: word, level: salary },
    })
  ).body.id;
  const target = '01a20080-0000-7000-8000-00000000000a';
  await up.send('POST /records/staff', { token: up.owner, body: { id: target, name: 'Target', salary, pin: word, key: word, vault } });
  for (let n = 1; n <= 5; n++)
    await up.send('POST /records/staff', {
      token: up.owner,
      body: { id: `01a20080-0000-7000-8000-00000000010${n}`, name: `Other ${n}`, salary: n * 20, boss: eve.id },
    });
  worlds.push({ up, eve, target });
}

beforeAll(async () => {
  await makeWorld(10, 'alpha');
  await makeWorld(90, 'omega');
});
afterAll(() => Promise.all(worlds.map(({ up }) => up.close())));

function questions(): { request: string; body?: unknown }[] {
  const asked: { request: string; body?: unknown }[] = [];
  const list = (parameters: Record<string, string>): void => void asked.push({ request: `GET /records/staff${query(parameters)}` });
  for (let bound = 0; bound <= 100; bound += 4) {
    list({ filter: `name == "Target" && salary > ${bound}` });
    list({ filter: `name == "Target" && !(salary > ${bound})` });
    list({ filter: `salary >= ${bound}`, count: 'exact' });
    list({ filter: `salary + 0 == ${bound} || salary - 1 < ${bound}`, count: 'exact', sort: 'name' });
  }
  for (const letter of 'abmoz') {
    for (const field of ['pin', 'key', 'vault.code', 'record.pin']) {
      list({ filter: `${field}.startsWith("${letter}")` });
      list({ filter: `${field} > "${letter}" && name == "Target"` });
    }
    list({ filter: `collections.vaults.exists(v, v.code > "${letter}")` });
    asked.push({ request: 'POST /records/staff/query', body: { where: { pin: { startsWith: letter } } } });
    asked.push({ request: 'POST /records/staff/query', body: { where: { vault: { code: { gt: letter } } } } });
  }
  for (const sort of ['salary', '-salary', 'salary:last', '-salary,name', 'pin', 'key', 'vault.code', '-vault.level', 'vault']) {
    for (const limit of ['1', '2', '3']) list({ sort, limit });
  }
  for (const fields of ['salary', 'pin', 'key', 'name,salary']) list({ fields });
  for (const expand of ['vault', 'vault.code', 'boss', 'pin']) list({ expand });
  for (const count of ['exact', 'estimated', '3']) list({ count, filter: 'salary > 50' });
  for (const body of [{ salary: 50 }, { pin: 'x' }, { vault: null }, { name: 'Target', nope: 1 }, { salary: { $inc: 1 } }, { salary: 'x' }])
    asked.push({ request: 'PATCH /records/staff/{target}', body });
  return asked;
}

test('two hundred questions are answered alike whatever the secret is', async () => {
  const all = questions();
  expect(all.length).toBeGreaterThanOrEqual(200);
  const differences: string[] = [];
  for (const { request, body } of all) {
    const answers = await Promise.all(
      worlds.map(async ({ up, eve, target }) => {
        const ask: Ask = { token: eve.token, ...(body === undefined ? {} : { body }) };
        const { status, text } = await up.send(request.replace('{target}', target), ask);
        return `${status} ${text
          .replace(new RegExp(eve.id, 'g'), 'eve')
          .replace(/"(requestId|created|updated|next|prev)":"[^"]*"/g, '"$1":"…"')}`;
      }),
    );
    if (answers[0] !== answers[1]) differences.push(`${request} ${JSON.stringify(body)}\n  ${answers.join('\n  ')}`);
    expect(answers.join()).not.toMatch(/alpha|omega/);
  }
  expect(differences).toEqual([]);
});

test('the cursors he is given hold nothing of it, and walk the same way', async () => {
  const walks = await Promise.all(
    worlds.map(async ({ up, eve }) => {
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const { body } = await up.send(
          `GET /records/staff${query({ sort: '-salary', limit: '1', ...(cursor === '' ? {} : { cursor }) })}`,
          { token: eve.token },
        );
        seen.push(body.data.map(({ name, salary }: Record<string, unknown>) => [name, salary]));
        cursor = body.page.next ?? '';
        if (cursor !== '') seen.push(JSON.parse(Buffer.from(cursor.split('.')[0] ?? '', 'base64url').toString()).slice(1, 2));
      } while (cursor !== '');
      return seen;
    }),
  );
  expect(walks[0]).toEqual(walks[1]);
  expect(walks[0]?.length).toBe(11);
});

test('what he may read he can still ask for', async () => {
  for (const { up, eve } of worlds) {
    const { body } = await up.send(`GET /records/staff${query({ filter: 'salary > 50', sort: 'salary', count: 'exact' })}`, {
      token: eve.token,
    });
    expect([body.data.map(({ salary }: { salary: number }) => salary), body.page.total]).toEqual([[60, 80, 100], 3]);
  }
});
