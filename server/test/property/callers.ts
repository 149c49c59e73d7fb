/** The callers of the suite over HTTP, in the order of `readWorld`: nobody, and four accounts with a password each. */
import { schemaOf } from '../../src/schema/load.ts';
import { systemCtx } from '../../src/ctx.ts';
import { password, type TestApp } from '../support/app.ts';
import { idOf } from './world.ts';

const accounts = [
  ['users', 0],
  ['users', 1],
  ['staff', 0],
  ['users', 9],
] as const;

/** Gives the accounts of the world a password, which hashing it once for each would take long. */
export async function givePasswords(up: TestApp): Promise<void> {
  await up.account('model');
  const { byName } = await schemaOf(systemCtx(up.app.base));
  for (const [collection, index] of accounts)
    await up.sql(
      'INSERT INTO underpin.credentials SELECT $1, $2, password_hash, changed FROM underpin.credentials ORDER BY changed DESC LIMIT 1',
      [byName.get(collection)?.id, idOf(collection, index)],
    );
}

/** Their tokens; none for nobody. */
export async function signInAll(up: TestApp): Promise<readonly (string | undefined)[]> {
  const tokens: (string | undefined)[] = [undefined];
  for (const [collection, index] of accounts) {
    const answer = await up.send(`POST /auth/${collection}/sign-in`, { body: { email: `account${index}@example.com`, password } });
    if (answer.status !== 200) throw new Error(answer.text);
    tokens.push(answer.body.accessToken);
  }
  return tokens;
}
