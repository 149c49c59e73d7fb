/** The way from outside to this server: whether PUBLIC_URL leads here, and what the proxies on it say of who asks. */
import { z } from 'zod';
import { publicUrl, type Config } from '../../kit/config.ts';
import { fine, mend, note, type Finding } from '../../kit/finding.ts';
import { proofHeader, proofOf } from '../../kit/proof.ts';
import { secretIfAny } from '../../kit/secret.ts';
import { reasonOf, unreached } from './look.ts';

const about = 'public url';
const wait = 4_000;
const late = new Error('there is no answer');

export async function aboutPublicUrl(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const { PUBLIC_URL: url } = config;
  if (url === undefined) return [note(about, `PUBLIC_URL is not set: links in mails lead to ${publicUrl(config)}`)];
  return [...aboutSchemes(new URL(url), config), await whoAnswers(url, config, signal)];
}

const isLocal = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost') || /^(127\.[\d.]+|\[::1\])$/.test(host);

function aboutSchemes({ protocol, hostname }: URL, { INSECURE_COOKIES }: Config): readonly Finding[] {
  const withTls = protocol === 'https:';
  if (withTls && INSECURE_COOKIES)
    return [note(about, 'INSECURE_COOKIES is on although PUBLIC_URL has https; leave it out, so that no session goes without TLS')];
  if (withTls || isLocal(hostname)) return [];
  const more = INSECURE_COOKIES
    ? 'whoever listens on the network can take the session of the dashboard'
    : 'the dashboard keeps no session so, unless INSECURE_COOKIES is on';
  return [note(about, `PUBLIC_URL is without TLS: ${more}`)];
}

/** With a clock of its own: one made by AbortSignal.any() may be collected before it rings. */
async function ask(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(late), wait);
  signal.addEventListener('abort', () => ending.abort(), { once: true });
  return fetch(url, { headers, redirect: 'manual', signal: ending.signal }).finally(() => clearTimeout(timer));
}

async function whoAnswers(url: string, config: Config, signal: AbortSignal): Promise<Finding> {
  try {
    const answer = await ask(`${url}/health/live`, signal);
    const to = answer.headers.get('location');
    if (answer.status === 200 && isLive(await bodyOf(answer))) return fine(about, `Underpin answers at ${url}`);
    if (answer.status >= 300 && answer.status < 400 && to !== null)
      return mend(about, `${url} leads on to ${reasonOf({ message: to }, config)}`, 'Set PUBLIC_URL to where users end up');
    return mend(
      about,
      `What answers at ${url} is not Underpin: status ${answer.status}`,
      'Look at PUBLIC_URL, and at where the proxy there leads',
    );
  } catch (error) {
    const why = unreached(error, new URL(url).host) ?? (error === late ? `${url} does not answer` : reasonOf(error, config));
    return note(about, `PUBLIC_URL cannot be reached from here: ${why}; see whether it can from elsewhere`);
  }
}

const bodyOf = (answer: Response): Promise<unknown> => answer.json().catch(() => undefined);
const isLive = (body: unknown): boolean => z.object({ status: z.literal('live') }).safeParse(body).success;
const seenThere = z.object({ forwardedFor: z.number(), proto: z.string().nullable(), address: z.string() });
type Seen = z.infer<typeof seenThere>;

export async function aboutProxy(config: Config, signal: AbortSignal, now: () => number = Date.now): Promise<readonly Finding[]> {
  const { PUBLIC_URL: url } = config;
  const unknown = (why: string): readonly Finding[] => [note('proxy', `Whether TRUST_PROXY is right cannot be told: ${why}`)];
  if (url === undefined) return unknown('PUBLIC_URL is not set');
  const secret = secretIfAny(config);
  if (secret === undefined) return unknown('we do not have the secret of the server');
  try {
    const answer = await ask(`${url}/health/proxy`, signal, { [proofHeader]: proofOf(secret, now()) });
    const seen = seenThere.safeParse(await bodyOf(answer));
    if (!seen.success) return unknown('what answers at PUBLIC_URL does not know our secret, or its clock is off by a minute');
    return [forwardedBy(seen.data, config.TRUST_PROXY), ...protocolBy(seen.data, url, config.TRUST_PROXY)];
  } catch {
    return unknown('PUBLIC_URL cannot be reached from here');
  }
}

function forwardedBy({ forwardedFor: there, address }: Seen, trusted: number): Finding {
  const proxies = there === 1 ? '1 proxy in front says' : `${there} proxies in front say`;
  const set = `Set TRUST_PROXY=${there}`;
  if (there > trusted)
    return mend('proxy', `${proxies} who is asking, and TRUST_PROXY is ${trusted}: all users share one address, and its rate limits`, set);
  if (there < trusted)
    return mend(
      'proxy',
      `TRUST_PROXY is ${trusted}, and ${there === 0 ? 'no proxy says' : proxies} who is asking: whoever asks can say that he has any address`,
      set,
    );
  return fine(
    'proxy',
    there === 0
      ? `No proxy is in front; we are ${address} there`
      : `${proxies} who is asking, as TRUST_PROXY has it; we are ${address} there`,
  );
}

function protocolBy({ proto }: Seen, url: string, trusted: number): readonly Finding[] {
  if (!url.startsWith('https:') || (trusted > 0 && proto?.split(',', 1)[0]?.trim() === 'https')) return [];
  const said = proto === null ? 'nobody tells the server' : `the server is told "${proto}"${trusted === 0 ? ', and believes nobody' : ''}`;
  return [mend('proxy', `PUBLIC_URL has https, and ${said}`, 'Have the proxy send X-Forwarded-Proto: https, and TRUST_PROXY count it')];
}
