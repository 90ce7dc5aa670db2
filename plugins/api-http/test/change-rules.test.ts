import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import type { ChangeOutcome } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import {
  app,
  ask,
  becomes,
  CHANGES,
  configured,
  daemon,
  ROUTE,
  refuses,
  TABLE,
  WITH_PLUGIN,
} from './changing.ts';

describe.each(CHANGES)('%s %s', (method, url, body) => {
  test.each<[string, boolean, boolean]>([
    ['', false, false],
    ['temporary=true', true, false],
    ['dry_run=true', false, true],
    ['dry_run=true&temporary=true', true, true],
    ['dry_run=false&temporary=false', false, false],
  ])('?%s', async (query, temporary, dryRun) => {
    configured();
    const response = await ask(method, `${url}?${query}`, body);
    expect(daemon.requests).toHaveLength(1);
    expect(daemon.requests[0]).toMatchObject({ temporary, dryRun });
    if (dryRun) {
      expect(response.statusCode).toBe(200);
      expect(response.headers).not.toHaveProperty('location');
    }
    if (!url.endsWith('failover')) expect(response.json()).toMatchObject({ temporary, dry_run: dryRun });
    expect(response.headers.etag).toBe('"new456"');
  });

  test.each(['dryrun=true', 'dry_run=yes', 'temporary', 'temporary=1', 'temporary=true&temporary=true'])(
    'does not guess what ?%s means',
    async (query) => {
      configured();
      expect((await ask(method, `${url}?${query}`, body)).statusCode).toBe(400);
      expect(daemon.requests).toEqual([]);
    },
  );

  test.each<[string, string]>([
    ['"abc123"', 'abc123'],
    [' "other" , "abc123"', 'abc123'],
    ['W/"abc123", "abc123"', 'abc123'],
    ['"a,b", ,"abc123",', 'abc123'],
  ])('If-Match: %s', async (header, onlyIf) => {
    configured();
    const response = await ask(method, url, body, { 'if-match': header });
    expect(response.statusCode).toBeLessThan(300);
    expect(daemon.requests[0]).toMatchObject({ onlyIf });
  });

  test('If-Match: *', async () => {
    configured();
    expect((await ask(method, url, body, { 'if-match': '*' })).statusCode).toBeLessThan(300);
  });

  test('If-Match that does not hold', async () => {
    configured();
    refuses('stale', 'the configuration has changed');
    const response = await ask(method, url, body, { 'if-match': '"old"' });
    expect(response.statusCode).toBe(412);
    expect(response.headers['content-type']).toMatch('application/problem+json');
  });

  test.each(['W/"abc123"', 'W/"abc123", W/"x"'])('weak %s never holds', async (header) => {
    configured();
    expect((await ask(method, url, body, { 'if-match': header })).statusCode).toBe(412);
    expect(daemon.requests).toEqual([]);
  });

  test.each(['abc123', '"abc123', '', ',', '"a" "b"', "'abc123'"])(
    'If-Match: %j is malformed',
    async (header) => {
      configured();
      expect((await ask(method, url, body, { 'if-match': header })).statusCode).toBe(400);
      expect(daemon.requests).toEqual([]);
    },
  );

  test('If-None-Match: * and the tag in force do not hold', async () => {
    configured();
    for (const header of ['*', '"abc123"', 'W/"abc123"']) {
      expect((await ask(method, url, body, { 'if-none-match': header })).statusCode).toBe(412);
    }
    expect(daemon.requests).toEqual([]);
  });

  test('If-None-Match of another tag holds as long as the configuration stays', async () => {
    configured();
    expect((await ask(method, url, body, { 'if-none-match': '"old"' })).statusCode).toBeLessThan(300);
    expect(daemon.requests[0]).toMatchObject({ onlyIf: 'abc123' });
  });

  test.each<[Extract<ChangeOutcome, { ok: false }>['reason'], number]>([
    ['missing', 404],
    ['exists', 409],
    ['conflict', 409],
    ['invalid', 422],
    ['failed', 422],
  ])('%s is %d', async (reason, status) => {
    configured();
    const error = { severity: 'error', directive: 'a', value: 'b', message: 'c' } as const;
    refuses(reason, 'because', [error, { severity: 'warning', directive: 'd', message: 'e' }]);
    const response = await ask(method, url, body);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch('application/problem+json');
    expect(response.json()).toMatchObject({ status, detail: 'because', errors: [error] });
    expect(response.headers).not.toHaveProperty('etag');
  });
});

