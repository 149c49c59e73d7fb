/** The secret of the installation, from which all keys are derived. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { randomToken } from './crypto.ts';

const fileOf = ({ DATA_DIR }: Config): string => join(DATA_DIR, 'secret');

/** The secret given, or one made at the first start and kept, readable by us alone. */
export function secretOf(config: Config): string {
  const file = fileOf(config);
  if (config.SECRET === undefined && !existsSync(file)) writeFileSync(file, randomToken(), { mode: 0o600, flag: 'wx' });
  return config.SECRET ?? readFileSync(file, 'utf8').trim();
}

/** The same for who only looks: undefined where there is none yet, or it is not his to read. */
export function secretIfAny(config: Config): string | undefined {
  if (config.SECRET !== undefined) return config.SECRET;
  try {
    return readFileSync(fileOf(config), 'utf8').trim();
  } catch {
    return undefined;
  }
}
