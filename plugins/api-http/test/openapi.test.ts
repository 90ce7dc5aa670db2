import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hoistTitled } from '../src/views/openapi.ts';
import { bearerOf, makeApp } from './app.ts';
import { CONFIGURATION, DAEMON } from './context.ts';

/** A part of the document, as far as these tests look into it. */
interface Media {
  readonly schema: object;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, Media> }
  >;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string }[];
  readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: object };
  readonly paths: Record<string, Record<string, Operation>>;
}

/** All operations, by who may use them. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  public: ['GET /', 'POST /auth', 'GET /healthz', 'GET /openapi.json'],
  metrics: ['GET /metrics'],
  read: [
    'GET /auth',
    'DELETE /auth',
    'POST /auth/tokens',
    'DELETE /auth/tokens/{id}',
    'DELETE /auth/sessions/{user}',
    'GET /events',
    'GET /run/vrrp',
    'GET /run/vrrp/{group}',
    'GET /run/vrrp/{group}/{interface}',
    'GET /run/global',
    'GET /run/protocols',
    'GET /run/protocols/{name}',
    'GET /run/status',
    'GET /run/plugins',
    'GET /config/global',
    'GET /config/vrouter',
    'GET /config/vrouter/{group}/{interface}',
    'GET /config/track',
    'GET /config/track/{name}',
    'GET /config/sync',
    'GET /config/sync/{name}',
    'GET /config/protocols',
    'GET /config/protocols/{name}',
    'GET /config/plugins',
    'GET /config/plugins/{name}',
  ],
  write: [
    'POST /config/vrouter',
    'PATCH /config/vrouter/{group}/{interface}',
    'DELETE /config/vrouter/{group}/{interface}',
    'POST /run/vrrp/{group}/{interface}/failover',
    'POST /run/vrrp/{group}/{interface}/standby',
    'POST /run/vrrp/{group}/{interface}/resume',
    'POST /run/standby',
    'POST /run/resume',
    'PATCH /config/global',
    'POST /config/track',
    'PATCH /config/track/{name}',
    'DELETE /config/track/{name}',
    'POST /config/sync',
    'PATCH /config/sync/{name}',
    'DELETE /config/sync/{name}',
    'PUT /config/protocols/{name}',
    'POST /config/protocols/{name}',
    'DELETE /config/protocols/{name}',
    'PUT /config/plugins/{name}',
    'DELETE /config/plugins/{name}',
  ],
};

let app: FastifyInstance;
let authorization: string;
let document: Document;
beforeAll(async () => {
  const data = {
    ...CONFIGURATION.data,
    vrouter: [
      ...(CONFIGURATION.data.vrouter as object[]),
      { group: 3, interface: 'eth2', vip: ['192.0.2.1', '192.0.2.2'], timers: { advert: 2 } },
    ],
    track: [
      { name: 'uplink', type: 'link', interface: 'eth1' },
      { name: 'web', type: 'http' },
    ],
    sync: [{ name: 'gw', routers: ['eth0/1', 'eth1/2'], track: ['uplink', { name: 'web', weight: -3 }] }],
    plugins: { 'rvrrpd-plugin-x': { options: { password: '***' } } },
  };
  const lastReload = {
    ...{ time: '2026-02-03T04:05:06.789Z', ok: false, error: 'no', code: 'config-invalid' },
    issues: ['error: a:1: b'],
  };
  ({ app } = await makeApp({
    configuration: () => ({ ...CONFIGURATION, data }),
    daemon: () => ({ ...DAEMON, lastReload }),
  }));
  authorization = await bearerOf(app);
  document = (await app.inject('/openapi.json')).json();
});
afterAll(() => app.close());

/** `[GET /run/vrrp, …]` of the document. */
function operations(): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

/** Every object in `value`, itself among them. */
function* nodes(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const member of Object.values(value)) yield* nodes(member);
}

/** What a `$ref` of the document points to. */
function resolve(reference: unknown): unknown {
  const [root, ...parts] = String(reference).split('/');
  return parts.reduce<unknown>(
    (node, part) => (node as Record<string, unknown> | undefined)?.[part],
    root === '#' ? document : undefined,
  );
}

/** What an answer has that a schema of the document does not allow, or does not name; undefined: nothing. */
function faultOf(schema: object, answer: unknown): string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const closed = JSON.stringify({ ...schema, components: document.components }).replaceAll(
    /"properties":(?=\{)/g,
    '"unevaluatedProperties":false,"properties":',
  );
  const check = ajv.compile(JSON.parse(closed));
  return check(answer) ? undefined : ajv.errorsText(check.errors);
}

