/** After all suites: Postgres is stopped and its folder goes. */
import { rmSync } from 'node:fs';

export default async function end() {
  const { embedded, folder } = globalThis.underpinTest;
  await embedded.stop();
  rmSync(folder, { recursive: true, force: true });
}
