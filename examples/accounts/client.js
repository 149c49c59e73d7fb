/** The one client of the app. The session is kept in the browser, so that a reload or a link of a mail finds it. */
import { createClient } from '@underpin/sdk';
import { url } from './config.js';

export const up = createClient({ url, storage: 'local' });

/** Where a link of a mail leads on to; it stands in `auth.redirects`, see setup.mjs. */
export const home = `${location.origin}/`;

export const find = (id) => document.getElementById(id);
