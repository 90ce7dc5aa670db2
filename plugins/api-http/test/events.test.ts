import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ServiceEvent } from 'rvrrpd/plugin';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventRoutes } from '../src/routes/events.ts';
import { eventfulContext, type TelemetryApp, telemetryApp } from './telemetry-app.ts';

const TIME = 1_700_000_000_000;
const EVENTS = {
  seven: {
    type: 'transition',
    time: TIME,
    interface: 'eth0',
    group: 7,
    from: 'Backup',
    to: 'Master',
    cause: 'seven',
  },
  eight: {
    type: 'transition',
    time: TIME,
    interface: 'eth1',
    group: 8,
    from: 'Master',
    to: 'Backup',
    cause: 'eight',
  },
  rejected: { type: 'rejected', time: TIME, interface: 'eth0', group: 7, reason: 'ttl', count: 2 },
  stranger: { type: 'rejected', time: TIME, reason: 'unknown-vrid', count: 5, peer: '10.0.0.9' },
  reload: { type: 'reload', time: '2026-01-02T03:04:05.678Z', ok: true, issues: [], generation: 2 },
} as const satisfies Record<string, ServiceEvent>;

/** A client of `/events`. */
class Client {
  text = '';
  over = false;
  constructor(
    readonly sent: ClientRequest,
    readonly answer: IncomingMessage,
  ) {
    answer.setEncoding('utf8').on('data', (piece: string) => {
      this.text += piece;
    });
    answer.on('error', () => {}); // cut off
    answer.on('close', () => {
      this.over = true;
    });
  }

  /** Names of the events that came, and their data. */
  get events(): [type: string, data: Record<string, unknown>][] {
    return [...this.text.matchAll(/^event: (.*)\nid: .*\ndata: (.*)\n\n/gm)].map(([, type, data]) => [
      type!,
      JSON.parse(data!),
    ]);
  }

  get id(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)![1]!;
  }
}

let server: TelemetryApp & ReturnType<typeof eventfulContext>;
/** The server's ends of its connections. */
let sockets: Socket[];

async function listen(): Promise<void> {
  const eventful = eventfulContext();
  server = { ...eventful, ...telemetryApp(eventRoutes, eventful.context) };
  sockets = [];
  server.app.server.on('connection', (socket) => sockets.push(socket));
  await server.app.listen({ host: '127.0.0.1', port: 0 });
}

const port = (app: FastifyInstance): number => (app.server.address() as AddressInfo).port;

async function open(query = '', headers: Record<string, string> = {}): Promise<Client> {
  const sent = request({ port: port(server.app), path: `/events${query}`, headers, agent: false });
  sent.on('error', () => {});
  const answer = await new Promise<IncomingMessage>((resolve) => sent.end().once('response', resolve));
  const client = new Client(sent, answer);
  await vi.waitFor(() => expect(client.text + String(client.over)).not.toBe('false'));
  return client;
}

afterEach(async () => {
  await server?.app.close();
});

describe('a stream', () => {
  test('is one, as fetch and EventSource know it', async () => {
    await listen();
    const { answer, text } = await open();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(text).toMatch(/^retry: 2000\nid: [0-9a-f]{12}-0\n\n$/);
  });

  test('tells each kind of event at once', async () => {
    await listen();
    const client = await open();
    server.emit(Object.values(EVENTS), 3);
    await vi.waitFor(() => expect(client.events).toHaveLength(6));
    expect(client.events.map(([type]) => type)).toEqual([
      'lost',
      'transition',
      'transition',
      'rejected',
      'rejected',
      'reload',
    ]);
    expect(client.events[0]![1].count).toBe(3);
    for (const [, data] of client.events)
      expect(new Date(String(data.time)).toISOString()).toBe(String(data.time));
  });

  test.each([
    ['?type=transition', ['seven', 'eight']],
    ['?type=rejected,reload', ['rejected', 'stranger', 'reload']],
    ['?group=7', ['seven', 'rejected']],
    ['?interface=eth1', ['eight']],
    ['?type=transition&group=7&interface=eth0', ['seven']],
    ['?group=8&interface=eth0', []],
    ['/?type=reload', ['reload']],
  ])('%s', async (query, wanted) => {
    await listen();
    const client = await open(query);
    server.emit(Object.values(EVENTS));
    server.emit([], 1);
    await vi.waitFor(() => expect(client.events.at(-1)?.[0]).toBe('lost'));
    const named = Object.entries(EVENTS);
    const types = wanted.map((name) => named.find(([key]) => key === name)![1].type);
    expect(client.events.map(([type]) => type)).toEqual([...types, 'lost']);
  });

  test.each([
    '?type=',
    '?type=transition,',
    '?type=lost',
    '?type=nonsense',
    '?type=reload&type=rejected',
    '?group=0',
    '?group=256',
    '?group=7.5',
    '?group=x',
    '?group=1&group=2',
    '?interface=sixteen-letters-',
  ])('%s is refused', async (query) => {
    await listen();
    const { answer } = await open(query);
    expect(answer.statusCode).toBe(400);
    expect(server.deps.tally.subscribers).toBe(0);
  });
});

