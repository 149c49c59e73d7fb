/** One list of things to do. Whoever looks at it sees what everybody does, at once. */
import { createClient } from '@underpin/sdk';
import { UnderpinProvider, useLive, useMutation, useUnderpin } from '@underpin/sdk/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const up = createClient({ url: import.meta.env.VITE_UNDERPIN_URL ?? 'http://localhost:8700' });

/** What is open first, the newest on top. */
const query = { sort: ['done', '-created'], limit: 20 };

const words = { connecting: 'Connecting …', live: 'Live', resyncing: 'Catching up …', offline: 'Offline', closed: 'Closed' };

function Todos() {
  const { rows, status, error, loadMore } = useLive('todos', query);
  return (
    <>
      <header>
        <h1>To do</h1>
        <output className={status}>{words[status]}</output>
      </header>
      <Add />
      {error ? <p role="alert">{error.message}</p> : null}
      {rows.length === 0 && status === 'live' ? <p>Nothing to do.</p> : null}
      <ul>
        {rows.map((todo) => (
          <Todo key={todo.id} todo={todo} />
        ))}
      </ul>
      {rows.length >= query.limit ? <button onClick={() => loadMore()}>Show more</button> : null}
    </>
  );
}

function Add() {
  const up = useUnderpin();
  const [title, setTitle] = useState('');
  const add = useMutation((draft, once) => up.collection('todos').create(draft, once));
  const submit = async (event) => {
    event.preventDefault();
    const [error] = await add.run({ title });
    if (!error) setTitle('');
  };
  return (
    <form onSubmit={submit}>
      <input aria-label="What is to be done" value={title} onChange={(event) => setTitle(event.target.value)} required maxLength={200} />
      <button disabled={add.pending}>Add</button>
      {add.error ? <p role="alert">{add.error.message}</p> : null}
    </form>
  );
}

function Todo({ todo }) {
  const todos = useUnderpin().collection('todos');
  const change = useMutation((data, once) => todos.update(todo.id, data, once));
  const remove = useMutation((_, once) => todos.delete(todo.id, once));
  return (
    <li>
      <label>
        <input type="checkbox" checked={todo.done} onChange={(event) => change.run({ done: event.target.checked })} />
        <span>{todo.title}</span>
      </label>
      <button className="quiet" aria-label={`Remove ${todo.title}`} onClick={() => remove.run(null)}>
        ×
      </button>
    </li>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <UnderpinProvider client={up}>
      <Todos />
    </UnderpinProvider>
  </StrictMode>,
);
