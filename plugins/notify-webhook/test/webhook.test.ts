import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import type { NotifyEvent } from 'rvrrpd/plugin';
import { notifyCompliance, notifyEvent } from 'rvrrpd/plugin';
import { afterAll, beforeAll, expect, test } from 'vitest';
import plugin, { headersOf, isFinal } from '../src/index.ts';
import { targetOf } from '../src/post.ts';

/** Requests in the order in which they have come. */
const requests: { headers: IncomingHttpHeaders; body: string; url: string; method: string }[] = [];
let status = 200;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part: Buffer) => {
    body += part.toString();
  });
  request.on('end', () => {
    requests.push({ headers: request.headers, body, url: request.url!, method: request.method! });
    response.writeHead(status).end('said');
  });
});
/** Somebody who never answers. */
const mute = createTcp((socket) => socket.on('error', () => {}));
const portOf = (of: { address(): unknown }): number => (of.address() as AddressInfo).port;

beforeAll(async () => {
  for (const each of [server, mute])
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', () => resolve()));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  mute.close();
});

const url = (of = server as { address(): unknown }): string => `http://127.0.0.1:${portOf(of)}/hook?a=b`;

notifyCompliance({
  test: (name, body) => test(name, body, 60_000),
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  settings: () => ({ url: url() }),
  arrived: () => requests.map(({ body }) => JSON.parse(body) as NotifyEvent).length,
  failing: { url: 'http://127.0.0.1:1/' },
  hanging: () => ({ url: url(mute) }),
  right: [{ url: 'https://[::1]:8443/x', secret: 's', headers: { 'X-A': 'b' }, interface: 'eth0' }],
  wrong: [
    { settings: { url: 'ftp://x' }, contains: 'ftp' },
    { settings: { url: 'http://[' }, contains: 'http://[' },
    { settings: { url: 'https://x', ca: '/nonexistent.pem' }, contains: '/nonexistent.pem' },
    { settings: { url: 'https://x', ca: '/dev/zero' }, contains: 'ca = "/dev/zero": is no regular file' },
    { settings: { url: 'http://x', headers: { 'a b': 'c' } }, contains: 'a b' },
  ],
});

const context = { name: 'webhook', options: {}, log: () => {}, hook: 'x', timeout: 1000 };
const made = (settings: Readonly<Record<string, unknown>>) =>
  plugin.create({ ...context, settings: { url: url(), verify: true, ...settings } });
const deliver = (settings: Readonly<Record<string, unknown>>, event = notifyEvent()) =>
  Promise.resolve(made(settings).deliver(event, new AbortController().signal));

test('a request is a POST of the event, signed, with headers of one’s own', async () => {
  const event = notifyEvent({ cause: 'ü' });
  await deliver({ secret: 'key', headers: { Authorization: 'Bearer x' } }, event);
  const { headers, body, url: asked, method } = requests.at(-1)!;
  expect([method, asked]).toEqual(['POST', '/hook?a=b']);
  expect(JSON.parse(body)).toEqual(event);
  expect(headers).toMatchObject({
    ...{ 'content-type': 'application/json', authorization: 'Bearer x' },
    ...{ 'x-rvrrpd-hook': 'kit', 'x-rvrrpd-sequence': '1' },
    'x-rvrrpd-signature': `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}`,
  });
});

test('without a secret there is no signature', () => {
  expect(headersOf(notifyEvent(), Buffer.from(''), {})).not.toHaveProperty('x-rvrrpd-signature');
});

test.each([
  [500, undefined],
  [302, undefined],
  [404, undefined],
  [400, true],
  [413, true],
])('an answer of %i is a failure, final: %s', async (answer, final) => {
  status = answer;
  const error = await deliver({}).catch((reason: unknown) => reason as Error & { final?: boolean });
  status = 200;
  expect((error as Error).message).toBe(`127.0.0.1:${portOf(server)} answers ${answer}`);
  expect(error).toHaveProperty('final', final ?? false);
});

test('which answers are final', () => {
  expect([400, 410, 422, 499].every(isFinal)).toBe(true);
  expect([199, 200, 301, 401, 403, 404, 408, 429, 500, 503].some(isFinal)).toBe(false);
});

test('where a URL leads', () => {
  expect(targetOf('https://user:p%40ss@[::1]/a?b')).toEqual({
    ...{ tls: true, host: '::1', port: 443, path: '/a?b', hostHeader: '[::1]', credentials: 'user:p@ss' },
  });
  expect(targetOf('http://hooks.example:8080')).toEqual({
    ...{ tls: false, host: 'hooks.example', port: 8080, path: '/', hostHeader: 'hooks.example:8080' },
  });
});
