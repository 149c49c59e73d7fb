/**
 * The server that one would write by hand for one collection: Express 5 and pg, a token verified at every request, the
 * row rule in the SQL, named statements, a pool of ten. It knows its table and nothing else; what Underpin costs more
 * than this is the price of everything that it decides at run time. Started by records.mjs.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import pg from 'pg';

const { DATABASE_URL, JWT_SECRET } = process.env;
const types = { getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) };
const options = '-c role=underpin_app -c timezone=UTC -c jit=off';
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, types, options });

const names = ['id', 'title', 'body', 'status', 'views', 'author', 'created', 'updated', 'version'];
const columns = names.map((name) => `p."${name}"`).join(', ');
const author = 'u."id" AS a_id, u."name" AS a_name';
const mine = (parameter) => `(p."status" IN ('published', 'archived') OR p."author" = ${parameter})`;
const run = async (name, text, values) => (await pool.query({ name, text, values })).rows;

/** The account in an HS256 token, or undefined. */
function verify(header) {
  const [head, claims, signature = ''] = header?.startsWith('Bearer ') ? header.slice(7).split('.') : [];
  const wanted = createHmac('sha256', JWT_SECRET).update(`${head}.${claims}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const { sub, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return exp * 1000 > Date.now() ? sub : undefined;
}

const app = express();
app.disable('x-powered-by');
app.disable('etag');

app.use((request, response, next) => {
  request.me = verify(request.headers.authorization);
  return request.me ? next() : response.status(401).json({ code: 'unauthenticated' });
});

const withAuthor = ({ a_id, a_name, ...post }) => ({ ...post, expand: { author: { id: a_id, name: a_name } } });

const one = (response, row, status = 200) =>
  row === undefined
    ? response.status(404).json({ code: 'not_found' })
    : response.status(status).set('ETag', `"${row.version}"`).set('Cache-Control', 'no-store').json(row);

app.get('/api/v1/records/posts/:id', async (request, response) => {
  const [row] = await run('get', `SELECT ${columns} FROM posts p WHERE p."id" = $1 AND ${mine('$2')}`, [request.params.id, request.me]);
  one(response, row);
});

/** The position behind a row of the list, as text; a server by hand does not sign it. */
const printCursor = (row) => Buffer.from(JSON.stringify([row.views, row.id])).toString('base64url');
const parseCursor = (text) => JSON.parse(Buffer.from(text, 'base64url').toString());

app.get('/api/v1/records/posts', async (request, response) => {
  const { query } = request;
  const limit = Number(query.limit ?? 30);
  const values = [request.me];
  const where = [mine('$1')];
  let name = 'list';
  if (query['p.status'] !== undefined) {
    values.push(query['p.status']);
    where.push(`p."status" = $${values.length}`);
    name += ' status';
  }
  if (query.cursor !== undefined) {
    values.push(...parseCursor(query.cursor));
    where.push(`(p."views", p."id") < ($${values.length - 1}, $${values.length})`);
    name += ' cursor';
  }
  values.push(limit + 1);
  const at = query.page === undefined ? '' : ` OFFSET ${(Number(query.page) - 1) * limit}`;
  const tail = `WHERE ${where.join(' AND ')} ORDER BY p."views" DESC, p."id" DESC LIMIT $${values.length}${at}`;
  if (at !== '') name += ' page';
  const expands = query.expand === 'author';
  const rows = expands
    ? await run(`${name} author`, `SELECT ${columns}, ${author} FROM posts p LEFT JOIN users u ON u."id" = p."author" ${tail}`, values)
    : await run(name, `SELECT ${columns} FROM posts p ${tail}`, values);
  const shown = rows.slice(0, limit);
  const data = expands ? shown.map(withAuthor) : shown;
  const next = rows.length > limit ? printCursor(data.at(-1)) : null;
  response.set('Cache-Control', 'no-store').json({ data, page: { limit, next, prev: null } });
});

app.use(express.json());

app.post('/api/v1/records/posts', async (request, response) => {
  const { title, body = null, status = 'draft', views = 0 } = request.body;
  if (typeof title !== 'string' || title.length > 200) return response.status(422).json({ code: 'validation_failed' });
  const [row] = await run(
    'create',
    `INSERT INTO posts AS p ("id", "title", "body", "status", "views", "author") VALUES (gen_random_uuid(), $1, $2, $3, $4, $5) RETURNING ${columns}`,
    [title, body, status, views, request.me],
  );
  one(response, row, 201);
});

app.patch('/api/v1/records/posts/:id', async (request, response) => {
  const { title } = request.body;
  if (typeof title !== 'string' || title.length > 200) return response.status(422).json({ code: 'validation_failed' });
  const [row] = await run(
    'update',
    `UPDATE posts p SET "title" = $1, "updated" = now(), "version" = "version" + 1 WHERE p."id" = $2 AND ${mine('$3')} RETURNING ${columns}`,
    [title, request.params.id, request.me],
  );
  one(response, row);
});

const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`));
