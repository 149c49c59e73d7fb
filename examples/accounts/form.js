/** Sends a form, and puts what the server refuses beside the field that it is about. */
import { attempt } from '@underpin/sdk';

/** `work` gets the form's values and may give back what to tell in its place. */
export function onSubmit(form, work) {
  const told = document.createElement('p');
  told.setAttribute('role', 'status');
  form.append(told);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    clear(form);
    button.disabled = true;
    const [error, text] = await attempt(work(Object.fromEntries(new FormData(form))));
    button.disabled = false;
    if (error) return refuse(form, error);
    form.reset();
    told.textContent = text ?? '';
  });
}

export function clear(form) {
  const told = form.querySelector('[role=status]');
  told.textContent = '';
  told.className = '';
  for (const note of form.querySelectorAll('small')) note.remove();
  for (const field of form.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
}

function refuse(form, error) {
  // Some refusals are about a field, as "/password"; what has no field here is told below the form.
  const placed = error.fields.map(({ pointer, message }) => [form.elements.namedItem(pointer.slice(1)), message]);
  const elsewhere = placed.filter(([field]) => !field).map(([, message]) => message);
  for (const [field, message] of placed) if (field) mark(field, message);
  const told = form.querySelector('[role=status]');
  told.className = 'error';
  told.textContent = placed.length === 0 ? error.message : elsewhere.join(' ');
  placed.find(([field]) => field)?.[0].focus();
}

function mark(field, message) {
  const note = document.createElement('small');
  note.className = 'error';
  note.id = `${field.form.id}-${field.name}-error`;
  note.textContent = message;
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', note.id);
  field.after(note);
}
