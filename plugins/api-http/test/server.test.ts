import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Listener, type ListenerDeps } from '../src/listener.ts';
import type { Timeouts } from '../src/server.ts';
import { Tally } from '../src/tally.ts';
import { readTlsMaterial, type TlsMaterial } from '../src/tls.ts';
import { type Certificate, Certificates } from './certificates.ts';
import { RawClient, statusOf } from './raw-client.ts';

const SHORT: Timeouts = { handshake: 300, headers: 300, request: 600, keepAlive: 300, idle: 500, check: 50 };

/** It takes no longer, on any machine. */
const SOON = { timeout: 10_000 };

let certificates: Certificates;
let certificate: Certificate;
let tls: TlsMaterial;
beforeAll(() => {
  certificates = new Certificates();
  certificate = certificates.make('one');
  tls = readTlsMaterial(certificate);
});
afterAll(() => certificates.remove());

const clients: RawClient[] = [];
const listeners: Listener[] = [];
let tally: Tally;
/** That have got to the handler. */
let requests: number;
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await Promise.all(listeners.splice(0).map((each) => each.retire(0)));
});

/** One that answers `ok`, `/slow` after 300 ms, and `/large` with 64 MiB. */
async function listen(
  settings: { tls?: TlsMaterial; most?: number; timeouts?: Timeouts } = {},
): Promise<Listener> {
  tally = new Tally();
  requests = 0;
  const deps: ListenerDeps = {
    handler: (request, response) => {
      requests++;
      if (request.url === '/large') response.end(Buffer.alloc(64 << 20));
      else if (request.url === '/slow') setTimeout(() => response.end('ok'), 300);
      else if (request.method === 'POST') request.resume().once('end', () => response.end('ok'));
      else response.end('ok');
    },
    mostConnections: () => settings.most ?? 100,
    tally,
    timeouts: settings.timeouts ?? SHORT,
  };
  const listener = new Listener({ address: { host: '127.0.0.1', port: 0 }, tls: settings.tls }, deps);
  listeners.push(listener);
  await listener.bind();
  return listener;
}

function open(port: number): RawClient {
  const client = new RawClient(port);
  clients.push(client);
  return client;
}

describe('what is no request', () => {
  test.each<[string, string, number]>([
    ['not HTTP', 'hello\r\n\r\n', 400],
    ['TLS where there is none', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['another version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Host', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['101 headers', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(100)}\r\n`, 431],
    ['2500 headers', `GET / HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(2500)}\r\n`, 431],
    ['an expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 501],
    ['a space in a header’s name', 'GET / HTTP/1.1\r\nHost: a\r\nX y: 1\r\n\r\n', 400],
    ['a null byte', 'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'length and chunks (smuggling)',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
    ['headers of 17 KiB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
    ['a path of 17 KiB', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  ])('%s: is answered and counted', async (_what, text, status) => {
    const { port } = await listen();
    const client = open(port);
    client.send(text);
    expect((await client.answer()).status).toBe(status);
    expect(await client.closed).toBe('closed');
    expect(tally.refused.malformed).toBe(1);
    expect(await statusOf(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(200);
  });

  test('it is counted once, however long it goes on', async () => {
    const { port } = await listen();
    const client = open(port);
    client.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(4 << 20)}`);
    await client.closed;
    await delay(100);
    expect(tally.refused.malformed).toBe(1);
  });

  test.each([false, true])('its client may be gone before it is answered (TLS: %s)', async (overTls) => {
    const listener = await listen(overTls ? { tls } : {});
    const faults: unknown[] = [];
    const note = (error: unknown): void => void faults.push(error);
    process.prependListener('uncaughtException', note);
    for (let i = 0; i < 60; i++) {
      const raw = connect({ port: listener.port, host: '127.0.0.1' });
      const socket = overTls ? tlsConnect({ socket: raw, rejectUnauthorized: false }) : raw;
      socket.on('error', () => {});
      await once(socket, overTls ? 'secureConnect' : 'connect');
      const text = [
        'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n',
        'nonsense\r\n\r\n',
        'GET / HTTP/1.1\r\n\r\n',
      ][i % 3]!;
      socket.write(text, () => raw.resetAndDestroy());
      await once(raw, 'close');
    }
    await expect.poll(() => listener.connections, SOON).toBe(0);
    process.off('uncaughtException', note);
    expect(faults).toEqual([]);
  });

  test('nothing of it gets into the answer to a request before it', async () => {
    const { port } = await listen();
    const client = open(port);
    client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await delay(50);
    client.send('nonsense\r\n\r\n');
    await client.closed;
    expect(client.received).not.toMatch(/400/);
    expect(tally.refused.malformed).toBe(1);
  });
});

