import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NotifyEvent } from 'rvrrpd/plugin';
import { notifyCompliance, notifyEvent } from 'rvrrpd/plugin';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates } from '../../api-http/test/certificates.ts';
import plugin, { headersOf, isFinal } from '../src/index.ts';

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
const certificates = new Certificates();
const certificate = certificates.make('webhook');
const tls = createSecure(
  { key: readFileSync(certificate.tlsKey), cert: readFileSync(certificate.tlsCert) },
  (_, response) => response.end(),
);
/** Somebody who never answers. */
const mute = createTcp((socket) => socket.on('error', () => {}));
const portOf = (of: { address(): unknown }): number => (of.address() as AddressInfo).port;

beforeAll(async () => {
  for (const each of [server, tls, mute])
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', () => resolve()));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  tls.closeAllConnections();
  tls.close();
  certificates.remove();
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

describe('whatever the other side does', () => {
  /** Says this to each connection, and then goes on as told. */
  const odd = async (
    say: (socket: Socket) => void,
  ): Promise<{ url: string; sockets: Set<Socket>; close(): void }> => {
    const sockets = new Set<Socket>();
    const server = createTcp((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
      socket.once('data', () => say(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return { url: `http://127.0.0.1:${portOf(server)}/`, sockets, close: () => server.close() };
  };
  const endless = (socket: Socket, text: string): void => {
    const timer = setInterval(() => socket.write(text), 5);
    socket.on('close', () => clearInterval(timer));
  };

  test.each<[string, (socket: Socket) => void, string | undefined]>([
    [
      'an answer without an end',
      (socket) =>
        endless(socket.unref(), 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nmore\r\n'),
      undefined,
    ],
    [
      'headers without an end',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        endless(socket, `x-more: ${'x'.repeat(5000)}\r\n`);
      },
      'Header',
    ],
    ['what is no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH\r\n'), 'Parse Error'],
    ['an end without an answer', (socket) => socket.end(), 'connection reset'],
    ['a reset', (socket) => socket.resetAndDestroy(), 'connection reset'],
    [
      'another protocol',
      (socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      'answers 101',
    ],
    [
      'progress, and then an answer',
      (socket) =>
        socket.write(
          'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n',
        ),
      undefined,
    ],
    ['an answer of another age', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n'), undefined],
    [
      'a length that is no number',
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n'),
      'Parse Error',
    ],
  ])('%s: told, and nothing stays open', async (_, say, why) => {
    const { url, sockets, close } = await odd(say);
    const failure = await deliver({ url }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (why === undefined) expect(failure).toBeUndefined();
    else expect(failure).toContain(why);
    await expect.poll(() => sockets.size, { timeout: 20_000 }).toBe(0);
    close();
  });

  test('authorities that are none any more: told, and no connection stays open', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'notify-webhook-'));
    const ca = path.join(folder, 'ca.pem');
    const { pem } = certificate;
    writeFileSync(ca, pem);
    const secure = `https://localhost:${portOf(tls)}/`;
    const notifier = made({ url: secure, ca });
    await notifier.deliver(notifyEvent(), new AbortController().signal);
    const before = readdirSync('/proc/self/fd').length;
    for (const text of ['garbage', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      writeFileSync(ca, text);
      for (let round = 0; round < 8; round++)
        await expect(notifier.deliver(notifyEvent(), new AbortController().signal)).rejects.toThrow(
          `localhost:${portOf(tls)}: ca = "${ca}": must have certificates (PEM)`,
        );
      expect(() => made({ url: secure, ca })).toThrow(`ca = "${ca}"`);
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 8);
    writeFileSync(ca, pem); // they are read each time
    await notifier.deliver(notifyEvent(), new AbortController().signal);
    rmSync(folder, { recursive: true });
  });

  test.each([
    [{}, 'localhost', 'self-signed certificate'],
    [{ verify: false }, 'localhost', undefined],
  ])('a certificate that does not hold, with %j', async (settings, host, why) => {
    const delivered = deliver({ url: `https://${host}:${portOf(tls)}/`, ...settings });
    if (why === undefined) await delivered;
    else await expect(delivered).rejects.toThrow(why);
  });

  test('a name that nobody knows', async () => {
    await expect(deliver({ url: 'http://no-such-host.invalid/' })).rejects.toThrow(
      /^no-such-host\.invalid: the name no-such-host\.invalid has no address/,
    );
  });

  test('plain HTTP where TLS is wanted', async () => {
    await expect(deliver({ url: `https://127.0.0.1:${portOf(server)}/` })).rejects.toThrow(
      /SSL|EPROTO|wrong version/i,
    );
  });
});
