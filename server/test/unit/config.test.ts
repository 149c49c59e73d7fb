/** Secrets: which are refused because anybody would try them, and which are shown to nobody. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { showConfig } from '../../src/cli/config-show.ts';
import { parseConfig, settings } from '../../src/kit/config.ts';
import { withoutSecrets } from '../../src/kit/mask.ts';
import { testSecret } from '../support/app.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'underpin-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;
const refusal = (env: Env): string => {
  try {
    parseConfig(env);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
/** The same settings, each from a file of its own. */
const inFiles = (env: Env): Env =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => {
      const file = join(folder, name.toLowerCase());
      writeFileSync(file, `${value}\n`);
      return [`${name}_FILE`, file];
    }),
  );
const s3 = (secret: string, endpoint = 'http://minio:9000', key = 'AKIA7Q2V') => ({
  STORAGE: 's3',
  S3_BUCKET: 'files',
  S3_ENDPOINT: endpoint,
  S3_ACCESS_KEY_ID: key,
  S3_SECRET_ACCESS_KEY: secret,
});

describe('a secret that anybody would try is refused, and not told', () => {
  const refused: readonly (readonly [name: string, env: Env, names: string, secret: string])[] = [
    ...[
      ['few characters', 'abababababababababababababababab', 'fewer than 8 different'],
      ['zeros', '0'.repeat(64), 'fewer than 8 different'],
      ['the same eight characters four times', 'a1b2c3d4'.repeat(4), 'over and over'],
      ['the same text twice and a bit', 'f3a9c2e17b60d485f3a9c2e17b60d485f3', 'over and over'],
      ['hexadecimal digits in their order', '0123456789abcdef0123456789abcdef', 'over and over'],
      ['letters and digits in their order', 'abcdefghijklmnopqrstuvwxyz0123456789', 'follow one another'],
      ['the same backwards', '9876543210zyxwvutsrqponmlkjihgfedcba', 'follow one another'],
      ['what an example says', 'changeme-changeme-please-changeme!', 'every example'],
      ['what another says', 'your-secret-key-here-change-this-in-production', 'every example'],
      ['a third', 'super_secret_jwt_token_with_underpin_2026', 'every example'],
      ['a keyboard', 'qwertyuiopasdfghjklzxcvbnm1234567890', 'every example'],
      ['what comes with another server', 'your-super-secret-jwt-token-with-at-least-32-characters-long', 'every example'],
      ['what is to be put there', 'CHANGE_ME_TO_SOMETHING_LONG_AND_RANDOM', 'every example'],
      ['how one is made', 'generate-a-secret-with-openssl-rand-hex-32', 'every example'],
      ['how long it is', 'minimum-32-characters-long-secret-key', 'every example'],
      ['what it should be', 'thisisaverysecretkeythatshouldbechanged', 'every example'],
      ['a password, and again', 'Password123Password1234Secret12345', 'every example'],
    ].map(([name = '', secret = '', says = '']) => [name, { SECRET: secret }, `SECRET .*${says}.*openssl rand -hex 32`, secret] as const),
    ...['postgres', 'password', 'changeme', 'underpin', 'Underpin', 'admin', 'secret', 'mysecretpassword', 'qwerty123', '12345678'].map(
      (secret) =>
        [
          `of Postgres: ${secret}`,
          { DATABASE_URL: `postgres://joe:${secret}@db.example.net/shop` },
          'DATABASE_URL .*openssl',
          `:${secret}@`,
        ] as const,
    ),
    ['of Postgres: the login', { DATABASE_URL: 'postgres://Lagerhaus:lagerhaus@db/shop' }, 'DATABASE_URL', ':lagerhaus'],
    ['of Postgres: the database', { DATABASE_URL: 'postgresql://joe:petshop@db:5433/petshop?sslmode=require' }, 'DATABASE_URL', 'petshop'],
    ['of Postgres: percent-encoded', { DATABASE_URL: 'postgres://joe:%70ostgres@10.0.0.7/shop' }, 'DATABASE_URL', 'ostgres@'],
    ['of Postgres: as a parameter', { DATABASE_URL: 'postgres://joe@db/shop?password=postgres' }, 'DATABASE_URL', '=postgres'],
    [
      'of Postgres: on a host that a parameter names',
      { DATABASE_URL: 'postgres://joe:postgres@localhost/shop?host=db' },
      'DATABASE_URL',
      ':postgres',
    ],
    ['of Redis', { REDIS_URL: 'redis://:redis@redis:6379' }, 'REDIS_URL .*openssl', ':redis@'],
    ['of Redis, by TLS', { REDIS_URL: 'rediss://default:changeme@cache.example.net' }, 'REDIS_URL', 'changeme'],
    ['of S3', s3('minioadmin'), 'S3_SECRET_ACCESS_KEY', 'minioadmin'],
    ['of S3: the name of the key', s3('lagerhaus', 'https://s3.example.net', 'lagerhaus'), 'S3_SECRET_ACCESS_KEY', 'lagerhaus'],
    ['of the first admin', { ADMIN_EMAIL: 'ann@example.com', ADMIN_PASSWORD: 'changeme' }, 'ADMIN_PASSWORD', 'changeme'],
    ...['Passw0rd!', 'underpin1', 'ChangeMe123!', 'adminadmin', 'password1!', 'supersecret'].map(
      (secret) =>
        [`of the first admin: ${secret}`, { ADMIN_EMAIL: 'ann@example.com', ADMIN_PASSWORD: secret }, 'ADMIN_PASSWORD', secret] as const,
    ),
    ['of the first admin: who he is', { ADMIN_EMAIL: 'annemarie@example.com', ADMIN_PASSWORD: 'Annemarie' }, 'ADMIN_PASSWORD', 'Annemarie'],
  ];
  test.each(refused)('%s', (_name, env, names, secret) => {
    for (const given of [env, inFiles(env), { ...env, MODE: 'production' }]) {
      expect(refusal(given)).toMatch(new RegExp(`^ {2}${names}`));
      expect(refusal(given).split('\n')).toHaveLength(1);
      expect(refusal(given)).not.toContain(secret);
    }
    expect(refusal({ ...env, MODE: 'development' })).toBe('');
  });
});

