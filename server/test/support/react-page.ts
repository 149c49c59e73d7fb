/** A page that uses every hook of `@underpin/sdk/react`, drawn on a server and taken over in a browser. */
import { createElement as h, StrictMode, useState, type ReactElement } from 'react';
import { createClient, type Client, type Page } from '@underpin/sdk';
import { UnderpinProvider, useAuth, useList, useLive, useMutation, useRecord } from '@underpin/sdk/react';
import type { Untyped, UntypedRow } from '../../../sdk/src/types.ts';

export interface PageInput {
  readonly url: string;
  readonly rows: readonly UntypedRow[];
  readonly list: Page<UntypedRow>;
}

const list = (id: string, rows: readonly UntypedRow[]): ReactElement =>
  h(
    'ul',
    { id },
    rows.map((row) => h('li', { key: String(row['id']) }, String(row['title']))),
  );

const query = { sort: ['title'], limit: 3 } as const;

function Notes({ id, input }: { id: string; input: PageInput }): ReactElement {
  const { rows, status, loadMore } = useLive('notes', query, { initial: input.rows });
  return h(
    'section',
    null,
    list(id, rows),
    h('output', { id: `${id}-status` }, status),
    h('button', { id: `${id}-more`, onClick: () => void loadMore() }, 'more'),
  );
}

function Other({ input }: { input: PageInput }): ReactElement {
  const [wanted, want] = useState('');
  const clubs = useLive('clubs', { limit: 5 });
  const some = useLive('notes', wanted === '' ? null : { where: { title: { startsWith: wanted } }, limit: 5 });
  const read = useList('notes', { limit: 50 }, { initial: input.list });
  const first = useRecord('notes', String(input.rows[0]?.['id']));
  const { user, auth } = useAuth();
  return h(
    'section',
    null,
    h('output', { id: 'clubs' }, clubs.error?.code ?? `${clubs.status} ${clubs.rows.length}`),
    h('input', { id: 'wanted', value: wanted, onChange: (event) => want((event.target as HTMLInputElement).value) }),
    list('some', some.rows),
    h('output', { id: 'list' }, read.isLoading ? '…' : String(read.rows.length)),
    h('button', { id: 'reload', onClick: read.reload }, 'reload'),
    h('output', { id: 'record' }, first.record ? String(first.record['title']) : (first.error?.code ?? '…')),
    h('output', { id: 'user' }, user ? String(user['name']) : 'nobody'),
    h(
      'button',
      {
        id: 'sign-in',
        onClick: () => void auth.signUp({ email: `${Date.now()}@example.com`, password: 'correct horse battery staple', name: 'Ann' }),
      },
      'in',
    ),
    h('button', { id: 'sign-out', onClick: () => void auth.signOut() }, 'out'),
  );
}

function Add({ up }: { up: Client<Untyped> }): ReactElement {
  const [title, setTitle] = useState('new');
  const add = useMutation((text: string, once) => up.collection('notes').create({ title: text }, { ...once, retries: 0 }));
  return h(
    'section',
    null,
    h('input', { id: 'title', value: title, onChange: (event) => setTitle((event.target as HTMLInputElement).value) }),
    h('button', { id: 'add', onClick: () => void add.run(title) }, 'add'),
    h('output', { id: 'added' }, add.pending ? '…' : (add.error?.code ?? String(add.data?.['title'] ?? ''))),
  );
}

export function ReactPage({ input }: { input: PageInput }): ReactElement {
  const [up] = useState(() => createClient({ url: input.url }));
  const [isShown, show] = useState(true);
  return h(
    StrictMode,
    null,
    h(
      UnderpinProvider,
      { client: up },
      h('button', { id: 'toggle', onClick: () => show(!isShown) }, 'toggle'),
      isShown ? [h(Notes, { key: 'a', id: 'first', input }), h(Notes, { key: 'b', id: 'second', input })] : null,
      h(Other, { input }),
      h(Add, { up }),
    ),
  );
}
