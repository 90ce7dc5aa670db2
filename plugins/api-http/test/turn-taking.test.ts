import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TurnTaking } from '../src/turn-taking.ts';
import { RawClient } from './raw-client.ts';

/** It takes no longer, on any machine. */
const SOON = { timeout: 10_000 };

/** Requests that the handler has got, in order; each is answered by hand. */
let served: { request: IncomingMessage; response: ServerResponse }[];
let overruns: number;
let turns: TurnTaking;
let server: Server;
let client: RawClient;

beforeEach(async () => {
  served = [];
  overruns = 0;
  turns = new TurnTaking(
    (request, response) => served.push({ request, response }),
    () => overruns++,
  );
  server = createServer(turns.listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new RawClient((server.address() as AddressInfo).port);
});
afterEach(async () => {
  client.end();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const paths = (count: number): string[] => Array.from({ length: count }, (_, i) => `/${i}`);

test('the next request is handled once the one before is answered', async () => {
  client.send(paths(101).map(get).join(''));
  for (let i = 0; i < 101; i++) {
    await expect.poll(() => served.length, SOON).toBe(i + 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(served).toHaveLength(i + 1);
    const { request, response } = served[i]!;
    expect(request.url).toBe(`/${i}`);
    expect(turns.answering(request.socket)).toBe(true);
    response.end(request.url);
    expect((await client.answer()).body).toBe(`/${i}`);
  }
  await expect.poll(() => turns.answering(served[0]!.request.socket), SOON).toBe(false);
  client.send(get('/later'));
  await expect.poll(() => served.length, SOON).toBe(102);
  expect(overruns).toBe(0);
});

test.each([102, 5000])('%i at once end the connection, once, and no more is handled', async (count) => {
  client.send(paths(count).map(get).join(''));
  await client.closed;
  expect(overruns).toBe(1);
  expect(served).toHaveLength(1);
  await expect.poll(() => turns.answering(served[0]!.request.socket), SOON).toBe(false);
  expect(served).toHaveLength(1);
});

test('what waits behind the last answer of a connection is not handled', async () => {
  client.send(get('/0') + get('/1'));
  await expect.poll(() => served.length, SOON).toBe(1);
  served[0]!.response.setHeader('connection', 'close').end('ok');
  expect((await client.answer()).body).toBe('ok');
  await client.closed;
  expect(served).toHaveLength(1);
});

test('what waits is forgotten with its client', async () => {
  client.send(get('/0') + get('/1'));
  await expect.poll(() => served.length, SOON).toBe(1);
  const { request, response } = served[0]!;
  client.end();
  await expect.poll(() => turns.answering(request.socket), SOON).toBe(false);
  response.end();
  expect(served).toHaveLength(1);
});

test('connections do not wait for each other', async () => {
  client.send(get('/0'));
  await expect.poll(() => served.length, SOON).toBe(1);
  const other = new RawClient((server.address() as AddressInfo).port);
  other.send(get('/1'));
  await expect.poll(() => served.length, SOON).toBe(2);
  served[1]!.response.end('ok');
  expect((await other.answer()).body).toBe('ok');
  other.end();
});
