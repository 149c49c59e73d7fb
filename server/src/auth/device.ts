/** What a program calls itself, in a few words: `Chrome on Linux`. As it came where it isn't a browser's. */
import Bowser from 'bowser';

export function deviceName(agent: string): string {
  if (agent === '') return 'unknown';
  const { browser, os } = Bowser.parse(agent);
  return browser.name && os.name ? `${browser.name} on ${os.name}` : agent;
}
