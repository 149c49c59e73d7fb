/** The demo, and twelve questions to it whose answers are those of plain SQL. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seedDemo } from '../../src/demo/seed.ts';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
const progress: [number, number][] = [];
beforeAll(async () => {
  up = await startTestApp();
  await seedDemo(up.app.base, (done, all) => progress.push([done, all]));
  await up.sql('ANALYZE');
}, 120_000);
afterAll(() => up.close());

const ids = async (text: string): Promise<unknown[]> => (await up.sql(text)).map(({ id }) => id);

describe('the demo', () => {
  test('is all of it, once, and again changes nothing', async () => {
    const count = async () =>
      (
        await up.sql(
          'SELECT (SELECT count(*) FROM movies) AS movies, (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM genres) AS genres, (SELECT count(*) FROM reviews) AS reviews, (SELECT count(*) FROM users) AS users, (SELECT max(version) FROM movies) AS version',
        )
      )[0];
    const before = await count();
    expect(before).toEqual({ movies: '3201', people: '550', genres: '12', reviews: '401', users: '5', version: '1' });
    expect(progress.at(-1)).toEqual([4164, 4164]);
    await seedDemo(up.app.base, () => undefined);
    expect(await count()).toEqual(before);
  }, 120_000);

  test('keeps titles that are numbers as text, and the missing one missing', async () => {
    expect(
      await up.sql(
        `SELECT count(*) FILTER (WHERE title IS NULL) AS missing, count(*) FILTER (WHERE title ~ '^[0-9]+$') AS numbers FROM movies`,
      ),
    ).toEqual([{ missing: '1', numbers: expect.stringMatching(/^[1-9]/) }]);
  });
});

describe('twelve questions', () => {
  const hidden = 'hidden = false';
  test.each<[string, string, Record<string, string>, string]>([
    [
      '!= keeps what is absent',
      'movies',
      { filter: 'mpaa != "R"', sort: 'id' },
      "SELECT id FROM movies WHERE mpaa IS DISTINCT FROM 'R' ORDER BY id",
    ],
    [
      'a hop',
      'movies',
      { filter: 'director.name == "Steven Spielberg"', sort: 'released' },
      `SELECT m.id FROM movies m JOIN people p ON p.id = m.director WHERE p.name = 'Steven Spielberg' ORDER BY m.released, m.id`,
    ],
    [
      'a quantifier',
      'movies',
      { filter: 'reviews.exists(r, r.stars == 5)', sort: 'id' },
      `SELECT m.id FROM movies m WHERE EXISTS (SELECT 1 FROM reviews r WHERE r.movie = m.id AND r.stars = 5 AND r.${hidden}) ORDER BY m.id`,
    ],
    [
      'all of none is true',
      'people',
      { filter: 'directed.all(m, m.imdb > 8)', sort: 'name' },
      'SELECT p.id FROM people p WHERE NOT EXISTS (SELECT 1 FROM movies m WHERE m.director = p.id AND (m.imdb > 8) IS NOT TRUE) ORDER BY p.name COLLATE "C"',
    ],
    [
      'decimals, exactly',
      'movies',
      { filter: 'world_gross > 1000000000.01 || budget == 12000000', sort: '-world_gross' },
      'SELECT id FROM movies WHERE world_gross > 1000000000.01 OR budget = 12000000 ORDER BY world_gross DESC NULLS FIRST, id DESC',
    ],
    [
      'a day’s boundary',
      'movies',
      { filter: 'released >= "1998-06-12" && released < "1998-06-20"', sort: '-released' },
      `SELECT id FROM movies WHERE released >= '1998-06-12' AND released < '1998-06-20' ORDER BY released DESC, id DESC`,
    ],
    [
      'order of what is not ASCII',
      'people',
      { filter: 'name > "Z"', sort: 'name' },
      'SELECT id FROM people WHERE name > \'Z\' COLLATE "C" ORDER BY name COLLATE "C", id',
    ],
    [
      'descending, the absent first',
      'movies',
      { filter: 'minutes == null || minutes > 150', sort: '-minutes' },
      'SELECT id FROM movies WHERE minutes IS NULL OR minutes > 150 ORDER BY minutes DESC NULLS FIRST, id DESC',
    ],
    [
      'or across a relation',
      'movies',
      { filter: 'genre.name == "Western" || tomatoes > 97', sort: 'title' },
      `SELECT m.id FROM movies m LEFT JOIN genres g ON g.id = m.genre WHERE g.name = 'Western' OR m.tomatoes > 97 ORDER BY m.title COLLATE "C", m.id`,
    ],
    [
      'what is not like it',
      'movies',
      { filter: '!(title.startsWith("The ") || title.contains("a")) && imdb > 7', sort: 'id' },
      `SELECT id FROM movies WHERE (title LIKE 'The %' OR title LIKE '%a%') IS NOT TRUE AND imdb > 7 ORDER BY id`,
    ],
  ])('%s', async (_name, collection, parameters, sql) => {
    const expected = await ids(sql);
    const found: string[] = [];
    let cursor = '';
    do {
      const { status, body, text } = await up.send(
        `GET /records/${collection}${query({ ...parameters, limit: '500', ...(cursor === '' ? {} : { cursor }) })}`,
      );
      if (status !== 200) throw new Error(text);
      found.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.page.next ?? '';
    } while (cursor !== '');
    expect(expected.length).toBeGreaterThan(0);
    expect(found).toEqual(expected);
  });

  test('counts, capped and exact', async () => {
    const [{ n } = {}] = await up.sql(`SELECT count(*) AS n FROM movies WHERE imdb > 6`);
    const page = async (count: string) =>
      (await up.send(`GET /records/movies${query({ filter: 'imdb > 6', count, limit: '1' })}`)).body.page;
    expect(await page('exact')).toMatchObject({ total: Number(n), totalIsExact: true });
    expect(await page('100')).toMatchObject({ total: 100, totalIsExact: false });
    expect(await page('estimated')).toMatchObject({ total: 1_000, totalIsExact: false });
    const all = (await up.send('GET /records/movies?count=estimated&limit=1')).body.page;
    expect(all.totalIsExact).toBe(false);
    expect(Math.abs(all.total - 3201)).toBeLessThan(50);
  });

  test('a walk of all pages by cursor', async () => {
    const expected = await ids(
      'SELECT m.id FROM movies m LEFT JOIN people p ON p.id = m.director ORDER BY p.name COLLATE "C" DESC NULLS FIRST, m.imdb NULLS LAST, m.id DESC',
    );
    const found: string[] = [];
    let cursor = '';
    do {
      const { body } = await up.send(
        `GET /records/movies${query({ sort: '-director.name,imdb', limit: '100', fields: 'title', ...(cursor === '' ? {} : { cursor }) })}`,
      );
      found.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.page.next ?? '';
    } while (cursor !== '');
    expect(found).toEqual(expected);
  });
});
