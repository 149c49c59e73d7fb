/** The mail server: whether it lets us in. No mail is sent. */
import type { Config } from '../../kit/config.ts';
import { fine, mend, note, type Finding } from '../../kit/finding.ts';
import { mailServer, senderOf } from '../../messages/email.ts';
import { codeOf, reasonOf, unreached } from './look.ts';

const about = 'mail';

export async function aboutMail(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const { SMTP_URL: url, MAIL_FROM } = config;
  if (url === undefined) return [note(about, 'SMTP_URL is not set: mails stay in the outbox, where admins may read them')];
  const server = mailServer(url, 4_000);
  signal.addEventListener('abort', () => server.close(), { once: true });
  const from = note(about, `MAIL_FROM is not set: mails are from ${senderOf(config)}, which most servers refuse unless it is theirs`);
  const answered = await server.verify().then(
    () => fine(about, `${new URL(url).host} lets us in`),
    (error: unknown) => refused(error, new URL(url).host, config),
  );
  return MAIL_FROM === undefined ? [answered, from] : [answered];
}

function refused(error: unknown, host: string, config: Config): Finding {
  const said = reasonOf(error, config);
  const code = codeOf(error);
  if (code === 'EAUTH')
    return mend(
      about,
      `${host} refuses the login: ${said}`,
      'Look at the name and the password in SMTP_URL; what is no letter or digit is percent-encoded',
    );
  const away = unreached(error, host);
  if (away !== undefined) return mend(about, away, 'Look at SMTP_URL, and whether a firewall keeps mail in');
  if (code === 'ETLS' || /wrong version number|certificate|SSL|TLS/i.test(said))
    return mend(
      about,
      `${host} and we do not agree on TLS: ${said}`,
      'smtps:// is TLS from the first byte (mostly port 465), smtp:// goes over to it (mostly 587)',
    );
  return mend(about, `${host} does not take us: ${said}`, 'Look at SMTP_URL and at its log');
}
