/** The server that one would write by hand for files: express.static to give them, a bare stream to disk to take them. Started by files.mjs. */
import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import express from 'express';

const { FILES } = process.env;
mkdirSync(join(FILES, 'taken'), { recursive: true });
const app = express();
app.use('/files', express.static(FILES));
app.post('/files', async (request, response) => {
  const path = join(FILES, 'taken', randomUUID());
  // Safe on the disk before it is said to be there, as one who answers 201 must mean it.
  await pipeline(request, createWriteStream(path, { flush: true }));
  response.status(201).json({ path });
  await rm(path);
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`));
