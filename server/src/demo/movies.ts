/** The demo's source: 3,201 movies of the package `vega-datasets` (BSD-3-Clause), read as they are and checked. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const number = z.number().nullable();
const text = z.string().nullable();
const source = z.array(
  z.object({
    Title: z.union([z.string(), z.number()]).nullable(),
    'US Gross': number,
    'Worldwide Gross': number,
    'Production Budget': number,
    'Release Date': z.string(),
    'MPAA Rating': text,
    'Running Time min': number,
    Distributor: text,
    'Major Genre': text,
    Director: text,
    'Rotten Tomatoes Rating': number,
    'IMDB Rating': number,
    'IMDB Votes': number,
  }),
);

export interface Movie {
  readonly id: string;
  readonly genre: string | null;
  readonly director: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Jun 12 1998` → `1998-06-12`. */
function dayOf(date: string): string {
  const [month = '', day = '', year = ''] = date.split(' ');
  return `${year.padStart(4, '0')}-${String(months.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** The same id at every start, so that a demo that was cut short goes on where it was. A uuid of version 8 (RFC 9562). */
export function demoId(kind: string, name: string | number): string {
  const hex = createHash('sha256').update(`underpin demo ${kind} ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const money = (value: number | null): string | null => (value === null ? null : String(value));

/** All of them; a title that is a number becomes text, the one that is missing stays missing. */
export function readMovies(): readonly Movie[] {
  const require = createRequire(import.meta.url);
  let file: string;
  try {
    // The package exports its code only; the data lie beside it.
    file = join(dirname(require.resolve('vega-datasets')), '..', 'data', 'movies.json');
  } catch (error) {
    throw new Error('The demo needs the optional package vega-datasets, which is not installed', { cause: error });
  }
  return source.parse(JSON.parse(readFileSync(file, 'utf8'))).map((movie, index) => ({
    id: demoId('movie', index),
    genre: movie['Major Genre'],
    director: movie.Director,
    fields: {
      title: movie.Title === null ? null : String(movie.Title),
      released: dayOf(movie['Release Date']),
      mpaa: movie['MPAA Rating'],
      minutes: movie['Running Time min'],
      distributor: movie.Distributor,
      us_gross: money(movie['US Gross']),
      world_gross: money(movie['Worldwide Gross']),
      budget: money(movie['Production Budget']),
      tomatoes: movie['Rotten Tomatoes Rating'],
      imdb: movie['IMDB Rating'],
      votes: movie['IMDB Votes'],
    },
  }));
}