describe('the OpenAPI document', () => {
  test('is public, and says what it is', async () => {
    const response = await app.inject('/openapi.json/');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(document.openapi).toBe('3.1.0');
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(document.info.version).toBe(manifest.version);
    expect(document.servers).toMatchObject([{ url: '/' }]);
    expect(document.components.securitySchemes).toMatchObject({
      session: { type: 'apiKey', in: 'cookie', name: 'token' },
      bearer: { type: 'http', scheme: 'bearer' },
    });
  });

  test('has all operations', () => {
    const expected = Object.values(OPERATIONS).flat();
    expect(
      operations()
        .map(([name]) => name)
        .sort(),
    ).toEqual([...expected].sort());
  });

  test('says who may use them', () => {
    const loggedIn = [{ session: [] }, { bearer: [] }];
    const security: Record<string, object[]> = {
      public: [],
      metrics: [{}, ...loggedIn],
      read: loggedIn,
      write: loggedIn,
    };
    const all = new Map(operations());
    for (const [access, names] of Object.entries(OPERATIONS)) {
      for (const name of names) expect([name, all.get(name)?.security]).toEqual([name, security[access]]);
    }
  });

  test('names and describes every operation', () => {
    const tags = document.tags.map(({ name }) => name);
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [name, operation] of operations()) {
      expect(operation.operationId, name).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary, name).toMatch(/\S/);
      expect(operation.tags, name).toHaveLength(1);
      expect(tags, name).toContain(operation.tags[0]);
    }
  });

  test('has the parameters of every path', () => {
    for (const [name, { parameters = [] }] of operations()) {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const described = parameters.filter((parameter) => parameter.in === 'path' && parameter.required);
      expect(described.map((parameter) => parameter.name).sort(), name).toEqual(inPath.sort());
      const required = parameters.filter((parameter) => parameter.in !== 'path' && parameter.required);
      expect(required, name).toEqual([]);
    }
  });

  test('has an answer for every status, and problems for errors', () => {
    for (const [name, { responses, security }] of operations()) {
      const statuses = Object.keys(responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
      if (security.length > 0) expect(statuses, name).toContain('401');
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description, `${name} ${status}`).toMatch(/\S/);
        expect(description, `${name} ${status}`).not.toBe('Default Response');
        if (Number(status) < 400) continue;
        expect(content, `${name} ${status}`).toEqual({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        });
      }
    }
  });

  test('has all that it refers to, and each titled schema once', () => {
    const references = [...nodes(document)].flatMap(({ $ref }) => ($ref === undefined ? [] : [$ref]));
    expect(references.length).toBeGreaterThan(100);
    for (const reference of references) expect(resolve(reference), String(reference)).toBeTypeOf('object');
    const inline = [...nodes(document.paths)].filter(({ title }) => typeof title === 'string');
    expect(inline).toEqual([]);
  });

  test('has schemas that are none but JSON Schema', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'openapi');
    const media = operations().flatMap(([, { requestBody, responses }]) => [
      ...Object.values(requestBody?.content ?? {}),
      ...Object.values(responses).flatMap(({ content = {} }) => Object.values(content)),
    ]);
    const schemas = [...media.map(({ schema }) => schema), ...Object.values(document.components.schemas)];
    for (const schema of schemas) expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
  });

  test.each([
    ['/run/vrrp', '/run/vrrp'],
    ['/run/vrrp/{group}', '/run/vrrp/1'],
    ['/run/vrrp/{group}/{interface}', '/run/vrrp/1/eth0'],
    ['/run/global', '/run/global'],
    ['/run/protocols', '/run/protocols'],
    ['/run/protocols/{name}', '/run/protocols/static'],
    ['/run/status', '/run/status'],
    ['/run/plugins', '/run/plugins'],
    ['/config/global', '/config/global'],
    ['/config/vrouter', '/config/vrouter'],
    ['/config/vrouter/{group}/{interface}', '/config/vrouter/3/standby3'],
    ['/config/protocols', '/config/protocols'],
    ['/config/protocols/{name}', '/config/protocols/static'],
    ['/config/plugins', '/config/plugins'],
    ['/config/plugins/{name}', '/config/plugins/rvrrpd-plugin-x'],
    ['/auth', '/auth'],
  ])('describes the answer of %s', async (path, url) => {
    const response = await app.inject({ url, headers: { authorization } });
    expect(response.statusCode).toBe(200);
    const schema = document.paths[path]!.get!.responses['200']!.content!['application/json']!.schema;
    expect(faultOf(schema, response.json())).toBeUndefined();
  });

  test('describes a failed reload with all that the daemon tells of it', async () => {
    const { schema } = document.paths['/run/status']!.get!.responses['200']!.content!['application/json']!;
    const response = await app.inject({ url: '/run/status', headers: { authorization } });
    const { last_reload: told } = response.json<{ last_reload: object }>();
    expect(told).toEqual({
      ...{ time: '2026-02-03T04:05:06.789Z', ok: false, error: 'no', code: 'config-invalid' },
      issues: ['error: a:1: b'],
    });
    const undocumented = { ...response.json(), last_reload: { ...told, more: 1 } };
    expect(faultOf(schema, undocumented)).toMatch('last_reload must NOT have unevaluated properties');
  });

  test('describes problems with all that the daemon tells of a refusal', async () => {
    const made = await makeApp({
      change: async () => ({
        ...{ ok: false, reason: 'invalid', code: 'config-invalid', message: 'no' },
        issues: [{ severity: 'error', directive: 'vrouter[0].priority', value: '"x"', message: 'a number' }],
      }),
    });
    const response = await made.app.inject({
      method: 'PATCH',
      url: '/config/global',
      headers: { authorization: await bearerOf(made.app), 'content-type': 'application/json' },
      payload: { debug: 1 },
    });
    await made.app.close();
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({ code: 'config-invalid', errors: [{ value: '"x"' }] });
    expect(faultOf({ $ref: '#/components/schemas/Problem' }, response.json())).toBeUndefined();
  });

  test('describes the answers to changes', async () => {
    const operation = document.paths['/config/vrouter']!.post!;
    const response = await app.inject({
      method: 'POST',
      url: '/config/vrouter',
      headers: { authorization },
      payload: { group: 3, interface: 'eth2', vip: '192.0.2.1' },
    });
    expect(response.statusCode).toBe(201);
    const { schema } = operation.responses['201']!.content!['application/json']!;
    const check = new Ajv2020({ strict: false }).compile({ ...schema, components: document.components });
    expect(check(response.json()), JSON.stringify(check.errors)).toBe(true);
    expect(check({ ...response.json(), warnings: 'none' })).toBe(false);
  });
});

