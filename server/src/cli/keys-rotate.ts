/** `underpin keys rotate`: new access tokens are signed with a new key from now on, in every process. */
import type { KeyRotation } from '@underpin/sdk/wire';
import { ask, pretty, type Asking, type Ended } from './ask.ts';

export async function rotateKeys(asking: Asking): Promise<Ended> {
  const done = await ask<KeyRotation>(asking, 'ops/signing-keys/rotate', {});
  const told = `The key ${done.key} signs from now on; tokens of ${done.before.key} are good until ${done.before.ends}.\n`;
  return { text: asking.json === true ? pretty(done) : told, code: 0 };
}
