/** Dates: UTC with milliseconds on the wire, local time on the screen. */
const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-01-31T12:00:00.000Z` → what an input of type datetime-local takes, in local time; milliseconds only where there are some. */
export const toLocalInput = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const ms = date.getMilliseconds();
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${ms > 0 ? `.${String(ms).padStart(3, '0')}` : ''}`;
};

export const fromLocalInput = (text: string): string | null => {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

/** `Europe/Berlin, UTC+02:00`, as it is on that day. */
export const zoneAt = (date: Date): string => {
  const minutes = -date.getTimezoneOffset();
  const sign = minutes < 0 ? '−' : '+';
  const size = Math.abs(minutes);
  return `${Intl.DateTimeFormat().resolvedOptions().timeZone}, UTC${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
};

const shown = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
export const showDate = (value: unknown): string => {
  if (typeof value !== 'string') return '';
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : shown.format(date);
};
