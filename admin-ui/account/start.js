/**
 * The pages that links in mails open: /account/verify, /account/reset, /account/email.
 *
 * Programs that look at mails open their links too; so nothing is done by opening one, but by a click. The token stands after the #,
 * where no server and no log sees it, and is taken out of the address once it was used.
 */
const pages = {
  verify: {
    title: 'Confirm your address',
    button: 'Confirm',
    path: 'verify/confirm',
    done: 'Your address is confirmed. You can sign in now.',
  },
  email: { title: 'Confirm your new address', button: 'Confirm', path: 'email/confirm', done: 'Your account has its new address.' },
  reset: {
    title: 'Set a new password',
    button: 'Set it',
    path: 'password/reset',
    done: 'Your password is set. You can sign in with it now.',
    asksPassword: true,
  },
};

const page = pages[location.pathname.split('/').at(-1)];
const given = new URLSearchParams(location.hash.slice(1));
const collection = given.get('c') ?? 'users';
const find = (selector) => document.querySelector(selector);
const status = find('[role=status]');

find('h1').textContent = page.title;
find('button').textContent = page.button;
document.title = page.title;
find('label').hidden = page.asksPassword !== true;
find('input').required = page.asksPassword === true;
if (given.get('t') === null) status.textContent = 'This link is not whole. Open it from the mail once more.';
else find('form').hidden = false;

find('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  find('button').disabled = true;
  status.textContent = '';
  const body = { token: given.get('t'), ...(page.asksPassword ? { password: find('input').value } : {}) };
  try {
    const response = await fetch(`/api/v1/auth/${encodeURIComponent(collection)}/${page.path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    status.textContent = response.ok ? page.done : answer.detail;
    if (response.ok) leave(answer.redirect);
  } catch {
    status.textContent = 'The server cannot be reached. Try again.';
  }
  find('button').disabled = false;
});

/** The server says where it leads on to, never the link. */
function leave(to) {
  find('form').hidden = true;
  history.replaceState(null, '', location.pathname);
  if (to === null) return;
  find('a').href = to;
  find('a').hidden = false;
}
