/**
 * The pages that links in mails open: /verify, /reset, /code, /email. Programs that look at mails open links too, so nothing happens
 * before a click. The token stands after the #, where no server sees it, and is taken out of the address once it was used.
 */
import { find, home, up } from './client.js';
import { onSubmit } from './form.js';

const pages = {
  '/verify': {
    title: 'Confirm your address',
    button: 'Confirm',
    send: (token) => up.auth.confirmVerification(token),
    done: 'Your address is confirmed. You can sign in now.',
  },
  '/reset': {
    title: 'Set a new password',
    button: 'Set it',
    send: (token, password) => up.auth.resetPassword({ token, password }),
    done: 'Your password is set. You can sign in with it now.',
  },
  '/code': {
    title: 'Sign in',
    button: 'Sign in',
    send: (token) => up.auth.signInWithCode({ token }),
    done: 'You are signed in.',
  },
  '/email': {
    title: 'Confirm your new address',
    button: 'Confirm',
    send: (token) => up.auth.confirmEmail(token),
    done: 'Your account has its new address.',
  },
};

export const linkPage = pages[location.pathname];

export function showLink({ title, button, send, done }) {
  const form = find('link-form');
  const token = new URLSearchParams(location.hash.slice(1)).get('t');
  document.title = title;
  find('link-title').textContent = title;
  find('link-button').textContent = button;
  find('link').hidden = false;
  form.hidden = token === null;
  if (token === null) find('link-done').textContent = 'This link is not whole. Open it from the mail once more.';
  const needsPassword = location.pathname === '/reset';
  find('link-password').hidden = !needsPassword;
  form.elements.namedItem('password').required = needsPassword;
  onSubmit(form, async ({ password }) => {
    const { redirect } = await send(token, password);
    history.replaceState(null, '', location.pathname);
    form.hidden = true;
    find('link-done').textContent = done;
    find('link-onward').href = redirect ?? home;
    find('link-onward').hidden = false;
  });
}
