/** /docs/:page: the reference that fits this very server, as it stands in docs/reference. Errors link to it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';

export const docsPage =
  (folder: string): RequestHandler =>
  (request, response, next) => {
    const { page } = request.params;
    if (typeof page !== 'string' || !/^[a-z-]+(\.md)?$/.test(page)) return next();
    const file = join(folder, `${page.replace(/\.md$/, '')}.md`);
    if (!existsSync(file)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.type('text/markdown; charset=utf-8').send(readFileSync(file, 'utf8'));
  };
