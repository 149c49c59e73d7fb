/** Texts that mean a time, a day or a duration. Each returns undefined for what it cannot read; none guesses. */

const day = /^(\d{4})-(\d\d)-(\d\d)$/;
const time = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:([Zz])|([+-])(\d\d):(\d\d))?)?$/;
const duration = /^(-)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/;

/** Longest duration taken, 4,000 years in ms: a time of the years 1–9999 shifted by it is still one that Postgres can hold. */
export const longestDuration = 4000 * 365.25 * 86_400_000;

/** The day as it came, if there is such a day in the years 1–9999. */
export function parseDay(text: string): string | undefined {
  return midnight(text) === undefined ? undefined : text;
}

/** ISO 8601 to ms since 1970, cut to whole ms. Without an offset it is UTC; without a time of day, midnight. */
export function parseTime(text: string): number | undefined {
  const parts = time.exec(text);
  if (!parts) return undefined;
  const [, date = '', hours = '0', minutes = '0', seconds = '0', fraction = '', , sign, offsetHours = '0', offsetMinutes = '0'] = parts;
  const start = midnight(date);
  if (start === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  if (Number(offsetHours) > 15 || Number(offsetMinutes) > 59) return undefined;
  const local = start + clock(hours, minutes) + Number(seconds) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  const ms = local - clock(offsetHours, offsetMinutes) * (sign === '-' ? -1 : 1);
  return isYear(new Date(ms).getUTCFullYear()) ? ms : undefined;
}

/** `1d12h`, `90m`, `1.5s`, `250ms`, each unit at most once and in that order, to ms. */
export function parseDuration(text: string): number | undefined {
  const parts = duration.exec(text);
  if (!parts || !/\d/.test(text)) return undefined;
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', ms = '0'] = parts;
  const total = Number(days) * 86_400_000 + clock(hours, minutes) + Math.trunc(Number(seconds) * 1000) + Number(ms);
  if (total > longestDuration) return undefined;
  return sign && total > 0 ? -total : total;
}

const clock = (hours: string, minutes: string): number => (Number(hours) * 60 + Number(minutes)) * 60_000;
const isYear = (year: number): boolean => year >= 1 && year <= 9999;

function midnight(text: string): number | undefined {
  const [, year = '0', month = '0', date = '0'] = day.exec(text) ?? [];
  const at = new Date(0);
  // Not Date.UTC, which takes the years 0–99 for 1900–1999.
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(date));
  const exists = at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(date);
  return exists && isYear(Number(year)) ? at.getTime() : undefined;
}

const zones = new Map<string, Intl.DateTimeFormat>();
const zoneName = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z][A-Za-z0-9_+-]*)*$/;

/** Whether it is the name of a time zone (IANA), as `Europe/Berlin`; an offset is none. */
export function isZone(name: string): boolean {
  if (!zoneName.test(name)) return false;
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The day, as `YYYY-MM-DD`, that a moment falls on there. */
export function dayIn(zone: string, now: number): string {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  return `${(parts.get('year') ?? '').padStart(4, '0')}-${parts.get('month') ?? ''}-${parts.get('day') ?? ''}`;
}

/** Made once for each zone: making one takes longer than all else here. */
function clockOf(zone: string): Intl.DateTimeFormat {
  // Their names are read in any case, so that there are more spellings than zones.
  if (zones.size > 1000) zones.clear();
  const known = zones.get(zone) ?? new Intl.DateTimeFormat('en-US', { ...digits, timeZone: zone });
  zones.set(zone, known);
  return known;
}
const digits = { calendar: 'gregory', numberingSystem: 'latn', year: 'numeric', month: '2-digit', day: '2-digit' } as const;