describe('the page', () => {
  test.each(['/docs', '/docs/'])('%s is public, and has all that it needs with it', async (url) => {
    const page = await app.inject(url);
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const links = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) {
      const asset = await app.inject(new URL(link, 'http://host/docs/').pathname);
      expect([link, asset.statusCode]).toEqual([link, 200]);
    }
    expect(page.body).not.toMatch(/<script[^>]*>\s*[^<\s]|<style|https?:\/\//);
  });

  test('may load nothing from elsewhere, and nothing else may show it', async () => {
    for (const url of ['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/static/swagger-initializer.js']) {
      const { headers } = await app.inject(url);
      const policy = String(headers['content-security-policy']);
      expect(policy).toMatch("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).toMatch("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*|upgrade-insecure-requests/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('reads this document', async () => {
    expect((await app.inject('/docs/json')).json()).toEqual(document);
  });

  test.each([
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/../../package.json',
    '/docs/static/nothing.js',
  ])('%s is not there', async (url) => {
    const { statusCode } = await app.inject(url);
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(statusCode).toBeLessThan(500);
  });
});

describe('titled schemas', () => {
  const documentOf = (...schemas: readonly object[]): Record<string, unknown> => ({
    paths: {
      '/x': {
        get: { responses: { 200: { content: { 'application/json': { schema: { anyOf: schemas } } } } } },
      },
    },
  });

  test('become components, also where they are nested and where a property is called title', () => {
    const inner = { title: 'Inner', type: 'object', properties: { title: { type: 'string' } } };
    const outer = { title: 'Outer', type: 'array', items: inner };
    const made = documentOf(outer, inner);
    hoistTitled(made);
    expect(made).toEqual({
      ...documentOf({ $ref: '#/components/schemas/Outer' }, { $ref: '#/components/schemas/Inner' }),
      components: {
        schemas: {
          Inner: { type: 'object', properties: { title: { type: 'string' } } },
          Outer: { type: 'array', items: { $ref: '#/components/schemas/Inner' } },
        },
      },
    });
  });

  test('stay where they are if another one has their title', () => {
    const made = documentOf({ title: 'A', type: 'string' }, { title: 'A', type: 'number' });
    hoistTitled(made);
    expect(made).toEqual({
      ...documentOf({ $ref: '#/components/schemas/A' }, { title: 'A', type: 'number' }),
      components: { schemas: { A: { type: 'string' } } },
    });
  });
});
