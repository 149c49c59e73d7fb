/** A mail server of a suite's own, on a free port, that keeps what it was given and can be away for a while. */
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { freePort } from './process.ts';

export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
  readonly messageId: string;
}
export interface TestSmtp {
  readonly url: string;
  /** In the order in which they came. */
  readonly mails: readonly Mail[];
  /** What it says to the next mails instead of taking them, by address; `undefined` takes. */
  refuse: (to: string) => { readonly code: number; readonly words: string } | undefined;
  /** The mails to an address, once there are so many. */
  to(address: string, count?: number): Promise<readonly Mail[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const user = 'underpin';
const pass = 'a password with / and @';

export async function startSmtp(): Promise<TestSmtp> {
  const port = await freePort();
  const mails: Mail[] = [];
  let server: SMTPServer | undefined;
  const smtp: TestSmtp = {
    url: `smtp://${user}:${encodeURIComponent(pass)}@127.0.0.1:${port}`,
    mails,
    refuse: () => undefined,
    to: async (address, count = 1) => {
      const end = Date.now() + 20_000;
      for (;;) {
        const found = mails.filter(({ to }) => to === address);
        if (found.length >= count) return found;
        if (Date.now() > end) throw new Error(`${found.length} of ${count} mails to ${address} came`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    start: async () => {
      const made = new SMTPServer({
        disabledCommands: ['STARTTLS'],
        allowInsecureAuth: true,
        onAuth: (auth, _session, done) =>
          auth.username === user && auth.password === pass ? done(null, { user }) : done(new Error('no such user')),
        onRcptTo: ({ address }, _session, done) => {
          const no = smtp.refuse(address);
          done(no && Object.assign(new Error(no.words), { responseCode: no.code }));
        },
        onData: (stream, session, done) => {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            PostalMime.parse(Buffer.concat(chunks)).then((parsed) => {
              mails.push({
                from: parsed.from?.address ?? '',
                to: session.envelope.rcptTo[0]?.address ?? '',
                subject: parsed.subject ?? '',
                text: parsed.text ?? '',
                html: parsed.html,
                messageId: parsed.messageId ?? '',
              });
              done(null, 'taken with thanks');
            }, done);
          });
        },
      });
      made.on('error', () => undefined);
      await new Promise<void>((resolve) => made.listen(port, '127.0.0.1', () => resolve()));
      server = made;
    },
    stop: () => new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))),
  };
  await smtp.start();
  return smtp;
}
