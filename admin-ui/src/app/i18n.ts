/** All text goes through polyglot: react-admin's English plus our own keys. */
import polyglotI18nProvider from 'ra-i18n-polyglot';
import englishMessages from 'ra-language-english';
import { messages } from './messages.ts';

export const i18nProvider = polyglotI18nProvider(
  () => ({
    ...englishMessages,
    ...messages,
    ra: { ...englishMessages.ra, notification: { ...englishMessages.ra.notification, ...messages.done } },
  }),
  'en',
  [{ locale: 'en', name: 'English' }],
  {
    allowMissing: true,
  },
);
