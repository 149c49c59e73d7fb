/**
 * /docs: the API as this caller may know it, to read and to try out, where the configuration shows it.
 * /docs/:page: the reference that fits this very server, as it stands in docs/reference. Errors link to it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router, type RequestHandler } from 'express';
import type { Config } from '../../kit/config.ts';
import { securePage } from './dashboard.ts';

/** It says no more than openapi.json does; but a public server need not offer strangers a page to try it out. */
export const showsReference = ({ API_DOCS, MODE }: Config): boolean => API_DOCS ?? MODE === 'development';

export function referenceRoutes(folder: string): Router {
  const router = Router();
  router.get('/', securePage, (_request, response, next) => {
    const file = join(folder, 'index.html');
    if (!existsSync(file)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.type('html').send(readFileSync(file, 'utf8'));
  });
  router.use('/assets', express.static(folder, { index: false, maxAge: 0 }));
  return router;
}

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
