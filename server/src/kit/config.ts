/**
 * The environment, parsed once at start and frozen; nobody else reads process.env (a house test holds that).
 * Each name may also come as NAME_FILE, a file that holds the value. A value that does not fit is refused with
 * the allowed ones; a name that looks like a misspelt one of ours is warned about.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { misspelt } from './misspelt.ts';
import { network } from './networks.ts';
import { weakSecrets } from './weak.ts';

const switched = z.enum(['on', 'off'], { error: 'must be on or off' });
const onOff = (fallback: 'on' | 'off') => switched.default(fallback).transform((value) => value === 'on');
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `must be a whole number from ${min} to ${max}` });
const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    })
    // A password with one of these signs ends there, and what is left of it is read as a path.
    .refine((value) => !URL.canParse(value) || !/@/.test(new URL(value).pathname + new URL(value).hash), {
      error: 'has a password that is cut off: write / ? # and % in it as %2F %3F %23 and %25',
    });
const list = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

interface Setting {
  readonly schema: z.ZodType;
  /** One sentence on what it does (docs/reference/config.md). */
  readonly about: string;
  /** Never shown: all of it, or of a URL the password. */
  readonly secret?: 'all' | 'password';
}

/** The table of settings: name → how its text is read, and what else there is to know of it. */
export const settings = {
  PORT: { schema: wholeNumber(0, 65_535).default(8700), about: 'TCP port of the HTTP server; 0 takes a free one.' },
  HOST: { schema: z.string().min(1).optional(), about: 'Address to listen on; absent: all of them.' },
  PUBLIC_URL: {
    schema: url(['http:', 'https:'])
      .transform((value) => value.replace(/\/+$/, ''))
      .optional(),
    about: 'The URL by which users reach this server; absent: http://localhost:PORT.',
    secret: 'password',
  },
  DATA_DIR: {
    schema: z
      .string()
      .min(1)
      .default('./data')
      .transform((value) => resolve(value)),
    about: 'Folder for the embedded Postgres and the secrets made at first start.',
  },
  DATABASE_URL: {
    schema: url(['postgres:', 'postgresql:']).optional(),
    about: 'A Postgres (15 or newer) of your own; absent: the embedded one.',
    secret: 'password',
  },
  REDIS_URL: {
    schema: url(['redis:', 'rediss:']).optional(),
    about: 'A Redis for the job queues, with appendonly yes and noeviction; absent: they are in Postgres.',
    secret: 'password',
  },
  ROLE: {
    schema: z.enum(['all', 'web', 'worker'], { error: 'must be all, web or worker' }).default('all'),
    about: 'What this process does: answer requests, do jobs, or both.',
  },
  JOBS_LOCK: {
    schema: wholeNumber(1, 3_600).default(30),
    about: 'Seconds for which a worker holds a job without a sign of life, before another may take it.',
  },
  JOBS_STALLED: {
    schema: wholeNumber(1, 3_600).default(30),
    about: 'Seconds between looks for jobs whose worker is gone.',
  },
  SECRET: {
    schema: z
      .string()
      .min(32, { error: 'must have at least 32 characters' })
      .max(4096, { error: 'must have at most 4096 characters' })
      .optional(),
    about: 'The secret from which keys are derived; absent: made once and kept in DATA_DIR.',
    secret: 'all',
  },
  ADMIN_EMAIL: {
    schema: z.email({ error: 'must be an e-mail address' }).optional(),
    about: 'With ADMIN_PASSWORD: the first admin, made at the first start instead of the setup link.',
  },
  ADMIN_PASSWORD: {
    schema: z.string().min(8, { error: 'must have at least 8 characters' }).optional(),
    about: 'Password of that first admin.',
    secret: 'all',
  },
  STORAGE: {
    schema: z.enum(['local', 's3'], { error: 'must be local or s3' }).default('local'),
    about: 'Where the bytes of files lie: in DATA_DIR, or in a bucket.',
  },
  S3_ENDPOINT: { schema: url(['http:', 'https:']).optional(), about: 'The S3 server; absent: that of Amazon.', secret: 'password' },
  S3_REGION: { schema: z.string().min(1).default('us-east-1'), about: 'The bucket’s region.' },
  S3_BUCKET: { schema: z.string().min(3).optional(), about: 'The bucket, which is there already and holds nothing else.' },
  S3_ACCESS_KEY_ID: { schema: z.string().min(1).optional(), about: 'Who reads and writes in the bucket.' },
  S3_SECRET_ACCESS_KEY: { schema: z.string().min(1).optional(), about: 'The secret of that key.', secret: 'all' },
  OUTBOUND_ALLOW_CIDR: {
    schema: list.pipe(z.array(network)),
    about: 'Comma-separated networks that are not public and may be asked all the same, where the server fetches what it is told to.',
  },
  SMTP_URL: {
    schema: url(['smtp:', 'smtps:']).optional(),
    about: 'The mail server, as smtp://user:password@host:587; absent: mails stay in the outbox for admins to read.',
    secret: 'password',
  },
  MAIL_FROM: {
    schema: z
      .string()
      .regex(/^([^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, { error: 'must be as a@example.com or Name <a@example.com>' })
      .optional(),
    about: 'Whom mails are from, as Name <a@example.com>; absent: no-reply@ the host of PUBLIC_URL.',
  },
  CORS_ORIGINS: { schema: list, about: 'Comma-separated origins of browser apps that may call the API; none unless listed.' },
  TRUST_PROXY: {
    schema: wholeNumber(0, 10).default(0),
    about: 'How many proxies in front are trusted to say the client’s address (X-Forwarded-For).',
  },
  RATE_LIMITS: { schema: onOff('on'), about: 'Rate and concurrency limits; off is for benchmarks.' },
  INSECURE_COOKIES: {
    schema: onOff('off'),
    about: 'Allow the dashboard’s session cookie over plain http from other hosts than localhost.',
  },
  API_DOCS: {
    schema: switched.transform((value) => value === 'on').optional(),
    about: 'The API reference at /docs, to read and to try out; absent: on in development, off in production.',
  },
  LOG_LEVEL: {
    schema: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        error: 'must be trace, debug, info, warn, error, fatal or silent',
      })
      .default('info'),
    about: 'The least level that is logged.',
  },
  MODE: {
    schema: z.enum(['development', 'production'], { error: 'must be development or production' }).default('production'),
    about: 'development allows conveniences that a public server must not have.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

type Settings = typeof settings;
export type SettingName = keyof Settings;
export type Config = { readonly [Name in SettingName]: z.infer<Settings[Name]['schema']> };

/** The URL by which users reach this server: what links begin with, whatever a request says of its host. */
export const publicUrl = ({ PUBLIC_URL, PORT }: Config): string => PUBLIC_URL ?? `http://localhost:${PORT}`;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all of it. Throws ConfigError naming every setting that does not fit. */
export function parseConfig(env: Environment): { config: Config; warnings: string[] } {
  const problems: string[] = [];
  const texts: Record<string, string> = {};
  for (const name of Object.keys(settings)) {
    const { text, file } = givenTo(name, env);
    if (file !== undefined && text !== undefined) problems.push(`${name} and ${name}_FILE are both set; set one`);
    const value = file === undefined ? text : readSecretFile(name, file, problems);
    if (value !== undefined && value !== '') texts[name] = value;
  }
  const shape = z.object(Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema])));
  const parsed = shape.safeParse(texts);
  if (!parsed.success) for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')} ${issue.message}`);
  if ((texts['ADMIN_EMAIL'] === undefined) !== (texts['ADMIN_PASSWORD'] === undefined))
    problems.push('ADMIN_EMAIL and ADMIN_PASSWORD go together');
  if (texts['STORAGE'] === 's3')
    for (const name of ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'])
      if (texts[name] === undefined) problems.push(`STORAGE is s3, and ${name} is not set`);
  if (parsed.success && texts['MODE'] !== 'development') problems.push(...weakSecrets(texts));
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems.map((problem) => `  ${problem}`).join('\n'));
  // cast: the object schema above is built from the same table that the type is built from.
  return { config: Object.freeze(parsed.data as Config), warnings: misspelt(env, Object.keys(settings)) };
}

/** What the environment says of a setting: its text, or the file that holds it. Empty is absent. */
export const givenTo = (name: string, env: Environment): { readonly text: string | undefined; readonly file: string | undefined } => ({
  text: env[name] === '' ? undefined : env[name],
  file: env[`${name}_FILE`] === '' ? undefined : env[`${name}_FILE`],
});

function readSecretFile(name: string, file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    problems.push(`${name}_FILE names a file that cannot be read: ${file}`);
    return undefined;
  }
}
