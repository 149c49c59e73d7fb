/** A fetch that tells how much has been sent, where there is XMLHttpRequest, which alone knows. */

/** A request that takes longer than ten minutes is tried again; parts are small enough to be through by then. */
export const longestRequestMs = 600_000;
/** A way on which nothing moves for a minute is given up: browsers notice late that a network is gone. */
const longestSilenceMs = 60_000;

const withoutBody = [204, 205, 304];

export function fetchTelling(tell: (sent: number) => void): typeof fetch | undefined {
  if (typeof XMLHttpRequest === 'undefined') return undefined;
  return (url, { method = 'GET', headers, body, credentials, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let silence: ReturnType<typeof setTimeout> | undefined;
      const stop = (): void => request.abort();
      const hear = (): void => {
        clearTimeout(silence);
        silence = setTimeout(stop, longestSilenceMs);
      };
      request.open(method, String(url));
      request.withCredentials = credentials === 'include';
      new Headers(headers).forEach((value, name) => request.setRequestHeader(name, value));
      request.upload.onprogress = ({ loaded }) => {
        hear();
        tell(loaded);
      };
      request.onload = () =>
        resolve(
          new Response(withoutBody.includes(request.status) ? null : request.responseText, {
            status: request.status,
            headers: headersOf(request),
          }),
        );
      request.onerror = () => reject(new TypeError('The network failed'));
      request.onabort = () => reject(new TypeError('The request was given up'));
      request.onloadend = () => {
        clearTimeout(silence);
        signal?.removeEventListener('abort', stop);
      };
      signal?.addEventListener('abort', stop);
      hear();
      request.send(body instanceof Blob ? body : null);
    });
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return headers;
}
