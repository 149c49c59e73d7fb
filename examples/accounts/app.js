/** Shows the part of the page that fits who is signed in. */
import { attempt } from '@underpin/sdk';
import { find, up } from './client.js';
import { clear } from './form.js';
import { showInside, startInside } from './inside.js';
import { linkPage, showLink } from './links.js';
import { showOutside, startOutside } from './outside.js';

const news = { expired: 'Your session has ended. Sign in again.', signedOut: 'You are signed out.' };

async function show() {
  const isIn = up.auth.session !== null;
  const [error] = await attempt(isIn ? showInside() : showOutside());
  if (error && error.status !== 401) find('news').textContent = error.message;
  find('inside').hidden = up.auth.session === null;
  find('outside').hidden = up.auth.session !== null;
}

if (linkPage) showLink(linkPage);
else {
  startOutside();
  startInside();
  await show();
  up.auth.onChange((_session, event) => {
    if (event === 'refreshed') return;
    for (const form of document.querySelectorAll('#outside form, #inside form')) clear(form);
    for (const part of document.querySelectorAll('details')) part.open = part.id === 'first';
    find('news').textContent = news[event] ?? '';
    void show();
  });
  // A session that was ended elsewhere is noticed when something is asked; so something is, every few seconds.
  setInterval(() => {
    if (!document.hidden && up.auth.session) void show();
  }, 3_000);
}