describe('is taken', () => {
  const taken: readonly (readonly [name: string, env: Env])[] = [
    ['a sentence', { SECRET: 'nine grey herons wade past the old mill' }],
    ['a sentence that speaks of a secret', { SECRET: testSecret }],
    ['a word of examples within random text', { SECRET: `underpin-secret-${'f3a9c2e17b60d485aa9371'}` }],
    ['signs more than letters', { SECRET: '$k{2^%)~;&!]"[*#?<>/|=+(}-_.:,@Ab' }],
    ['a random password of Postgres', { DATABASE_URL: 'postgres://underpin:f3a9c2e17b60d485@db/underpin' }],
    ['no password: a certificate says who comes', { DATABASE_URL: 'postgres://underpin@db/underpin?sslmode=verify-full' }],
    ['a simple one on this machine', { DATABASE_URL: 'postgres://postgres:postgres@localhost:5432/postgres' }],
    ['by its address', { DATABASE_URL: 'postgres://postgres:postgres@127.0.1.1/postgres' }],
    ['by its address of IPv6', { DATABASE_URL: 'postgres://postgres:postgres@[::1]:5432/postgres' }],
    ['in a folder of this machine', { DATABASE_URL: 'postgres:///postgres?host=/var/run/postgresql&password=postgres' }],
    ['in a folder, as a name', { DATABASE_URL: 'postgres://postgres:postgres@%2Fvar%2Frun%2Fpostgresql/postgres' }],
    ['Redis on this machine', { REDIS_URL: 'redis://:redis@127.0.0.1:6379' }],
    ['Redis without a password', { REDIS_URL: 'redis://redis:6379' }],
    ['S3 on this machine', s3('minioadmin', 'http://localhost:9000', 'minioadmin')],
    ['S3 of Amazon', { ...s3('wJalrXUtnFEMI/K7MDENG/bPxRfiCY', ''), S3_ENDPOINT: '' }],
    ['a password of the first admin', { ADMIN_EMAIL: 'ann@example.com', ADMIN_PASSWORD: 'correct horse battery staple' }],
  ];
  test.each(taken)('%s', (_name, env) => {
    expect(refusal(env)).toBe('');
    expect(refusal(inFiles(env))).toBe('');
  });

  test.each(['hex', 'base64', 'base64url'] as const)('whatever is random, as %s', (encoding) => {
    const signs = String.fromCharCode(...Array.from({ length: 94 }, (_one, place) => 33 + place));
    for (let turn = 0; turn < 500; turn++) {
      const typed = [...randomBytes(32)].map((byte) => signs[byte % signs.length]).join('');
      expect([typed, refusal({ SECRET: typed })]).toEqual([typed, '']);
      const env = {
        SECRET: randomBytes(32).toString(encoding),
        DATABASE_URL: `postgres://underpin:${randomBytes(12).toString('hex')}@db/underpin`,
      };
      expect(refusal(env)).toBe('');
    }
  });
});

