/**
 * Who asks for another protocol. Sockets are opened at `/realtime`; everywhere else the wish is passed over and the request answered, as
 * HTTP asks for (RFC 9110, 7.8): some clients wish for HTTP/2 with each request.
 *
 * Worry: with somebody who listens for upgrades, Node gives him every request that has the header, and nobody answers those that are not
 * his. Decision: Node is told which are, where it takes that (24.9 and newer). An older one has let go of the request by then: it is
 * answered all the same, on a connection that ends with it, but what came as a body cannot be had any more, and that is said.
 */
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';

/** As realtime/doors/sockets.ts listens. */
export const isForSockets = ({ url }: IncomingMessage): boolean => url?.startsWith('/realtime') === true;

const unreadable = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Answers requests that Node took for upgrades. */
export function answerOthers(server: Server): void {
  server.on('upgrade', (request, socket) => {
    if (isForSockets(request)) return;
    socket.on('error', () => socket.destroy());
    const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
    if (!(socket instanceof Socket) || length !== '0' || coding !== undefined) {
      socket.end(unreadable);
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    server.emit('request', request, response);
  });
}
