import { Type } from '@sinclair/typebox';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Routes } from '../src/deps.ts';
import { PathTable } from '../src/path-table.ts';
import { ProblemError } from '../src/problems.ts';
import { ApiService } from '../src/service.ts';
import { cookiesOf, makeApp, type TestApp } from './app.ts';
import { fakeContext } from './context.ts';
import { RawClient, statusOf } from './raw-client.ts';

const probes: Routes = (app) => {
  app.post('/probe/body', { config: { access: 'public' } }, async ({ body }) => ({ body: body ?? null }));
  app.get('/probe/throw', { config: { access: 'public' } }, async () => {
    throw new Error('a secret detail');
  });
  app.get('/probe/problem', { config: { access: 'public' } }, async () => {
    throw new ProblemError(409, 'it is so', {
      errors: [{ severity: 'error', directive: 'a.b', message: 'must be c' }],
      headers: { 'retry-after': '7' },
    });
  });
  app.get(
    '/probe/typed/:number',
    {
      config: { access: 'public' },
      schema: {
        params: Type.Object({ number: Type.Integer({ minimum: 1 }) }),
        querystring: Type.Object({ flag: Type.Optional(Type.Boolean()), word: Type.Optional(Type.String()) }),
      },
    },
    async ({ params, query }) => ({ params, query }),
  );
  app.post(
    '/probe/typed',
    {
      config: { access: 'public' },
      schema: {
        body: Type.Object(
          { number: Type.Optional(Type.Union([Type.Integer(), Type.Null()])) },
          { additionalProperties: false },
        ),
      },
    },
    async ({ body }) => ({ body }),
  );
};

let it: TestApp;
beforeEach(async () => {
  it = await makeApp({}, probes);
});
afterEach(async () => {
  await it.app.close();
});

describe('every answer', () => {
  test.each([
    ['GET', '/', 200],
    ['GET', '/healthz', 200],
    ['GET', '/run/vrrp', 401],
    ['GET', '/probe/throw', 500],
    ['GET', '/%', 400],
    ['POST', '/', 405],
    ['HEAD', '/', 200],
  ] as const)('%s %s has the headers that keep browsers from mischief', async (method, url, status) => {
    const { statusCode, headers } = await it.app.inject({ method, url });
    expect(statusCode).toBe(status);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  test('the page of the documentation has a policy of its own', async () => {
    const { statusCode, headers } = await it.app.inject('/docs/');
    expect(statusCode).toBe(200);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test('the first page says how to begin', async () => {
    const { body, headers } = await it.app.inject('/');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const word of ['/auth', 'user=NAME passwd=PASSWORD', '/docs', '/run/vrrp'])
      expect(body).toContain(word);
  });
});

describe('errors', () => {
  test('a fault of ours: the log has it, the client has not', async () => {
    const answer = await it.app.inject('/probe/throw');
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      detail: 'a fault of the API; the daemon’s log tells more',
    });
    expect(it.log).toHaveLength(1);
    expect(it.log[0]).toMatch(/^error GET \/probe\/throw failed: Error: a secret detail\n +at /);
  });

  test('a problem: status, detail, errors and headers', async () => {
    const answer = await it.app.inject('/probe/problem');
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['retry-after']).toBe('7');
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'it is so',
      errors: [{ severity: 'error', directive: 'a.b', message: 'must be c' }],
    });
    expect(it.log).toEqual([]);
  });

  test.each([
    ['/probe/typed/0', 'params.number must be >= 1'],
    ['/probe/typed/x', 'params.number must be integer'],
    ['/probe/typed/1.5', 'params.number must be integer'],
    ['/probe/typed/1?flag=1', 'querystring.flag must be boolean'],
    ['/probe/typed/1?word=a&word=b', 'querystring.word must be string'],
  ])('%s: %s', async (url, detail) => {
    const answer = await it.app.inject(url);
    expect(answer.statusCode).toBe(400);
    const { errors, ...rest } = answer.json();
    expect(rest.detail).toBe(detail);
    expect(errors).toEqual([
      { severity: 'error', directive: detail.split(' ')[0], message: detail.slice(detail.indexOf(' ') + 1) },
    ]);
  });

  test('numbers and truth values in paths and queries have their types', async () => {
    const answer = await it.app.inject('/probe/typed/12?flag=true&word=12');
    expect(answer.json()).toEqual({ params: { number: 12 }, query: { flag: true, word: '12' } });
  });

  test.each<[unknown, number]>([
    [{ number: 1 }, 200],
    [{ number: null }, 200],
    [{ number: '1' }, 400],
    [{ number: true }, 400],
    [{ other: 1 }, 400],
  ])('a body is taken as it is: %j is %i', async (payload, status) => {
    const answer = await it.app.inject({ method: 'POST', url: '/probe/typed', payload: payload as object });
    expect(answer.statusCode).toBe(status);
    if (status === 200) expect(answer.json()).toEqual({ body: payload });
  });
});