describe('what is shown of settings', () => {
  const env = {
    SECRET: 'nine grey herons wade past the old mill',
    ADMIN_EMAIL: 'ann@example.com',
    ADMIN_PASSWORD: 'hidden-of-admin',
    DATABASE_URL: 'postgres://underpin:hidden-of-p@stgres@db:5432/underpin?sslpassword=hidden-of-key&application_name=u',
    REDIS_URL: 'rediss://:hidden-of-redis@redis:6380/1',
    SMTP_URL: 'smtp://ann%40example.com:hidden%2Dof-smtp@mail.example.com:587',
    PUBLIC_URL: 'https://visitor:hidden-of-page@app.example.com',
    ...s3('hidden-of-s3', 'http://proxy:hidden-of-proxy@minio:9000'),
  };
  const seen = {
    SECRET: '••••',
    ADMIN_EMAIL: 'ann@example.com',
    ADMIN_PASSWORD: '••••',
    DATABASE_URL: 'postgres://underpin:••••@db:5432/underpin?sslpassword=••••&application_name=u',
    REDIS_URL: 'rediss://:••••@redis:6380/1',
    SMTP_URL: 'smtp://ann%40example.com:••••@mail.example.com:587',
    PUBLIC_URL: 'https://visitor:••••@app.example.com',
    S3_BUCKET: 'files',
    S3_ENDPOINT: 'http://proxy:••••@minio:9000',
    S3_ACCESS_KEY_ID: 'AKIA7Q2V',
    S3_SECRET_ACCESS_KEY: '••••',
  };
  test.each([
    ['the environment', () => env, () => 'environment'],
    ['files', () => inFiles(env), (name: string) => `file ${join(folder, name.toLowerCase())}`],
  ] as const)('from %s', (_name, given, source) => {
    const { settings: rows } = JSON.parse(showConfig(given(), true));
    for (const [name, value] of Object.entries(seen))
      expect(rows).toContainEqual(expect.objectContaining({ name, value, source: source(name) }));
    expect(rows).toContainEqual({ name: 'PORT', value: 8700, source: 'default', about: settings.PORT.about });
    expect(rows).toContainEqual(expect.objectContaining({ name: 'HOST', value: null, source: 'default' }));
    for (const asJson of [true, false]) expect(showConfig(given(), asJson)).not.toMatch(/hidden|stgres@|herons/);
  });

  test.each([
    ['postgres://u:correct horse battery@db/x', 'postgres://u:••••@db/x'],
    ['postgres://u:pa:ss@w@rd@db:5432/x?sslmode=require', 'postgres://u:••••@db:5432/x?sslmode=require'],
    ['postgres://u:tab\tand more@db/x', 'postgres://u:••••@db/x'],
    ['postgres://db/x', 'postgres://db/x'],
    ['postgres://u@db/x', 'postgres://u@db/x'],
  ])('%s is shown as %s', (value, seenAs) => {
    const { settings: rows } = JSON.parse(showConfig({ DATABASE_URL: value }, true));
    expect(rows).toContainEqual(expect.objectContaining({ name: 'DATABASE_URL', value: seenAs }));
    const { config } = parseConfig({ DATABASE_URL: value });
    const written = /:([^/]*)@/.exec(value.slice(11))?.[1];
    if (written !== undefined) expect(withoutSecrets(`no way to ${value}: ${written}`, config)).not.toContain(written);
  });

  test.each(['postgres://u:12#34secret@db/x', 'smtp://u:12/34secret@mail:587', 'redis://u:12#b@redis'])(
    '%s is not taken for another host',
    (value) => {
      const name = value.startsWith('smtp') ? 'SMTP_URL' : value.startsWith('redis') ? 'REDIS_URL' : 'DATABASE_URL';
      expect(refusal({ [name]: value })).toMatch(new RegExp(`^ {2}${name} has a password that is cut off: .*%23`));
      expect(refusal({ [name]: value })).not.toMatch(/secret|12/);
    },
  );

  test('an empty one is absent, also beside the file that holds it', () => {
    const files = inFiles({ SMTP_URL: env.SMTP_URL });
    expect(parseConfig({ ...files, SMTP_URL: '', MAIL_FROM: '' }).config).toEqual(parseConfig({ SMTP_URL: env.SMTP_URL }).config);
    const { settings: rows } = JSON.parse(showConfig({ ...files, SMTP_URL: '', MAIL_FROM: '' }, true));
    expect(rows).toContainEqual(expect.objectContaining({ name: 'MAIL_FROM', value: null, source: 'default' }));
    expect(rows).toContainEqual(expect.objectContaining({ name: 'SMTP_URL', source: files['SMTP_URL_FILE']?.replace(/^/, 'file ') }));
    expect(() => parseConfig({ ...files, SMTP_URL: env.SMTP_URL })).toThrow('SMTP_URL and SMTP_URL_FILE are both set');
  });

  test('every one whose name says that it holds a secret is known to', () => {
    const holds = /(SECRET|PASSWORD|TOKEN|_KEY|_URL)$/;
    const open = Object.entries(settings).filter(([name, setting]) => holds.test(name) && !('secret' in setting));
    expect(open.map(([name]) => name)).toEqual([]);
    expect(Object.keys(settings).filter((name) => holds.test(name)).length).toBeGreaterThan(6);
  });

  test('what others say of them is told without them', () => {
    const { config } = parseConfig(env);
    const said = `no login for hidden-of-smtp, hidden%2Dof-smtp or ${env.SECRET} at ${env.DATABASE_URL}: https://a:b@c and hidden-of-s3, hidden-of-redis`;
    expect(withoutSecrets(said, config)).not.toMatch(/hidden|herons|stgres@|:b@/);
    expect(withoutSecrets('connect ECONNREFUSED 127.0.0.1:9', config)).toBe('connect ECONNREFUSED 127.0.0.1:9');
  });
});