describe('a client that was away', () => {
  test.each([
    ['header', (id: string) => open('', { 'last-event-id': id })],
    ['query', (id: string) => open(`?last_event_id=${id}`)],
    ['header before query', (id: string) => open('?last_event_id=nonsense', { 'last-event-id': id })],
  ])('gets what it missed (%s)', async (_, resume) => {
    await listen();
    const before = await open();
    server.emit([EVENTS.seven]);
    await vi.waitFor(() => expect(before.events).toHaveLength(1));
    before.sent.destroy();
    server.emit([EVENTS.eight, EVENTS.reload]);
    const after = await resume(before.id);
    await vi.waitFor(() => expect(after.events).toHaveLength(2));
    expect(after.events.map(([, { cause, generation }]) => cause ?? generation)).toEqual(['eight', 2]);
  });

  test('is told if nobody knows what it missed', async () => {
    await listen();
    server.emit([EVENTS.seven]);
    const client = await open('', { 'last-event-id': '0123456789ab-17' });
    await vi.waitFor(() => expect(client.events).toHaveLength(2));
    expect(client.events).toMatchObject([
      ['lost', { count: null }],
      ['transition', {}],
    ]);
  });
});

describe('the end of a stream', () => {
  test('comes with its session', async () => {
    await listen();
    const client = await open();
    server.caller.valid = false;
    server.emit([EVENTS.seven]);
    await vi.waitFor(() => expect(client.over).toBe(true));
    expect(client.answer.complete).toBe(true);
    expect(client.events).toEqual([]);
  });

  test('comes within a second or two after the session has expired, though nothing happens', async () => {
    await listen();
    const client = await open();
    server.caller.expires = Date.now();
    await vi.waitFor(() => expect(client.over).toBe(true), 10_000);
    expect(client.answer.complete).toBe(true);
  });

  test('comes with the end of the API, which it does not delay', async () => {
    await listen();
    const clients = await Promise.all([open(), open()]);
    await server.app.close();
    await vi.waitFor(() => expect(clients.map(({ over }) => over)).toEqual([true, true]));
    expect(clients.map(({ answer }) => answer.complete)).toEqual([true, true]);
    expect(server.deps.tally.subscribers).toBe(0);
  });

  test('leaves no timer', async () => {
    await listen();
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const before = timers();
    const clients = await Promise.all([open(), open()]);
    expect(server.deps.tally.subscribers).toBe(2);
    for (const { sent } of clients) sent.destroy();
    while (server.deps.tally.subscribers > 0) await new Promise(setImmediate);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

test('so many clients and no more', async () => {
  await listen();
  const clients = await Promise.all(Array.from({ length: 64 }, () => open()));
  expect(server.deps.tally.subscribers).toBe(64);
  const { answer } = await open();
  expect(answer.statusCode).toBe(503);
  expect(answer.headers['retry-after']).toBe('10');
  clients[0]!.sent.destroy();
  await vi.waitFor(() => expect(server.deps.tally.subscribers).toBe(63));
  expect((await open()).answer.statusCode).toBe(200);
});

test('a client that does not read costs no memory, the others nothing, and it is told what it lost', async () => {
  await listen();
  const socket = connect(port(server.app), '127.0.0.1').pause();
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  socket.pause();
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await vi.waitFor(() => expect(server.deps.tally.subscribers).toBe(1));
  const other = await open('?type=reload');
  // 60 MB, more than kernel and history keep
  for (let batch = 0; batch < 30; batch++) {
    const cause = 'x'.repeat(2000);
    server.emit(Array.from({ length: 1000 }, () => ({ ...EVENTS.seven, cause })));
    await new Promise(setImmediate);
  }
  expect(sockets[0]!.writableLength).toBeLessThan(1 << 20);
  server.emit([EVENTS.reload]);
  await vi.waitFor(() => expect(other.events).toMatchObject([['reload', {}]]));
  socket.resume();
  await vi.waitFor(() => expect(text).toContain('event: reload'), 10_000);
  const lost = [...text.matchAll(/event: lost\nid: .*\ndata: (.*)\n/g)].map(
    ([, data]) => JSON.parse(data!).count,
  );
  const told = text.split('event: transition').length - 1;
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.reduce((sum, count) => sum + count, told)).toBe(30_000);
  socket.destroy();
});