describe('paths and methods', () => {
  test.each([
    ['PUT', '/run/vrrp', 'GET, HEAD'],
    ['DELETE', '/run/vrrp/', 'GET, HEAD'],
    ['PUT', '/config/vrouter/1/eth0', 'GET, HEAD, PATCH, DELETE'],
    ['POST', '/auth/sessions/carol', 'DELETE'],
  ] as const)('%s %s is 405 with Allow', async (method, url, allow) => {
    const headers = { cookie: await cookiesOf(it.app) };
    const answer = await it.app.inject({ method, url, headers });
    expect(answer.statusCode).toBe(405);
    expect(String(answer.headers.allow).split(', ').sort()).toEqual(allow.split(', ').sort());
  });

  test.each(['PROPFIND', 'TRACE', 'QUERY', 'OPTIONS', 'LINK'])('%s is 405, too', async (method) => {
    const cookie = await cookiesOf(it.app);
    const { app } = it;
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const request = (path: string) =>
      statusOf(
        port,
        `${method} ${path} HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
      );
    const known = await request('/run/vrrp');
    if (method === 'QUERY')
      expect([400, 405]).toContain(known); // newer versions of Node.js know it
    else expect(known).toBe(405);
    expect(await request('/nothing')).toBe(known === 400 ? 400 : 404);
  });

  test('what is not there is 404 for who is logged in', async () => {
    const headers = { cookie: await cookiesOf(it.app) };
    for (const url of [
      '/nothing',
      '/run',
      '/run/vrrp/1/eth0/x',
      '//run/vrrp',
      '/run//vrrp',
      '/RUN/vrrp',
      '/run/vrrp%00',
      '/run%2fvrrp',
      '/run/vrrp;x',
    ]) {
      expect((await it.app.inject({ url, headers })).statusCode, url).toBe(404);
    }
  });

  test('the table knows patterns, parameters and wildcards', async () => {
    const table = new PathTable();
    const { default: fastify } = await import('fastify');
    const app = fastify();
    table.watch(app);
    app.get('/', async () => '');
    app.get('/a/:b', { config: { access: 'read' } }, async () => '');
    app.put('/a/:b', async () => '');
    app.get('/s/*', { config: { access: 'public' } }, async () => '');
    app.get('/x.y', async () => '');
    const methods = (url: string) => Object.fromEntries(table.methods(url));
    expect(methods('/')).toEqual({ GET: 'write', HEAD: 'write' });
    expect(methods('/a/1?b=/c')).toEqual({ GET: 'read', HEAD: 'read', PUT: 'write' });
    expect(methods('/a/1/')).toEqual({ GET: 'read', HEAD: 'read', PUT: 'write' });
    expect(methods('/s/1/2')).toEqual({ GET: 'public', HEAD: 'public' });
    expect(methods('/x.y')).toEqual({ GET: 'write', HEAD: 'write' });
    for (const url of ['/a', '/a/', '/a/1/2', '/xzy', '']) {
      expect(methods(url), url).toEqual(url === '' ? { GET: 'write', HEAD: 'write' } : {});
    }
    await app.close();
  });
});

describe('bodies', () => {
  const post = (payload: string | Buffer, type: string | undefined = 'application/json') =>
    it.app.inject({
      method: 'POST',
      url: '/probe/body',
      payload,
      headers: type === undefined ? {} : { 'content-type': type },
    });

  test.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['application/json; charset=utf-8', '[null]', [null]],
    ['application/merge-patch+json', '{"a":null}', { a: null }],
    ['application/json', '', null],
    ['application/json', '"[[[[ \\" [["', '[[[[ " [['],
  ])('%s %s', async (type, text, body) => {
    const answer = await post(text, type);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ body });
  });

  test('none at all', async () => {
    expect((await it.app.inject({ method: 'POST', url: '/probe/body' })).json()).toEqual({ body: null });
  });

  test.each<[string, string | Buffer, number]>([
    ['not JSON', '{"a":', 400],
    ['a trailing comma', '{"a":1,}', 400],
    ['not UTF-8', Buffer.from('"\xff"', 'latin1'), 400],
    ['a prototype', '{"__proto__":{"admin":true}}', 400],
    ['a constructor’s prototype', '{"constructor":{"prototype":{"admin":true}}}', 400],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 400],
    ['65,000 levels', `${'{"a":'.repeat(10_000)}`, 400],
    ['64 KiB and one octet', `"${'x'.repeat(65_535)}"`, 413],
  ])('%s is refused', async (_what, payload, status) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ type: 'about:blank', status });
  });

  test('32 levels, and 64 KiB, are not', async () => {
    expect((await post(`${'['.repeat(32)}${']'.repeat(32)}`)).statusCode).toBe(200);
    expect((await post(`"${'x'.repeat(65_534)}"`)).statusCode).toBe(200);
  });

  test.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('%s is 415', async (type) => {
    const answer = await post('{}', type);
    expect(answer.statusCode).toBe(415);
    expect(answer.json().detail).toContain('application/json');
  });

  test('no complaint quotes a body', async () => {
    for (const text of ['{"passwd":"banana"', 'banana', '{"banana":1}']) {
      expect((await post(text)).body, text).not.toContain(text === '{"banana":1}' ? 'x' : 'banana');
    }
  });
});

describe('over a socket', () => {
  let service: ApiService;
  beforeAll(async () => {
    service = new ApiService(fakeContext());
    await service.start();
  });
  afterAll(() => service.stop());

  test.each([
    ['/../etc/passwd', 401],
    ['/docs/../../etc/passwd', 401],
    ['/docs/static/../../package.json', 403],
    ['/docs/static/%2e%2e%2f%2e%2e%2fpackage.json', 404],
    ['/docs/static/..%5c..%5cpackage.json', 403],
    ['/config/%2e%2e/%2e%2e', 401],
    ['//evil.example/', 401],
    ['/%00', 401],
    ['/%ff', 400],
    ['/%', 400],
    ['/%zz', 400],
    [`/${'a'.repeat(10_000)}`, 401],
    [`/run/vrrp/${'1'.repeat(5000)}`, 414],
    ['/?'.padEnd(5000, 'a=1&'), 200],
    ['http://a/healthz', 200],
  ])('GET %.60s is %i', async (path, status) => {
    const got = await statusOf(service.port!, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(got).toBe(status);
  });

  test('whatever path it is: an answer, and no fault of ours', async () => {
    const octet = fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code));
    const piece = fc.oneof(
      octet,
      fc.constantFrom(
        '/',
        '..',
        '%2e',
        '%2f',
        '%00',
        '%',
        '?',
        '#',
        ';',
        '\\',
        'run',
        'vrrp',
        'docs',
        'static',
      ),
    );
    const client = new RawClient(service.port!);
    let current = client;
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        if (current.socket.destroyed || !current.socket.writable) current = new RawClient(service.port!);
        current.send(`GET /${pieces.join('')} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        const { status } = await current.answer();
        await current.closed;
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });

  test('HTTP/1.0 without Host, pipelined requests, and a body where none is expected', async () => {
    expect(await statusOf(service.port!, 'GET /healthz HTTP/1.0\r\n\r\n')).toBe(200);
    const client = new RawClient(service.port!);
    client.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
    for (let i = 0; i < 3; i++) expect((await client.answer()).status).toBe(200);
    client.send('GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    expect((await client.answer()).status).toBe(200);
    client.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.answer()).status).toBe(200);
    client.end();
  });

  test('a body that is larger than it may be is refused while it comes', async () => {
    const client = new RawClient(service.port!);
    client.send('POST /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n');
    expect((await client.answer()).status).toBe(413);
    client.end();
    const chunked = new RawClient(service.port!);
    chunked.send('POST /auth HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 20; i++) chunked.send(`400\r\n${'x'.repeat(1024)}\r\n`);
    expect((await chunked.answer()).status).toBe(413);
    chunked.end();
  });
});

test('what GET answers is what the OpenAPI document says', async () => {
  const headers = { cookie: await cookiesOf(it.app) };
  const document = (await it.app.inject('/openapi.json')).json();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'api');
  const parameters: Record<string, string> = { group: '1', interface: 'eth0', name: 'static' };
  let checked = 0;
  for (const [path, operations] of Object.entries<
    Record<string, { responses: Record<string, { content?: object }> }>
  >(document.paths)) {
    if (operations.get?.responses['200']?.content === undefined) continue;
    if (!('application/json' in operations.get.responses['200'].content) || path === '/openapi.json')
      continue;
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name]!);
    const answer = await it.app.inject({ url, headers });
    if (answer.statusCode === 404) continue; // nothing of that name in the fake
    expect(answer.statusCode, url).toBe(200);
    const name = encodeURIComponent(path.replaceAll('/', '~1'));
    const pointer = `api#/paths/${name}/get/responses/200/content/application~1json/schema`;
    const validate = ajv.compile({ $ref: pointer });
    expect(validate(answer.json()), `${url}: ${JSON.stringify(validate.errors)}`).toBe(true);
    checked++;
  }
  expect(checked).toBeGreaterThan(12);
});
