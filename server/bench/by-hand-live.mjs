/** The live server that one would write by hand: each record that is made is told everybody who is connected, with no rule and no filter. */
import { createServer } from 'node:http';
import express from 'express';
import pg from 'pg';
import { Server } from 'socket.io';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: '-c role=underpin_app' });
const app = express();
const server = createServer(app);
const io = new Server(server, { path: '/realtime', transports: ['websocket'], perMessageDeflate: false });

app.post('/api/v1/records/notes', express.json(), async (request, response) => {
  const { title, state, room } = request.body;
  const text = 'INSERT INTO notes (id, title, state, room) VALUES (gen_random_uuid(), $1, $2, $3) RETURNING *';
  const { rows } = await pool.query({ name: 'create', text, values: [title, state, room] });
  io.emit('created', rows[0]);
  response.status(201).json(rows[0]);
});

server.listen(0, '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
