/** For those who are signed in: their account and where they are signed in. */
import { find, home, up } from './client.js';
import { onSubmit } from './form.js';

/** Guests have an address that is nobody's. */
const isGuest = (account) => account.email.endsWith('@guest.invalid');
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
/** An account without a password has none to prove itself with; a sign-in just now does too. */
const proof = (current) => (current === '' ? {} : { current });
let shown = '';

/** Asks the server who this is now: a link of a mail may have been opened elsewhere, a session ended. */
export async function showInside() {
  const [account, sessions] = await Promise.all([up.auth.me(), up.auth.sessions.list()]);
  const guest = isGuest(account);
  const address = `${account.email}, ${account.verified ? 'confirmed' : 'not confirmed'}`;
  find('who').textContent = guest ? 'You are a guest.' : `You are ${address}.`;
  for (const part of document.querySelectorAll('[data-for]')) part.hidden = (part.dataset.for === 'guest') !== guest;
  // Not drawn anew while it is the same, so that no button goes from under a finger.
  if (shown !== JSON.stringify(sessions)) find('sessions').replaceChildren(...sessions.map(toRow));
  shown = JSON.stringify(sessions);
  find('others').hidden = sessions.length < 2;
}

function toRow({ id, device, address, lastUsed, current }) {
  const row = document.createElement('li');
  const about = document.createElement('span');
  const more = document.createElement('small');
  about.textContent = device;
  more.textContent = `${current ? 'This one · ' : ''}${address} · ${time.format(new Date(lastUsed))}`;
  about.append(more);
  row.append(about);
  if (!current) row.append(endForm(id, device));
  return row;
}

function endForm(id, device) {
  const form = document.createElement('form');
  const button = document.createElement('button');
  button.textContent = 'End';
  button.setAttribute('aria-label', `End session: ${device}`);
  form.append(button);
  onSubmit(form, async () => {
    await up.auth.sessions.revoke(id);
    await showInside();
  });
  return form;
}

export function startInside() {
  onSubmit(find('upgrade'), async ({ email, password }) => {
    await up.auth.upgrade({ email, password });
    await showInside();
    return `A link is on its way to ${email}. Open it, and the account is yours.`;
  });

  onSubmit(find('change-password'), async ({ current, password }) => {
    await up.auth.changePassword({ ...proof(current), password });
    await showInside();
    return 'Your password is changed, and all other sessions have ended.';
  });

  onSubmit(find('change-email'), async ({ email, current }) => {
    await up.auth.changeEmail({ email, ...proof(current), redirect: home });
    return `A link is on its way to ${email}. Open it, and the address is yours.`;
  });

  onSubmit(find('others'), async () => {
    await up.auth.sessions.revokeOthers();
    await showInside();
  });

  onSubmit(find('own-data'), async () => {
    const file = new Blob([JSON.stringify(await up.auth.ownData(), null, 2)], { type: 'application/json' });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = 'my-data.json';
    link.click();
    URL.revokeObjectURL(link.href);
  });

  onSubmit(find('delete'), ({ current }) => up.auth.deleteAccount(proof(current)));

  onSubmit(find('sign-out'), () => up.auth.signOut());
}
