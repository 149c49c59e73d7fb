/** E-mail, through the server that SMTP_URL names. A connection for each mail: nothing is left open between them. */
import { createTransport } from 'nodemailer';
import { publicUrl, type Config } from '../kit/config.ts';
import { limits } from '../kit/limits.ts';
import { Undeliverable, type Channel } from './channel.ts';

const hostOf = (config: Config): string => new URL(publicUrl(config)).hostname;
export const senderOf = (config: Config): string => config.MAIL_FROM ?? `no-reply@${hostOf(config)}`;

/** The way to the mail server; whoever asked for it closes it. `patience`: ms for each step. */
export const mailServer = (url: string, patience: number = limits.messages.server) =>
  createTransport({
    url,
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    dnsTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

export const email: Channel = {
  name: 'email',
  isReady: ({ SMTP_URL }) => SMTP_URL !== undefined,
  send: async (config, { id, to, subject, text, html }) => {
    if (config.SMTP_URL === undefined) throw new Error('SMTP_URL is not set');
    const transport = mailServer(config.SMTP_URL);
    try {
      const { response } = await transport.sendMail({
        from: senderOf(config),
        to: { name: '', address: to },
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        // A mail that is sent twice, since the first time was not heard of, can be known by it.
        messageId: `<${id}@${hostOf(config)}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
      return response;
    } catch (error) {
      throw isFinal(error) ? new Undeliverable(error instanceof Error ? error.message : String(error), { cause: error }) : error;
    } finally {
      transport.close();
    }
  },
};

/** The server said 5xx to the address or to the mail; to who we are it may say something else tomorrow. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('responseCode' in error)) return false;
  return (error.code === 'EENVELOPE' || error.code === 'EMESSAGE') && Number(error.responseCode) >= 500;
}
