/**
 * Fetches what somebody told us to fetch.
 *
 * Worry: a server that fetches any URL is a way into the network that it stands in: to the metadata of the cloud, to databases, to
 * itself. A name may mean a public address when it is checked and another one when it is asked. Decision: the addresses of a name are
 * looked up once, each must be public (or allowed by the operator), and the connection goes to just these; an address that stands
 * in the URL itself is judged the same; a redirection is a URL like the first. Why it is enough: nothing is connected to that was not
 * judged, whatever a name means the moment after.
 */
import { lookup } from 'node:dns/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type BlockList, type LookupFunction } from 'node:net';
import { limits } from './limits.ts';
import { isWithin, networksOf } from './networks.ts';

/** What is not of the public internet (IANA's registries of special-purpose addresses). */
const special = networksOf([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]);
/** Of IPv6 only 2000::/3 is given out; in it these are special. */
const given = networksOf(['2000::/3']);
const special6 = networksOf(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

export function isPublic(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPublic(mapped);
  if (isIP(address) === 4) return !isWithin(special, address);
  return isIP(address) === 6 && isWithin(given, address) && !isWithin(special6, address);
}

/** Why something was not fetched, in words for whoever asked. */
export class OutboundError extends Error {}

export interface Fetched {
  readonly body: IncomingMessage;
  readonly url: URL;
}

/** The body of a GET that was answered with 200. `allowed`: networks besides the public ones. */
export async function fetchOutbound(address: string, allowed: readonly string[], signal: AbortSignal): Promise<Fetched> {
  const mayAsk = judge(networksOf(allowed));
  let url = urlOf(address);
  for (let hops = 0; hops <= limits.outbound.redirects; hops++) {
    const response = await ask(url, mayAsk, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return { body: response, url };
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined)
      throw new OutboundError(`it was answered with status ${statusCode}`);
    url = urlOf(headers.location, url);
  }
  throw new OutboundError('it was redirected too often');
}

function urlOf(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw new OutboundError('it is no URL');
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutboundError('it must begin with http:// or https://');
  if (url.username !== '' || url.password !== '') throw new OutboundError('it must hold no password');
  return url;
}

const judge =
  (allowed: BlockList) =>
  (address: string): boolean =>
    isPublic(address) || isWithin(allowed, address);

function ask(url: URL, mayAsk: (address: string) => boolean, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayAsk(host)) throw new OutboundError('it is not on the public internet');
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      agent: false,
      lookup: judgedLookup(mayAsk),
      signal,
      headers: { Accept: '*/*', 'User-Agent': 'Underpin' },
    });
    const connecting = setTimeout(() => request.destroy(new OutboundError('it could not be reached in time')), limits.outbound.connect);
    request.once('socket', (socket) => socket.once('connect', () => clearTimeout(connecting)));
    request.setTimeout(limits.outbound.silence, () => request.destroy(new OutboundError('it was silent for too long')));
    request.once('error', (error) => {
      clearTimeout(connecting);
      reject(error instanceof OutboundError ? error : new OutboundError('it could not be reached', { cause: error }));
    });
    request.once('response', resolve);
    request.end();
  });
}

/** Gives the connection only addresses that were judged. */
const judgedLookup =
  (mayAsk: (address: string) => boolean): LookupFunction =>
  (name, _options, give) => {
    lookup(name, { all: true }).then(
      (found) => {
        if (found.length === 0 || !found.every(({ address }) => mayAsk(address)))
          give(new OutboundError('it is not on the public internet'), []);
        else give(null, found);
      },
      (error: unknown) => give(new OutboundError('there is no such host', { cause: error }), []),
    );
  };
