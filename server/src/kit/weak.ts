/**
 * Secrets that anybody would try, refused where others can try them.
 *
 * Worry: an example is copied with its `changeme`, and works; whoever scans the net for it signs his own tokens, or is in the database.
 * Decision: what stands in examples and in lists of leaked passwords, or is no random text by its look, stops the start. A password of
 * a server on this machine alone is its owner's business, and so is everything in development. Why it is enough: it need not find
 * every weak one, only those that are tried first; what `openssl rand -hex 32` makes is never refused.
 */
import { commonPasswords } from './common-passwords.ts';
import { isWithin, networksOf } from './networks.ts';
import { decoded } from './urls.ts';

type Texts = Readonly<Record<string, string | undefined>>;

const make = 'make one by: openssl rand -hex 32';

/** What is wrong with secrets among the settings, without telling them. */
export function weakSecrets(texts: Texts): readonly string[] {
  const { SECRET, ADMIN_PASSWORD, ADMIN_EMAIL, S3_SECRET_ACCESS_KEY, S3_ACCESS_KEY_ID, S3_ENDPOINT } = texts;
  const wrong = SECRET === undefined ? undefined : weaknessOf(SECRET);
  const isEasy = ADMIN_PASSWORD !== undefined && isTriedFirst(ADMIN_PASSWORD, [ADMIN_EMAIL, ADMIN_EMAIL?.split('@')[0]]);
  return [
    ...(wrong === undefined ? [] : [`SECRET ${wrong}; ${make}`]),
    ...(isEasy ? ['ADMIN_PASSWORD is one of those that are tried first; choose another'] : []),
    ...['DATABASE_URL', 'REDIS_URL']
      .filter((name) => hasEasyPassword(texts[name]))
      .map((name) => `${name} holds a password that is tried first; give the login another one, and ${make}`),
    ...(S3_SECRET_ACCESS_KEY !== undefined && !isHere(S3_ENDPOINT) && isTriedFirst(S3_SECRET_ACCESS_KEY, [S3_ACCESS_KEY_ID])
      ? [`S3_SECRET_ACCESS_KEY is one of those that are tried first; give the key another one, and ${make}`]
      : []),
  ];
}

/** Why a text is no secret to derive keys from, or undefined where nothing speaks against it. Its length was looked at before. */
function weaknessOf(secret: string): string | undefined {
  const text = secret.toLowerCase();
  if (new Set(text).size < leastDifferent) return `has fewer than ${leastDifferent} different characters`;
  if (repeats(text)) return 'is the same text over and over';
  if (goesOn(text)) return 'is a row of characters as they follow one another';
  const own = text.replace(exampleWords, '').replace(shortWords, '');
  if (own !== text && own.replace(/[\s_-]/g, '').length < leastOwn) return 'is made of words that stand in every example';
  return undefined;
}

/** 32 hexadecimal digits by chance have fewer once in twenty million. */
const leastDifferent = 8;
/** What has to be left without the words of examples: a sentence may speak of a secret. */
const leastOwn = 16;
const exampleWords =
  /change[-_ ]?(?:this|me|it)|changed?|should|super|secure|secrets?|pass(?:word|phrase|wd)?|underpin|example|default|replace|please|random|strings?|characters|chars|minimum|least|length|long|insert|something|here|with|this|that|your|very|token|value|generated?|openssl|base64|rand|hex|admin|test|jwt|key|my|in|production|development|django|insecure|qwertyuiop|asdfghjkl|zxcvbnm|1234567890|0123456789|12345678/g;
/** Only where they stand alone. */
const shortWords = /(?<![a-z0-9])(?:a|an|and|any|at|be|by|do|for|is|it|not|of|on|or|the|to|use|16|32|64|128|256)(?![a-z0-9])/g;

/** At least twice the same. */
function repeats(text: string): boolean {
  for (let period = 1; period * 2 <= text.length; period++) if (text.startsWith(text.slice(period))) return true;
  return false;
}

/** As `abcdef…`, `99887766…`: of random digits a sixth are so near to the one before, and never two thirds. */
function goesOn(text: string): boolean {
  let near = 0;
  for (let place = 1; place < text.length; place++) if (Math.abs(text.charCodeAt(place) - text.charCodeAt(place - 1)) <= 1) near++;
  return near * 3 >= (text.length - 1) * 2;
}

/** What images and guides of servers begin with, and what is shorter than a password of ours may be. */
const alsoTried = new Set(
  `postgres postgresql mysecretpassword redis redispass foobared minio minioadmin minio123 minio_secret miniosecret rustfsadmin admin adminadmin root toor secret secret1 supersecret
pass passwd password test guest user default docker example underpin changeit change-me change_me changeme letmein welcome qwerty login abc123 123 1234 12345 123456 1234567 111111
000000 database`.split(/\s+/),
);

function isTriedFirst(password: string, names: readonly (string | undefined)[]): boolean {
  const text = password.toLowerCase();
  // `Passw0rd!`, `changeme123`.
  const plain = text.replace(/[\d\W_]+$/, '').replace(/[0134@5$]/g, (one) => 'oieaass'['0134@5$'.indexOf(one)] ?? '');
  return (
    commonPasswords.has(text) ||
    alsoTried.has(text) ||
    alsoTried.has(plain) ||
    names.some((name) => name !== undefined && name !== '' && name.toLowerCase() === text)
  );
}

/** Of a URL; one without any is not judged: then something else says who comes, as a certificate. */
function hasEasyPassword(text: string | undefined): boolean {
  if (text === undefined || isHere(text)) return false;
  const url = new URL(text);
  const password = decoded(url.searchParams.get('password') ?? url.password);
  return password !== '' && isTriedFirst(password, [decoded(url.username), decoded(url.pathname.slice(1))]);
}

const loopback = networksOf(['127.0.0.0/8', '::1/128']);

/** Whether a URL leads to this very machine, over its own network or a socket in a folder. */
function isHere(text: string | undefined): boolean {
  if (text === undefined) return false;
  const url = new URL(text);
  const host = decoded(url.searchParams.get('host') ?? url.hostname).replace(/^\[|\]$/g, '');
  return host === '' || host === 'localhost' || host.startsWith('/') || isWithin(loopback, host);
}