describe.each(CHANGES.filter(([, url]) => url.startsWith('/config')))('%s %s', (method, url, body) => {
  test('tells of warnings', async () => {
    configured();
    becomes(WITH_PLUGIN, [
      { severity: 'warning', directive: 'vrouter[0].group', value: '0', message: 'not in the RFC' },
      { severity: 'notice', directive: '', message: 'another driver' },
    ]);
    expect((await ask(method, url, body)).json().warnings).toEqual([
      { directive: 'vrouter[0].group', message: 'not in the RFC', value: '0' },
      { directive: '', message: 'another driver' },
    ]);
  });
});

describe.each(CHANGES.filter(([, , body]) => body !== undefined))('%s %s', (method, url, body) => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', ''])(
    'takes no body of type "%s"',
    async (type) => {
      configured();
      const response = await app.inject({
        method,
        url,
        headers: { 'content-type': type },
        payload: JSON.stringify(body),
      });
      expect(response.statusCode).toBe(415);
      expect(response.headers[method === 'PATCH' ? 'accept-patch' : 'accept']).toMatch('application/json');
      expect(daemon.requests).toEqual([]);
    },
  );

  test.each<[string, string]>([
    ['no body', ''],
    ['half of one', '{"a":'],
    ['a number', '7'],
    ['null', 'null'],
    ['true', 'true'],
    ['an unpaired surrogate', JSON.stringify(body).replace(/"[^"]*"/, '"\\ud800"')],
    ['a member __proto__', '{"__proto__":{"a":1}}'],
    ['too many levels', `${'['.repeat(40)}${']'.repeat(40)}`],
  ])('takes no body that is %s', async (_, payload) => {
    configured();
    const response = await app.inject({
      method,
      url,
      headers: { 'content-type': 'application/json' },
      payload,
    });
    expect(response.statusCode).toBe(400);
    expect(daemon.requests).toEqual([]);
  });
});

describe('shapes', () => {
  test.each<[NonNullable<InjectOptions['method']>, string, unknown]>([
    ['POST', '/config/vrouter', [TABLE]],
    ['POST', '/config/vrouter', 'text'],
    ['PATCH', '/config/vrouter/1/eth0', [{ op: 'replace', path: '/priority', value: 1 }]],
    ['PATCH', '/config/global', 'debug'],
    ['PUT', '/config/protocols/static', ROUTE],
    ['PUT', '/config/protocols/static', ['x']],
    ['PUT', '/config/protocols/static', [[ROUTE]]],
    ['PUT', '/config/protocols/static', [null]],
    ['POST', '/config/protocols/static', [ROUTE]],
    ['PUT', '/config/plugins/x', ['^1']],
  ])('%s %s does not take %j', async (method, url, body) => {
    const response = await ask(method, url, body);
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toMatch('the body must be a JSON');
    expect(daemon.requests).toEqual([]);
  });

  test('what a directive must be is for the daemon to say', async () => {
    refuses('invalid', 'wrong', [{ severity: 'error', directive: 'vrouter[2].priority', message: 'm' }]);
    const bodies = [{ priority: '7' }, { priority: 999 }, { vip: { a: 1 } }, { nonsense: [] }];
    for (const body of bodies) {
      expect((await ask('POST', '/config/vrouter', body)).statusCode).toBe(422);
      expect((await ask('PATCH', '/config/vrouter/1/eth0', body)).statusCode).toBe(422);
    }
    expect(daemon.requests).toHaveLength(2 * bodies.length);
  });
});

test('no body, path or header makes it fail', async () => {
  refuses('invalid');
  const url = fc.constantFrom(...CHANGES.map(([, path]) => path));
  const method = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE') as fc.Arbitrary<'POST'>;
  const tag = fc.oneof(fc.constantFrom('*', '"abc123"', 'W/"a"'), fc.string({ unit: 'grapheme-ascii' }));
  await fc.assert(
    fc.asyncProperty(url, method, fc.jsonValue(), fc.option(tag), async (path, verb, body, match) => {
      const response = await ask(verb, path, body, match === null ? {} : { 'if-match': match });
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.statusCode).toBeLessThan(500);
      expect(response.json().status).toBe(response.statusCode);
    }),
    { numRuns: 500 },
  );
});
