/**
 * The server that one would write by hand for one collection: Express 5 and pg, a token verified at every request, the
 * row rule in the SQL, named statements, a pool of ten. It knows its table and nothing else; what Underpin costs more
 * than this is the price of everything that it decides at run time. Started by scripts/bench.mjs.
 */
import express from 'express';
import { jwtVerify } from 'jose';
import pg from 'pg';

const { DATABASE_URL, JWT_SECRET } = process.env;
const secret = new TextEncoder().encode(JWT_SECRET);
const types = { getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) };
const options = '-c role=underpin_app -c timezone=UTC -c jit=off';
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, types, options });

const columns = '"id", "title", "body", "status", "views", "author", "created", "updated", "version"';
const mine = (parameter) => `("status" IN ('published', 'archived') OR "author" = ${parameter})`;
const run = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const app = express();
app.disable('x-powered-by');
app.disable('etag');

app.use(async (request, response, next) => {
  try {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    request.me = (await jwtVerify(token, secret, { algorithms: ['HS256'] })).payload.sub;
  } catch {
    return response.status(401).json({ code: 'unauthenticated' });
  }
  next();
});

const one = (response, row, status = 200) =>
  row === undefined
    ? response.status(404).json({ code: 'not_found' })
    : response.status(status).set('ETag', `"${row.version}"`).set('Cache-Control', 'no-store').json(row);

app.get('/api/v1/records/posts/:id', async (request, response) => {
  const [row] = await run('get', `SELECT ${columns} FROM posts WHERE "id" = $1 AND ${mine('$2')}`, [request.params.id, request.me]);
  one(response, row);
});

app.get('/api/v1/records/posts', async (request, response) => {
  const limit = Number(request.query.limit ?? 30);
  const rows = await run(
    'list',
    `SELECT ${columns} FROM posts WHERE ${mine('$1')} AND "status" = $2 ORDER BY "created" DESC, "id" DESC LIMIT $3`,
    [request.me, request.query['p.status'], limit + 1],
  );
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const next = rows.length > limit ? Buffer.from(JSON.stringify([last.created, last.id])).toString('base64url') : null;
  response.set('Cache-Control', 'no-store').json({ data, page: { limit, next, prev: null } });
});

app.use(express.json());

app.post('/api/v1/records/posts', async (request, response) => {
  const { title, body = null, status = 'draft', views = 0 } = request.body;
  if (typeof title !== 'string' || title.length > 200) return response.status(422).json({ code: 'validation_failed' });
  const [row] = await run(
    'create',
    `INSERT INTO posts ("id", "title", "body", "status", "views", "author") VALUES (gen_random_uuid(), $1, $2, $3, $4, $5) RETURNING ${columns}`,
    [title, body, status, views, request.me],
  );
  one(response, row, 201);
});

app.patch('/api/v1/records/posts/:id', async (request, response) => {
  const { title } = request.body;
  if (typeof title !== 'string' || title.length > 200) return response.status(422).json({ code: 'validation_failed' });
  const [row] = await run(
    'update',
    `UPDATE posts SET "title" = $1, "updated" = now(), "version" = "version" + 1 WHERE "id" = $2 AND ${mine('$3')} RETURNING ${columns}`,
    [title, request.params.id, request.me],
  );
  one(response, row);
});

const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`));
