/** What the errors of a connection to Postgres are to whoever asked, and which of them pass by waiting. */
import { describe, expect, test } from '@jest/globals';
import { fromPgError, isAway } from '../../src/db/pg-errors.ts';

const ofSocket = (code: string, syscall = 'connect'): Error => Object.assign(new Error(`${syscall} ${code} db`), { code, syscall });
const ofPostgres = (code: string): Error => Object.assign(new Error('as Postgres says it'), { code });

const errors: readonly (readonly [name: string, error: unknown, code: string | undefined, isAway: boolean])[] = [
  ['the port is closed', ofSocket('ECONNREFUSED'), 'unavailable', true],
  ['the connection was reset', ofSocket('ECONNRESET', 'read'), 'unavailable', true],
  ['nobody answered in time', ofSocket('ETIMEDOUT'), 'unavailable', true],
  ['nobody answered in the time that we gave', new Error('timeout expired'), 'unavailable', true],
  ['the name means nothing', ofSocket('ENOTFOUND', 'getaddrinfo'), 'unavailable', true],
  ['nobody says what the name means', ofSocket('EAI_AGAIN', 'getaddrinfo'), 'unavailable', true],
  ['there is no way to the host', ofSocket('EHOSTUNREACH'), 'unavailable', true],
  ['there is no way to its network', ofSocket('ENETUNREACH'), 'unavailable', true],
  ['our network is down', ofSocket('ENETDOWN'), 'unavailable', true],
  ['both addresses of a name are closed', new AggregateError([ofSocket('ECONNREFUSED'), ofSocket('ECONNREFUSED')]), 'unavailable', true],
  ['the socket is not there yet', ofSocket('ENOENT'), undefined, true],
  ['it is starting up', ofPostgres('57P03'), 'unavailable', true],
  ['it is being stopped', ofPostgres('57P01'), 'unavailable', true],
  ['it has no connection left', ofPostgres('53300'), 'unavailable', true],
  ['the password is wrong', ofPostgres('28P01'), undefined, false],
  ['there is no such database', ofPostgres('3D000'), undefined, false],
  [
    'the name of the S3 server means nothing',
    Object.assign(ofSocket('ENOTFOUND', 'getaddrinfo'), { $metadata: { attempts: 3 } }),
    undefined,
    false,
  ],
  ['a mistake of ours', new TypeError('x is not a function'), undefined, false],
];
describe('an error of the connection', () => {
  test.each(errors)('%s', (_name, error, code, away) => {
    expect(fromPgError(error)?.code).toBe(code);
    expect(fromPgError(error)?.details.retryAfter).toBe(code === undefined ? undefined : 1);
    expect(isAway(error)).toBe(away);
  });
});
