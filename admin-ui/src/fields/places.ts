/** Places `{ lat, lon }` as two numbers with a space between them, which is how an editor keeps what is typed. */
import type { Parsed } from './draft-text.ts';
import { parseNumber } from './numbers.ts';

export interface Place {
  readonly lat: number;
  readonly lon: number;
}
export const placeOf = (value: unknown): Place | null =>
  typeof value === 'object' &&
  value !== null &&
  'lat' in value &&
  'lon' in value &&
  typeof value.lat === 'number' &&
  typeof value.lon === 'number'
    ? { lat: value.lat, lon: value.lon }
    : null;

export const showPlace = (value: unknown): string => {
  const place = placeOf(value);
  return place ? `${place.lat} ${place.lon}` : ' ';
};

export const parsePlace = (text: string): Parsed => {
  const [lat = '', lon = ''] = text.split(' ');
  if (lat === '' && lon === '') return { value: null };
  if (lat === '' || lon === '') return { problem: 'field.halfPlace' };
  const [north, east] = [parseNumber(lat, false), parseNumber(lon, false)];
  if ('problem' in north) return north;
  if ('problem' in east) return east;
  const place = { lat: Number(north.value), lon: Number(east.value) };
  return Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180 ? { value: place } : { problem: 'field.offEarth' };
};
