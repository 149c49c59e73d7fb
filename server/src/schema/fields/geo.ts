/** A point on the earth: WGS 84 degrees. */
import { z } from 'zod';
import { defineField } from '../field-type.ts';

const degrees = (most: number, name: string) =>
  z.number({ error: `${name} must be a number` }).refine((value) => Math.abs(value) <= most, { error: `${name} must be within ±${most}` });

export const geo = defineField({
  name: 'geo',
  widget: 'geo',
  group: 'structure',
  operators: ['== null', '!= null', 'has', 'distance'],
  about: 'A point `{ lat, lon }` in degrees (WGS 84), stored as `point` with the longitude first.',
  settings: z.object({}),
  ty: () => ({ kind: 'geo' }),
  column: () => ({ type: 'point', check: (column) => `abs((${column})[0]) <= 180 AND abs((${column})[1]) <= 90` }),
  input: () =>
    z
      .strictObject({ lat: degrees(90, 'lat'), lon: degrees(180, 'lon') }, { error: 'must be like { "lat": 52.5, "lon": 13.4 }' })
      .transform(({ lat, lon }) => `(${lon === 0 ? 0 : lon},${lat === 0 ? 0 : lat})`),
  json: (column) => `CASE WHEN ${column} IS NOT NULL THEN json_build_object('lat', (${column})[1], 'lon', (${column})[0]) END`,
});
