/** Makes the collection `photos`, once, as an admin: its photos are seen by who owns them, and by everybody where he shares them. */
import { attempt, createClient } from '@underpin/sdk';

const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, UNDERPIN_URL: url = 'http://localhost:8700' } = process.env;
if (!email || !password) {
  console.error('ADMIN_EMAIL and ADMIN_PASSWORD say who may set this up.');
  process.exit(1);
}

const up = createClient({ url });
await up.auth.collection('_admins').signIn({ email, password });
await up.collections.update('users', { auth: { guests: true } });
const [error] = await attempt(
  up.collections.create({
    name: 'photos',
    fields: [
      {
        name: 'image',
        type: 'file',
        required: true,
        types: ['image/*'],
        thumbs: ['400x300'],
        maxSize: 100_000_000,
        quotaPerAccount: 1_000_000_000,
      },
      { name: 'caption', type: 'text', max: 200 },
      { name: 'shared', type: 'bool', required: true, default: false },
      { name: 'owner', type: 'relation', to: 'users', required: true, default: { expr: 'auth.id' }, onDelete: 'cascade' },
    ],
    rules: {
      list: 'shared || owner == auth.id',
      view: 'shared || owner == auth.id',
      create: 'owner == auth.id',
      update: 'owner == auth.id && !changed.owner',
      delete: 'owner == auth.id',
    },
  }),
);
await up.auth.collection('_admins').signOut();
// It is there already.
if (error && error.code !== 'unique_violation') throw error;
console.log('photos are there');
