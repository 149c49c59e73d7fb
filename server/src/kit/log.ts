/** JSON lines by pino; what could be a secret is redacted by name, wherever it stands. */
import { pino, type Logger } from 'pino';

export type Log = Logger;

const secretNames = ['authorization', 'cookie', 'password', 'token', 'accessToken', 'refreshToken', 'secret', 'key', 'code'];
const redact = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    redact: { paths: redact, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
