/** The HTTP door: what stands before every route, then the routes, in the order in which they are asked. */
import { createServer, type Server } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import type { Base } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import type { Tus } from '../files/tus.ts';
import { Lane } from '../kit/lane.ts';
import { limits } from '../kit/limits.ts';
import { newId } from '../kit/ids.ts';
import { accountRoutes } from './account.ts';
import { accountSessionRoutes } from './ops/account-sessions.ts';
import { authRoutes } from './auth.ts';
import { collectionRoutes, schemaRoute } from './collections.ts';
import { preflight } from './cors.ts';
import { dashboardRoutes, hasDashboard, sdkPackage } from './pages/dashboard.ts';
import { docsPage, referenceRoutes, showsReference } from './pages/docs.ts';
import { live as alive, proxy, ready } from './health.ts';
import { aboutPath, filesDoor } from './files.ts';
import { keyRoutes } from './keys.ts';
import { toReply } from './middleware/errors.ts';
import { openApi } from './openapi.ts';
import { filesOpsRoutes } from './ops/files.ts';
import { outboxRoutes } from './ops/outbox.ts';
import { pageRoutes } from './pages/account.ts';
import type { Live } from './live.ts';
import { batchRoute, recordsDoor } from './records.ts';
import { ruleRoutes } from './ops/rules.ts';
import { answerOthers, isForSockets } from './upgrades.ts';
import { queueRoutes } from './ops/queues.ts';
import { send } from './reply.ts';
import { route } from './route.ts';
import { setupRoute } from './ops/setup.ts';
import { publicKeys, rotation } from './ops/signing-keys.ts';
import { templateRoutes } from './ops/templates.ts';

/** Where the built parts lie that are served as files. */
export interface Served {
  readonly dashboard: string;
  readonly sdk: string;
  /** The page at /docs, and the pages of docs/reference. */
  readonly reference: string;
  /** The pages that links in mails open. */
  readonly account: string;
  readonly docs: string;
  /** Whether the built dashboard is the one of these sources; the start script knows. */
  readonly isCurrent?: () => boolean;
}

export function createHttpServer(base: Base, served: Served, live: Live, uploads: Tus): Server {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', false);
  app.use((_request, response, next) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    next();
  });
  app.get('/health/live', alive);
  app.get(
    '/health/ready',
    ready(base, () => hasDashboard(served.dashboard) && (served.isCurrent?.() ?? true)),
  );
  app.get('/health/proxy', proxy(base));
  app.get('/', (_request, response) => response.redirect(302, '/admin/'));
  app.use('/admin', dashboardRoutes(served.dashboard));
  app.get('/sdk.tgz', sdkPackage(served.sdk));
  app.use('/account', pageRoutes(served.account));
  if (showsReference(base.config)) app.use('/docs', referenceRoutes(served.reference));
  app.get('/docs/:page', docsPage(served.docs));
  app.use('/api/v1/auth', authRoutes(base));
  app.use('/api/v1/auth', accountRoutes(base));
  app.use('/api/v1/collections', collectionRoutes(base));
  app.get('/api/v1/schema', schemaRoute(base));
  app.get('/api/v1/openapi.json', openApi(base));
  app.post('/api/v1/batch', batchRoute(base));
  app.use('/api/v1/records/_api_keys', keyRoutes(base));
  app.use('/api/v1/ops/rules', ruleRoutes(base));
  app.use('/api/v1/ops/accounts', accountSessionRoutes(base));
  app.use('/api/v1/ops/queues', queueRoutes(base));
  app.use('/api/v1/ops/templates', templateRoutes(base));
  app.use('/api/v1/ops/outbox', outboxRoutes(base));
  app.use('/api/v1/ops/files', filesOpsRoutes(base));
  app.post('/api/v1/ops/setup', setupRoute(base));
  app.get('/.well-known/jwks.json', publicKeys(base));
  app.post('/api/v1/ops/signing-keys/rotate', rotation(base));
  app.use(
    route(
      base,
      () => {
        throw fail('not_found', 'There is nothing at this path.');
      },
      { anonymous: true, write: false },
    ),
  );
  app.use(lastResort(base));
  const answered = recordsDoor(base, live);
  const filesAnswered = filesDoor(base, uploads);
  // A crowd at any other door, as of those who sign in, is let in one by one; who asks for records does not wait behind it.
  const others = new Lane();
  const options = {
    headersTimeout: limits.request.headersTimeout,
    requestTimeout: limits.request.upload,
    keepAliveTimeout: limits.request.keepAlive,
    shouldUpgradeCallback: isForSockets,
  };
  const server = createServer(options, (request, response) => {
    if (request.method === 'OPTIONS' && request.url?.startsWith('/api/v1/') === true)
      preflight(base.config.CORS_ORIGINS, request, response, aboutPath(request.url));
    else if (!answered(request, response) && !filesAnswered(request, response)) others.add(() => app(request, response));
  });
  answerOthers(server);
  server.on('connection', () => others.skip());
  server.maxConnections = limits.request.connections;
  return server;
}

/** What Express itself refuses, as a path that cannot be decoded or a file that is not there. */
const lastResort =
  (base: Base): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = error instanceof Error && 'status' in error ? error.status : undefined;
    const failure = status === 404 ? fail('not_found', {}, error) : status === 400 ? fail('invalid_request', {}, error) : error;
    send(response, toReply(failure, newId(base.clock()), base.log));
  };
