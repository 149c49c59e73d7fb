/** Passwords in URLs: found, and hidden. */

export const mask = '••••';

/** A text in which no URL has its password, wherever in it that stands. */
export const withoutPasswords = (text: string): string =>
  text
    .replace(/(\/\/[^:/?#\s]*:)[^/?#\s]*@/g, `$1${mask}@`)
    .replace(/([?&][^=&#\s]*(?:pass|secret|token|key)[^=&#\s]*=)[^&#\s]*/gi, `$1${mask}`);

/** The user's name, and what stands between it and the last `@`, whatever signs a password has. */
const login = /^([^:/?#]+:\/\/[^:/?#@]*):(.*)@/s;

/** One URL as it may be shown. */
export const withoutPassword = (url: string): string => withoutPasswords(url.replace(login, `$1:${mask}@`));

/** The password of a URL, as it is written there and as it is meant. */
export function passwordsIn(url: string): readonly string[] {
  const [, , written = ''] = login.exec(url) ?? [];
  if (!URL.canParse(url)) return [written].filter((one) => one !== '');
  const { password, searchParams } = new URL(url);
  return [written, password, decoded(password), searchParams.get('password') ?? ''].filter((one) => one !== '');
}

/** What is no percent-encoding stays as it is. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
