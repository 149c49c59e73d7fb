/** The collections of the demo, in the order in which they can be made. */
const money = (name: string) => ({ name, type: 'decimal' });

export const demoCollections = [
  {
    name: 'genres',
    fields: [{ name: 'name', type: 'text', required: true }],
    indexes: [{ fields: ['name'], unique: true }],
    rules: { list: 'true' },
  },
  {
    name: 'people',
    fields: [{ name: 'name', type: 'text', required: true }],
    indexes: [{ fields: ['name'], unique: true }],
    rules: { list: 'true' },
  },
  {
    name: 'movies',
    fields: [
      { name: 'title', type: 'text', max: 300 },
      { name: 'released', type: 'day' },
      { name: 'genre', type: 'relation', to: 'genres', inverse: 'movies' },
      { name: 'director', type: 'relation', to: 'people', inverse: 'directed' },
      { name: 'mpaa', type: 'select', values: ['G', 'PG', 'PG-13', 'R', 'NC-17', 'Not Rated', 'Open'] },
      { name: 'minutes', type: 'number', integer: true, min: 0 },
      { name: 'distributor', type: 'text' },
      money('us_gross'),
      money('world_gross'),
      money('budget'),
      { name: 'tomatoes', type: 'number', integer: true, min: 0, max: 100 },
      { name: 'imdb', type: 'number', min: 0, max: 10 },
      { name: 'votes', type: 'number', integer: true },
    ],
    indexes: [{ fields: ['title'] }, { fields: ['-released'] }, { fields: ['-imdb'] }],
    rules: { list: 'true' },
  },
  {
    name: 'reviews',
    fields: [
      { name: 'movie', type: 'relation', to: 'movies', required: true, onDelete: 'cascade', inverse: 'reviews' },
      { name: 'author', type: 'relation', to: 'users', required: true, default: { expr: 'auth.id' }, onDelete: 'cascade' },
      { name: 'stars', type: 'number', integer: true, required: true, min: 1, max: 5 },
      { name: 'text', type: 'text', max: 2000 },
      { name: 'hidden', type: 'bool', default: false },
    ],
    rules: {
      list: 'hidden == false || author == auth.id',
      create: 'author == auth.id',
      update: 'author == auth.id && !changed.author && !changed.movie',
      delete: 'author == auth.id',
    },
  },
] as const;
