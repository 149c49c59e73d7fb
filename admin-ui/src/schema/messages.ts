/** Texts of the page on how people sign in. */
export const meansMessages = {
  means: {
    verification: 'Addresses are proven first',
    verificationNote: 'A mail with a link comes before the first sign-in, and no answer tells who has an account.',
    code: 'Sign-in by a code',
    codeNote: 'A code of six digits is mailed, good for ten minutes.',
    guests: 'Guests',
    guestsNote: 'Accounts without address and password, to begin with; those unused for thirty days go.',
    pages: 'Pages of the app',
    pagesNote: 'Links in mails open pages of this server, unless the app has its own.',
    page_verify: 'To prove an address',
    page_reset: 'To set a new password',
    page_code: 'To sign in by a link',
    page_email: 'To confirm a new address',
    redirects: 'Where our pages may lead on to',
    redirectsNote: 'One URL a line, each exactly.',
  },
};
