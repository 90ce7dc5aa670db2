import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliverInSmallPieces } from '../src/small-pieces.ts';
import { RawClient } from './raw-client.ts';

let handler: (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let client: RawClient;

beforeEach(async () => {
  server = createServer((request, response) => handler(request, response));
  server.on('connection', deliverInSmallPieces);
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

test('a connection that is destroyed has few more requests', async () => {
  let requests = 0;
  handler = (request) => {
    requests++;
    request.socket.destroy();
  };
  client.send('GET / HTTP/1.1\r\nHost:\r\n\r\n'.repeat(2000));
  await client.closed;
  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThan(30);
});

test('a body arrives as it was sent', async () => {
  const sent = Array.from({ length: 300_000 }, (_, i) => String.fromCharCode(i % 256)).join('');
  handler = (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => {
      pieces.push(piece);
      // The parser has to wait for a reader that is slow.
      request.pause();
      setTimeout(() => request.resume(), 1);
    });
    request.once('end', () => response.end(Buffer.concat(pieces)));
  };
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`);
  const { status, body } = await client.answer();
  expect(status).toBe(200);
  expect(body === sent).toBe(true);
});

test('hundreds of requests at once are answered in their order, though answers have to wait for their reader', async () => {
  const long = 'x'.repeat(20_000);
  handler = (request, response) => {
    response.end(request.url! + long);
  };
  await client.opened;
  client.socket.setMaxListeners(0); // `answer` waits many times
  client.socket.pause();
  const paths = Array.from({ length: 400 }, (_, i) => `/${i}`);
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.socket.resume();
  for (const path of paths) expect((await client.answer()).body).toBe(path + long);
});

test('a connection that somebody else listens to is left alone', () => {
  const socket = new Socket();
  const [one, two] = [() => {}, () => {}];
  deliverInSmallPieces(socket);
  expect(socket.listeners('data')).toEqual([]);
  socket.on('data', one).on('data', two);
  deliverInSmallPieces(socket);
  expect(socket.listeners('data')).toEqual([one, two]);
});
