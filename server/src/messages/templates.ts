/** What we say, as it is before an admin writes it anew. Each name stands in `{{…}}` and has here an example for the preview. */
export interface Template {
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
}
export interface TemplateKind extends Template {
  readonly about: string;
  readonly values: Readonly<Record<string, string>>;
}

const common = { site: 'https://example.com', address: 'ann@example.com' };
const token = 'K2RQGutIWbw_u0HisKOiAumi9Tf01C90_F-xB8fLO2E';
const ignore = 'If you did not ask for it, ignore this mail: nothing has changed.';

export const templates = {
  verify: {
    about: 'To a new account: the link that proves its address.',
    values: { ...common, link: `${common.site}/account/verify#t=${token}` },
    subject: 'Confirm your address for {{site}}',
    text: `Somebody signed up at {{site}} with the address {{address}}. If it was you, confirm it here within 24 hours:\n\n{{link}}\n\n${ignore}\n`,
  },
  taken: {
    about: 'To the owner of an address with which somebody tried to sign up.',
    values: common,
    subject: 'You have an account at {{site}}',
    text: 'Somebody tried to sign up at {{site}} with the address {{address}}, which has an account already. If it was you: sign in, or ask there for a new password. If not, there is nothing to do.\n',
  },
  reset: {
    about: 'The link to set a new password.',
    values: { ...common, link: `${common.site}/account/reset#t=${token}` },
    subject: 'A new password for {{site}}',
    text: `Set a new password for {{address}} at {{site}} here, within 30 minutes:\n\n{{link}}\n\n${ignore}\n`,
  },
  code: {
    about: 'The code to sign in without a password.',
    values: { ...common, code: '482913' },
    subject: 'Sign in to {{site}}',
    text: `Your code for {{site}}, good for ten minutes:\n\n{{code}}\n\nNever tell it to anybody. ${ignore}\n`,
  },
  'code-link': {
    about: 'The same with a link, where the app has a page for it.',
    values: { ...common, code: '482913', link: `https://app.example.com/in#t=${token}` },
    subject: 'Sign in to {{site}}',
    text: `Your code for {{site}}, good for ten minutes:\n\n{{code}}\n\nOr sign in with this link:\n\n{{link}}\n\nNever tell the code to anybody. ${ignore}\n`,
  },
  email: {
    about: 'To the new address of an account: the link that proves it.',
    values: { ...common, link: `${common.site}/account/email#t=${token}` },
    subject: 'Confirm your new address for {{site}}',
    text: `Your account at {{site}} is to have the address {{address}}. Confirm it here, within 24 hours:\n\n{{link}}\n\n${ignore}\n`,
  },
  'email-asked': {
    about: 'To the old address: a change to another one was asked for.',
    values: { ...common, next: 'anna@example.com' },
    subject: 'Your address at {{site}} is to change',
    text: 'The address of your account at {{site}} is to change from {{address}} to {{next}}, as soon as that one is confirmed. If it was not you, change your password now.\n',
  },
  'email-changed': {
    about: 'To the old address: it is no longer the account’s.',
    values: { ...common, next: 'anna@example.com' },
    subject: 'Your address at {{site}} has changed',
    text: 'The address of your account at {{site}} is now {{next}} and no longer {{address}}. Its other sessions have ended. If it was not you, tell whoever runs {{site}}.\n',
  },
  'password-changed': {
    about: 'After a password was changed or set anew.',
    values: common,
    subject: 'Your password at {{site}} has changed',
    text: 'The password of {{address}} at {{site}} was changed, and its other sessions have ended. If it was not you, ask for a new password now.\n',
  },
  test: {
    about: 'The mail by which an admin tries out the mail server.',
    values: common,
    subject: 'A test from {{site}}',
    text: 'This mail to {{address}} shows that {{site}} can send mails.\n',
  },
} as const satisfies Record<string, TemplateKind>;

export type TemplateName = keyof typeof templates;

/** A kind by its name, wherever the name comes from. */
export const templateKind = (name: string): TemplateKind | undefined => new Map<string, TemplateKind>(Object.entries(templates)).get(name);
