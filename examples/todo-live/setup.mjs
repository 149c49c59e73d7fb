/** Makes the collection `todos`, once, as an admin: anybody may read and change it. */
import { attempt, createClient } from '@underpin/sdk';

const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, UNDERPIN_URL: url = 'http://localhost:8700' } = process.env;
if (!email || !password) {
  console.error('ADMIN_EMAIL and ADMIN_PASSWORD say who may set this up.');
  process.exit(1);
}

const up = createClient({ url });
await up.auth.collection('_admins').signIn({ email, password });
const [error] = await attempt(
  up.collections.create({
    name: 'todos',
    fields: [
      { name: 'title', type: 'text', required: true, max: 200 },
      { name: 'done', type: 'bool', required: true, default: false },
    ],
    rules: { list: 'true', create: 'true', update: 'true', delete: 'true' },
  }),
);
await up.auth.collection('_admins').signOut();
// It is there already.
if (error && error.code !== 'unique_violation') throw error;
console.log('todos are there');
