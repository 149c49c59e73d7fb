/** A way to a server that can be cut: what passes is counted, and who comes while it is closed finds nobody. */
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** Sockets that were asked for, of all time. */
  readonly sockets: number;
  /** Sockets that are open now. */
  readonly open: number;
  /** Bytes that the server sent through sockets. */
  readonly bytes: number;
  /** Ends all that is open; until `mend`, what comes is ended at once. */
  cut(): void;
  mend(): void;
  /** Cuts once, when so many bytes more have been sent to the server, by whatever connection. */
  cutUpload(bytes: number): Promise<void>;
  /** Cuts once, when sockets have been sent so many bytes more. */
  cutAfter(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<Proxy> {
  const { port } = new URL(target);
  const state = { sockets: 0, open: 0, bytes: 0, isCut: false, left: Infinity, up: Infinity };
  let broken = (): void => undefined;
  let brokenUpload = (): void => undefined;
  const all = new Set<Socket>();
  const endAll = (): void => all.forEach((one) => one.destroy());
  const server = createServer((near) => {
    if (state.isCut) return void near.destroy();
    const far = connect(Number(port), '127.0.0.1');
    let isSocket = false;
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      all.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        all.delete(one);
        other.destroy();
      });
    }
    near.on('data', (data) => {
      if (!isSocket && data.includes('pgrade: websocket')) {
        isSocket = true;
        state.sockets += 1;
        state.open += 1;
        near.once('close', () => (state.open -= 1));
      }
      state.up -= data.length;
      if (state.up <= 0) {
        state.up = Infinity;
        // What was written so far is on its way.
        far.end(data);
        near.destroy();
        return brokenUpload();
      }
      far.write(data);
    });
    far.on('data', (data) => {
      if (isSocket) {
        state.bytes += data.length;
        state.left -= data.length;
        if (state.left <= 0) {
          state.left = Infinity;
          endAll();
          return broken();
        }
      }
      near.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return {
    url,
    get sockets() {
      return state.sockets;
    },
    get open() {
      return state.open;
    },
    get bytes() {
      return state.bytes;
    },
    cut: () => {
      state.isCut = true;
      endAll();
    },
    mend: () => void (state.isCut = false),
    cutUpload: (bytes) => {
      state.up = bytes;
      return new Promise((resolve) => (brokenUpload = resolve));
    },
    cutAfter: (bytes) => {
      state.left = bytes;
      return new Promise((resolve) => (broken = resolve));
    },
    close: async () => {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
