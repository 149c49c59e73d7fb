/** /admin: the built dashboard, under a strict content security policy. /sdk.tgz: the client package that fits this server. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router, type RequestHandler } from 'express';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** A page of ours: it takes scripts and looks from this origin alone, sends to it alone, and is in nobody's frame. */
export const securePage: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Referrer-Policy', 'no-referrer');
  next();
};

export function dashboardRoutes(folder: string): Router {
  const router = Router();
  router.use(securePage);
  router.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', index: false, fallthrough: false }));
  router.use(express.static(folder, { index: false, maxAge: 0 }));
  router.get('/{*path}', (_request, response) => {
    response.setHeader('Cache-Control', 'no-cache');
    response.type('html').send(readFileSync(join(folder, 'index.html'), 'utf8'));
  });
  return router;
}

export const hasDashboard = (folder: string): boolean => existsSync(join(folder, 'index.html'));

export const sdkPackage =
  (file: string): RequestHandler =>
  (_request, response, next) => {
    if (!existsSync(file)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.type('application/gzip').send(readFileSync(file));
  };
