/** /account: the pages that links in mails open, where the app names none of its own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router } from 'express';
import { securePage } from './dashboard.ts';

const pages = ['verify', 'reset', 'email'];

export function pageRoutes(folder: string): Router {
  const router = Router();
  router.use('/assets', express.static(folder, { index: false, maxAge: 0 }));
  router.get('/:page', securePage, (request, response, next) => {
    const file = join(folder, 'index.html');
    const { page } = request.params;
    if (typeof page !== 'string' || !pages.includes(page) || !existsSync(file)) return next();
    response.setHeader('Cache-Control', 'no-store');
    response.type('html').send(readFileSync(file, 'utf8'));
  });
  return router;
}
