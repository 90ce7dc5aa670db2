/** The API's own documentation: `/openapi.json`, made of the routes' schemas, and a page to read it with. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Access, Routes } from '../deps.ts';
import { problemResponses } from '../problems.ts';
import { hoistTitled, nameAnswers } from '../views/openapi.ts';
import { own } from '../views/tables.ts';
import { answers } from './answers.ts';

/** Where the page is. */
const PAGE = '/docs';

/**
 * The page's own scripts and styles, requests to this API, images in the style sheet; nothing from elsewhere.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const LOGGED_IN = [{ session: [] }, { bearer: [] }];
/** Security requirements by access (OpenAPI 3.1.0 §4.8.30); an empty one makes the others optional. */
const SECURITY: Readonly<Record<Access, readonly { [scheme: string]: readonly string[] }[]>> = {
  public: [],
  read: LOGGED_IN,
  write: LOGGED_IN,
  metrics: [{}, ...LOGGED_IN],
};

const DESCRIPTION = [
  'Reading and changing a running rvrrpd. The paths that rVRRPd 0.1.3 has work as they do there.',
  '',
  'Errors are problem documents (RFC 9457). Paths work with and without a final slash.',
  '',
  'Changes are all or nothing. They take effect at once and without disturbing other virtual routers, and ' +
    'are written to the configuration file, unless `temporary=true` says otherwise. `dry_run=true` only ' +
    'tells what would come of them. With `If-Match` and the ETag of `/config`, a change is made only to ' +
    'what its author has seen.',
].join('\n');

/** Version of the API: that of this package. */
const VERSION = '1.0.0';

/**
 * Registers what collects the routes' schemas, and the page. To be awaited before routes are added, and after
 * the hooks that the page's answers need as well.
 */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'rvrrpd client API',
        description: DESCRIPTION,
        version: VERSION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This daemon.' }],
      tags: [
        { name: 'authentication', description: 'Log-in, log-out and tokens.' },
        { name: 'run', description: 'What is going on.' },
        { name: 'configuration', description: 'The configuration as read, secrets hidden.' },
        {
          name: 'changes',
          description: 'Changes of the configuration, and fail-over. For users of level 1 to 9.',
        },
        { name: 'telemetry', description: 'Events, metrics and health.' },
        { name: 'documentation', description: 'About this API.' },
      ],
      components: {
        securitySchemes: {
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'token',
            description: 'The cookies of `POST /auth`: `user`, `ts`, `nonce` and `token`, all four.',
          },
          bearer: { type: 'http', scheme: 'bearer', description: 'A token of `POST /auth/tokens`.' },
        },
      },
    },
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, counter) => {
        const id = own(schema, '$id');
        return typeof id === 'string' ? id : `Schema${counter}`;
      },
    },
    transform: ({ schema, url, route }) => {
      const access = route.config?.access ?? 'write';
      const body = route.config?.body;
      const level = access === 'write' ? 'Needs a user of level 1 or above.' : '';
      const description = [schema?.description ?? '', level].filter((text) => text !== '').join('\n\n');
      return {
        url,
        schema: {
          ...schema,
          ...(body === undefined ? {} : { body }),
          ...(description === '' ? {} : { description }),
          security: SECURITY[access],
        },
      };
    },
    transformObject: (collected) => {
      if (!('openapiObject' in collected)) throw new Error('not an OpenAPI document');
      const document = structuredClone(collected.openapiObject);
      nameAnswers(document as Record<string, unknown>);
      hoistTitled(document as Record<string, unknown>);
      return document;
    },
  });
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
    });
    await scope.register(swaggerUi, {
      routePrefix: PAGE,
      staticCSP: PAGE_POLICY,
      theme: { title: 'rvrrpd client API' },
      uiConfig: { docExpansion: 'list', persistAuthorization: false },
    });
  });
}

export const docsRoutes: Routes = (app) => {
  let document: Buffer | undefined;
  app.get(
    '/openapi.json',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getOpenApi',
        tags: ['documentation'],
        summary: 'This document',
        description: `OpenAPI 3.1. A page to read it with is at ${PAGE}.`,
        response: {
          200: answers(Type.Object({}, { additionalProperties: true }), 'The document.'),
          ...problemResponses(500, 503),
        },
      },
    },
    (_request, reply) => {
      document ??= Buffer.from(JSON.stringify(app.swagger()));
      return reply.header('content-type', 'application/json; charset=utf-8').send(document);
    },
  );
};
