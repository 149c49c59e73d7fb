/** Says once, as an admin, how people get into `users`. `--without-verification`: sign-up signs in at once. */
import { createClient } from '@underpin/sdk';

const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, UNDERPIN_URL: url = 'http://localhost:8700' } = process.env;
const app = process.env.APP_URL ?? 'http://localhost:3000';
if (!email || !password) {
  console.error('ADMIN_EMAIL and ADMIN_PASSWORD say who may set this up.');
  process.exit(1);
}

const up = createClient({ url });
await up.auth.collection('_admins').signIn({ email, password });
const { auth } = await up.collections.update('users', {
  auth: {
    verification: !process.argv.includes('--without-verification'),
    code: true,
    guests: true,
    redirects: [`${app}/`],
    urls: { verify: `${app}/verify`, reset: `${app}/reset`, code: `${app}/code`, email: `${app}/email` },
  },
});
await up.auth.collection('_admins').signOut();
console.log(auth);