test('a body that goes on behind its answer ends the connection', async () => {
  const { port } = await listen();
  for (const length of ['Transfer-Encoding: chunked', 'Content-Length: 100000000']) {
    const client = open(port);
    client.send(`PUT / HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n`);
    const { status, head } = await client.answer();
    expect(status).toBe(200);
    expect(head).toMatch(/^connection: close$/im);
    await client.closed;
  }
});

test.each([false, true])('thousands of requests at once end the connection (TLS: %s)', async (overTls) => {
  const { port } = await listen(overTls ? { tls } : {});
  const socket = overTls ? tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }) : undefined;
  const client = new RawClient(port, socket);
  clients.push(client);
  client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5000));
  await client.closed;
  expect(tally.refused).toEqual({ ...new Tally().refused, pipelined: 1 });
  expect(await statusOf(port, 'x')).toBe(overTls ? undefined : 400);
});

describe('a slow client', () => {
  test('that sends nothing is turned away', async () => {
    const { port } = await listen();
    const client = open(port);
    const began = performance.now();
    expect(await client.closed).toBe('closed');
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - began).toBeGreaterThan(250);
    expect(tally.refused.timeout).toBe(1);
  });

  test('that sends its headers an octet at a time (slow loris) is turned away', async () => {
    const { port } = await listen();
    const client = open(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    const timer = setInterval(() => client.send('X: y\r\n'), 20);
    expect(await client.closed).toMatch(/closed|reset/);
    clearInterval(timer);
    expect(tally.refused.timeout).toBe(1);
  });

  test('that sends its body an octet at a time is turned away', async () => {
    const { port } = await listen();
    const client = open(port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n');
    const timer = setInterval(() => client.send('x'), 20);
    expect(await client.closed).toMatch(/closed|reset/);
    clearInterval(timer);
    expect(tally.refused.timeout).toBe(1);
  });

  test('that does not read its answer is cut off', async () => {
    const listener = await listen();
    const client = open(listener.port);
    await client.opened;
    client.socket.pause();
    client.send('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => tally.refused.timeout, SOON).toBe(1);
    await expect.poll(() => listener.connections, SOON).toBe(0);
  });

  test('that is merely idle between requests is no fault', async () => {
    const { port } = await listen();
    const client = open(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.answer()).status).toBe(200);
    await client.closed;
    expect(tally.refused).toEqual(new Tally().refused);
  });

  test('that goes away before its answer leaves nothing behind', async () => {
    const listener = await listen();
    const client = open(listener.port);
    await client.opened;
    client.socket.end('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.closed;
    await expect.poll(() => tally.connections, SOON).toBe(0);
    expect(tally.refused).toEqual(new Tally().refused);
  });

  test('that is gone before it is accepted is not served: nobody knows any more who it was', async () => {
    const listener = await listen();
    const code = `const socket = require('node:net').connect(${listener.port}, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n', () => socket.resetAndDestroy()))`;
    // We cannot accept it before that has ended.
    expect(spawnSync(process.execPath, ['-e', code]).status).toBe(0);
    expect(await statusOf(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(200);
    await expect.poll(() => tally.connections, SOON).toBe(0);
    expect(requests).toBe(1);
  });

  test('does not keep others waiting, a hundred of them neither', async () => {
    const listener = await listen({
      most: 400,
      timeouts: { ...SHORT, headers: 5000, request: 5000, idle: 5000 },
    });
    const slow = Array.from({ length: 90 }, () => open(listener.port));
    for (const client of slow) client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Le');
    await expect.poll(() => listener.connections, SOON).toBe(90);
    for (let i = 0; i < 5; i++) {
      expect(await statusOf(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(
        200,
      );
    }
  });
});

describe('too many connections', () => {
  test('200 more than one client may have are turned away; the others work, and places become free', async () => {
    const listener = await listen({
      most: 100,
      timeouts: { ...SHORT, headers: 20_000, request: 20_000, idle: 20_000 },
    });
    const all = Array.from({ length: 225 }, () => open(listener.port));
    await Promise.all(all.map((client) => Promise.race([client.opened, client.closed])));
    await expect.poll(() => tally.refused.connections, SOON).toBe(200);
    expect(listener.connections).toBe(25);
    expect(tally.connections).toBe(25);
    const alive = all.filter(({ socket }) => !socket.destroyed);
    alive[0]!.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await alive[0]!.answer()).status).toBe(200);
    alive[1]!.end();
    await expect.poll(() => listener.connections, SOON).toBe(24);
    expect(await statusOf(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(200);
    for (const client of all) client.end();
    await expect.poll(() => tally.connections, SOON).toBe(0);
  });

  test('more than all clients may have together are turned away', async () => {
    const listener = await listen({ most: 8 }); // one client may have 8
    const all = Array.from({ length: 30 }, () => open(listener.port));
    await expect.poll(() => tally.refused.connections, SOON).toBe(22);
    expect(listener.connections).toBe(8);
    expect(all.length).toBe(30);
  });

  test('who is new gets a place of those who have the most', async () => {
    const listener = await listen({
      most: 16,
      timeouts: { ...SHORT, headers: 20_000, request: 20_000, idle: 20_000 },
    });
    for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
      for (let i = 0; i < 8; i++) {
        clients.push(new RawClient(0, connect({ port: listener.port, host: '127.0.0.1', localAddress })));
      }
    }
    await expect.poll(() => listener.connections, SOON).toBe(16);
    expect(await statusOf(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(200);
    await expect.poll(() => listener.connections, SOON).toBe(15);
    expect(tally.refused.connections).toBe(1);
  });

  test('over TLS they are counted alike', async () => {
    const listener = await listen({ tls, most: 40, timeouts: { ...SHORT, handshake: 5000 } });
    for (let i = 0; i < 15; i++) open(listener.port);
    await expect.poll(() => tally.refused.connections, SOON).toBe(5);
    expect(tally.connections).toBe(10);
    for (const client of clients) client.end();
    await expect.poll(() => tally.connections, SOON).toBe(0);
  });
});

describe('TLS', () => {
  const options = () => ({ ca: certificate.pem, servername: 'localhost' });

  async function handshake(port: number, more: object = {}) {
    const socket = tlsConnect({ port, host: '127.0.0.1', ...options(), ...more });
    try {
      await once(socket, 'secureConnect');
      return { protocol: socket.getProtocol(), alpn: socket.alpnProtocol, cipher: socket.getCipher().name };
    } finally {
      socket.on('error', () => {}).destroy();
    }
  }

  test('1.3 and 1.2 with forward secrecy, HTTP/1.1', async () => {
    const { port } = await listen({ tls });
    expect(await handshake(port)).toMatchObject({ protocol: 'TLSv1.3' });
    expect(await handshake(port, { maxVersion: 'TLSv1.2', ALPNProtocols: ['h2', 'http/1.1'] })).toMatchObject(
      {
        protocol: 'TLSv1.2',
        alpn: 'http/1.1',
        cipher: expect.stringMatching(/^ECDHE-.*GCM/),
      },
    );
  });

  test.each<[string, object]>([
    ['1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }],
    ['1.2 without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
    ['1.2 with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }],
    ['HTTP/2 alone', { ALPNProtocols: ['h2'] }],
  ])('%s is refused, and counted', async (_what, more) => {
    const { port } = await listen({ tls });
    await expect(handshake(port, more)).rejects.toThrow();
    await expect.poll(() => tally.refused.tls, SOON).toBe(1);
    expect(tally.refused.malformed).toBe(0);
  });

  test('a client that does not begin, or speaks HTTP, is turned away', async () => {
    const listener = await listen({ tls });
    const silent = open(listener.port);
    await silent.closed;
    const plain = open(listener.port);
    plain.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await plain.closed;
    expect(tally.refused.tls).toBe(2);
    expect(listener.connections).toBe(0);
  });

  test('another certificate is for new connections; a connection that is open stays', async () => {
    const listener = await listen({ tls, timeouts: { ...SHORT, keepAlive: 5000, idle: 5000 } });
    const old = tlsConnect({ port: listener.port, host: '127.0.0.1', ...options() });
    clients.push(new RawClient(0, old));
    await once(old, 'secureConnect');
    const client = clients.at(-1)!;
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.answer()).status).toBe(200);
    const next = certificates.make('next');
    listener.renew(readTlsMaterial(next));
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.answer()).status).toBe(200);
    expect(old.getPeerCertificate().subject.CN).toBe('one');
    await expect(handshake(listener.port)).rejects.toThrow(/self-signed|signature/);
    expect(await handshake(listener.port, { ca: next.pem })).toMatchObject({ protocol: 'TLSv1.3' });
  });
});

describe('a listener that ends', () => {
  test('finishes requests under way, and ends idle connections at once', async () => {
    const listener = await listen({ timeouts: { ...SHORT, keepAlive: 5000, idle: 5000 } });
    const busy = open(listener.port);
    const idle = open(listener.port);
    idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.answer();
    busy.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => listener.connections, SOON).toBe(2);
    await delay(50);
    const retired = listener.retire(20_000);
    await idle.closed;
    expect(busy.received, 'idle connections do not wait').toBe('');
    const { status } = await busy.answer();
    expect(status).toBe(200);
    await retired;
    expect(listener.connections).toBe(0);
    expect(await statusOf(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBeUndefined();
  });

  test('cuts off what does not come to an end', async () => {
    const listener = await listen({ timeouts: { ...SHORT, headers: 5000, request: 5000, idle: 5000 } });
    const client = open(listener.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
    await expect.poll(() => listener.connections, SOON).toBe(1);
    const began = performance.now();
    await listener.retire(200);
    const took = performance.now() - began;
    expect(took).toBeGreaterThanOrEqual(200);
    expect(took).toBeLessThan(4000);
    await client.closed;
    expect(listener.connections).toBe(0);
  });

  test('can be bound again after unbind, which leaves requests alone', async () => {
    const listener = await listen();
    const { port } = listener;
    const busy = open(port);
    busy.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await delay(50);
    listener.unbind();
    expect(listener.bound).toBe(false);
    await listener.bind();
    expect(listener.bound).toBe(true);
    expect((await busy.answer()).status).toBe(200);
    expect(await statusOf(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toBe(200);
  });

  test('that is bound only to have the port tells who comes to come back', async () => {
    const listener = await listen();
    listener.admitting = false;
    const client = open(listener.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const { status, head, body } = await client.answer();
    expect(status).toBe(503);
    expect(head.toLowerCase()).toContain('retry-after: 1');
    expect(body === '' || JSON.parse(body).status === 503).toBe(true);
    await client.closed;
  });
});

test('a keep-alive connection serves one request after another', async () => {
  const { port } = await listen();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i++) {
    const [answer] = await once(httpGet({ port, host: '127.0.0.1', agent }), 'response');
    answer.resume();
    await once(answer, 'end');
  }
  expect(listeners[0]!.connections).toBe(1);
  agent.destroy();
});
