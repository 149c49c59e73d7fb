/** For those who are not signed in: every way to get in. */
import { find, home, up } from './client.js';
import { onSubmit } from './form.js';

/** Shows the ways that the server has; the others are hidden. */
export async function showOutside() {
  const methods = await up.auth.methods();
  for (const way of document.querySelectorAll('[data-needs]')) way.hidden = !methods[way.dataset.needs];
}

/** The address that a code was sent to. */
let codeFor = '';

export function startOutside() {
  onSubmit(find('sign-in'), async ({ email, password }) => {
    await up.auth.signIn({ email, password });
  });

  onSubmit(find('sign-up'), async ({ email, password }) => {
    const session = await up.auth.signUp({ email, password });
    // No session: the address has to be confirmed first. Nobody learns here whether it has an account already.
    return session ? '' : `A link is on its way to ${email}. Open it, then sign in.`;
  });

  onSubmit(find('verify-again'), async ({ email }) => {
    await up.auth.requestVerification({ email, redirect: home });
    return `If ${email} has an account that is not confirmed, a link is on its way.`;
  });

  onSubmit(find('code-request'), async ({ email }) => {
    await up.auth.requestCode({ email, redirect: home });
    codeFor = email;
    find('code').hidden = false;
    find('code').elements.namedItem('code').focus();
    return `If ${email} has an account, a code is on its way.`;
  });

  onSubmit(find('code'), async ({ code }) => {
    await up.auth.signInWithCode({ email: codeFor, code });
    find('code').hidden = true;
  });

  onSubmit(find('forgot'), async ({ email }) => {
    await up.auth.forgotPassword({ email, redirect: home });
    return `If ${email} has an account, a link is on its way.`;
  });

  onSubmit(find('guest'), async () => {
    await up.auth.signInAsGuest();
  });
}
