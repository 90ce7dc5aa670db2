import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashPassword } from '../core/users/password-hash.ts';
import {
  type AbuseStage,
  ADDRESSES,
  abuse,
  connectionsGone,
  octets,
  Refusals,
  TARGET,
  withAbuse,
} from './lab/abuse.ts';
import { API_ADDRESS, apiTable, USERS } from './lab/api-stage.ts';
import { makeCertificate } from './lab/certificate.ts';
import { cookieHeader, cookiesOf, forgedCookies, forgedTokens } from './lab/forged-sessions.ts';
import type { Host } from './lab/host.ts';
import { HttpClient } from './lab/http.ts';
import { MALFORMED_REQUESTS } from './lab/malformed-requests.ts';
import { PATH_TRICKS } from './lab/path-tricks.ts';
import { router, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { R1 } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// The client API of a Master is abused. Whatever is done to it: it refuses that in the right way, and counts it; its
// proper clients are served, the Master notices nothing, and nothing is left of it afterwards.

/** ms for the TLS handshake, the headers, a whole request; it is looked at every second. */
const HANDSHAKE = 5000;
const HEADERS = 10_000;
const REQUEST = 15_000;
const LATE = 8000;
/** ms until the attacker has read what the API has written. */
const ARRIVED = 1000;
/** Connections at a time, in the default configuration; a quarter of them from one address. */
const CONNECTIONS = 512;
const PER_ADDRESS = CONNECTIONS / 4;
/** Streams of events at a time. */
const STREAMS = 64;

/** Octets of a request that do not get into the buffers of the other end at once. */
const BUSY = 64 << 10;

const folder = path.join(tmpdir(), `rvrrpd-abuse-${process.pid}`);
const key = path.join(folder, 'abuse-key.pem');
const cert = path.join(folder, 'abuse-cert.pem');

/** A request without a body on a connection of its own. */
function get(target: string, headers = ''): string {
  return octets(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n`);
}

/** A log-in on a connection of its own. */
function logIn(user: string, passwd: string): string {
  const body = JSON.stringify({ user, passwd });
  return octets(
    'POST /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n',
    `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** A sequence of numbers below 1 that looks random and is the same each time (xorshift32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** So many different connections' worth of random octets, some behind the beginning of a request. */
function randomOctets(count: number, seed: number): string[] {
  const random = randomNumbers(seed);
  const beginnings = ['', 'GET / HTTP/1.1\r\nHost: a\r\n', 'POST /auth HTTP/1.1\r\nHost: a\r\n', 'GET /'];
  return Array.from({ length: count }, (_, i) => {
    const length = Math.floor(random() * 3000) + 1;
    return octets(
      beginnings[i % beginnings.length]!,
      Uint8Array.from({ length }, () => random() * 256),
    );
  });
}

/** `[api]` `users` that are flooded, two of each kind: checking the passwords of `eve` is as expensive as it gets. */
async function floodedUsers(): Promise<string[]> {
  const { hash } = await hashPassword('a password that nobody tries', 'SCRYPT');
  return [
    ...USERS,
    ...[0, 1].flatMap((n) => [`{{SCRYPT}}eve${n}:0::${hash}`, USERS[1]!.replace('carol', `dave${n}`)]),
  ];
}

/** A daemon on r2 with another secret; `admin` has logged in there. */
async function otherDaemon({ lab, r2 }: AbuseStage): Promise<HttpClient> {
  const tables = apiTable({ secret: 'another-router-9876543210-0123456789' });
  const vrouters = [1, 2].map((group) => ({ ...router(group), priority: 100 }));
  await Rvrrpd.start(lab, r2, vrouters, { tables }).ready();
  const client = new HttpClient(r2, `http://${API_ADDRESS}`);
  await eventually('the other API', 10_000, async () => (await client.request('/healthz')).status === 200);
  await client.logIn('admin', 'banana');
  return client;
}

/** How many of these are refused for which reason. */
function reasons(refused: readonly { readonly reason?: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { reason } of refused) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** How often the kernel of a host had no room for a connection in a server's queue. */
async function overflows(host: Host): Promise<number> {
  const text = await host.run('cat', '/proc/net/netstat');
  const [names = [], values = []] = [...text.matchAll(/^TcpExt: (.*)$/gm)].map(([, line]) =>
    line!.split(' '),
  );
  return Number(values[names.indexOf('ListenOverflows')]);
}

/** Reloads while the abuse goes on, in the second round. */
async function reloadMeanwhile({ master }: AbuseStage, nth: number): Promise<void> {
  if (nth === 1) expect(verdict(await master.reload())).toMatch(/^reloaded: /);
}

const flooded = await floodedUsers();

/** Waits until there are so many streams of events. */
function subscribed(api: HttpClient, count: number): Promise<unknown> {
  return eventually(`${count} streams`, 5000, async () => {
    const { text } = await api.request('/metrics');
    return text.includes(`\nrvrrpd_api_event_subscribers ${count}\n`);
  });
}

describeSystem('the client API under abuse', () => {
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    makeCertificate(folder, 'abuse');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.concurrent(
    'slow requests, none, and half of one',
    withAbuse(async (stage) => {
      const { attacker, neighbour } = stage;
      const drip = { octets: octets('x'), everyMs: 1000 };
      const body = 'POST /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n';
      const refused = await Refusals.of(stage);
      await abuse(stage, async (nth) => {
        const headers = attacker.begin({
          ...{ to: TARGET, connections: 200, from: ADDRESSES.slice(0, 2), drip },
          send: [octets('GET / HTTP/1.1\r\nHost: a\r\nX: ')],
        });
        const bodies = attacker.begin({
          ...{ to: TARGET, connections: 200, from: ADDRESSES.slice(2, 4), drip },
          send: [octets(body)],
        });
        const silent = attacker.begin({ to: TARGET, connections: 50, from: [ADDRESSES[4]!] });
        const halves = attacker.begin({
          ...{ to: TARGET, connections: 30, from: [ADDRESSES[5]!], halfClose: true },
          send: ['', octets('GET /run/vrrp HTTP/1.1\r\nHo'), octets(body, 'x')],
        });
        for (const each of [headers, bodies, silent, halves]) await each.opened();
        await reloadMeanwhile(stage, nth);
        expect((await neighbour.request('/run/vrrp')).status).toBe(200);
        expect(await halves.outcome()).toMatchObject({ answers: { 400: 10, none: 20 }, open: 0 });
        expect(await silent.outcome()).toMatchObject({ answers: { 408: 50 }, open: 0 });
        const slow = await headers.outcome();
        expect(slow).toMatchObject({ answers: { 408: 200 }, open: 0 });
        expect(slow.longest).toBeLessThan(HEADERS + LATE);
        const slower = await bodies.outcome();
        expect(slower).toMatchObject({ answers: { none: 200 }, open: 0 });
        expect(slower.longest).toBeLessThan(REQUEST + LATE);
        await refused.expect({ timeout: 450, malformed: 20 });
      });
    }),
    90_000,
  );

  it.concurrent(
    'TLS handshakes that never finish, or are none, and slow requests behind finished ones',
    withAbuse(
      async (stage) => {
        const { attacker, neighbour } = stage;
        const refused = await Refusals.of(stage);
        await abuse(stage, async (nth) => {
          const hello = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';
          const handshakes = attacker.begin({
            ...{ to: TARGET, connections: 200, from: ADDRESSES.slice(0, 2) },
            ...{ send: [octets(hello), ''], drip: { octets: octets('x'), everyMs: 1000 } },
          });
          const silent = attacker.begin({ to: TARGET, connections: 50, from: [ADDRESSES[2]!] });
          const others = attacker.begin({
            ...{ to: TARGET, connections: 50, from: [ADDRESSES[3]!] },
            send: [get('/healthz'), ...randomOctets(49, 1)],
          });
          const slow = attacker.begin({
            ...{ to: TARGET, connections: 30, from: [ADDRESSES[4]!], tls: true },
            ...{ send: [octets('GET / HTTP/1.1\r\nX: ')], drip: { octets: octets('x'), everyMs: 1000 } },
          });
          for (const each of [handshakes, silent, others, slow]) await each.opened();
          await reloadMeanwhile(stage, nth);
          expect((await neighbour.request('/run/vrrp')).status).toBe(200);
          expect(await others.outcome()).toMatchObject({ answers: { none: 50 }, open: 0 });
          for (const each of [handshakes, silent]) {
            const { open, longest } = await each.outcome();
            expect(open).toBe(0);
            expect(longest).toBeLessThan(HANDSHAKE + LATE);
          }
          expect(await slow.outcome()).toMatchObject({ answers: { 408: 30 }, open: 0 });
          await refused.expect({ tls: 300, timeout: 30 });
        });
      },
      { api: { tls: true, tls_key: key, tls_cert: cert } },
    ),
    240_000,
  );

  it.concurrent(
    'what is no request, or another one to somebody else, or too much',
    withAbuse(async (stage) => {
      const refused = await Refusals.of(stage);
      await abuse(stage, async () => {
        for (const { what, text, endless, answer } of MALFORMED_REQUESTS) {
          const { answers, open, sent } = await stage.attack({
            send: [octets(text)],
            ...(endless !== undefined && { drip: { octets: octets(endless), everyMs: 0 } }),
          });
          // Who is busy sending may see the end of the connection before the answer.
          const busy = endless !== undefined || text.length > BUSY;
          const possible = busy ? [answer, 'none'] : [answer];
          expect(possible, what).toContain(Object.keys(answers).join());
          expect(open, what).toBe(0);
          // Not much more than what fits into the buffers of both ends.
          expect(sent, what).toBeLessThan(16 << 20);
        }
        await refused.expect(reasons(MALFORMED_REQUESTS));
        const { answers, open } = await stage.attack({
          ...{ connections: 240, from: ADDRESSES.slice(0, 4), send: randomOctets(240, 2), halfClose: true },
        });
        expect(open).toBe(0);
        expect(Object.keys(answers).filter((each) => !/^(none|400|431|40[04] 400)$/.test(each))).toEqual([]);
        const { malformed, ...others } = await refused.more();
        expect(malformed).toBeGreaterThan(200);
        expect(others).toEqual({});
      });
    }),
    240_000,
  );

  it.concurrent(
    'thousands of requests at once',
    withAbuse(async (stage) => {
      const { attacker, api } = stage;
      const refused = await Refusals.of(stage);
      const request = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n';
      const authorization = `Authorization: ${api.headers.authorization}\r\n`;
      await abuse(stage, async (nth) => {
        // Whether they take the answers or not.
        for (const deaf of [true, false]) {
          const all = attacker.begin({
            ...{ to: TARGET, from: [ADDRESSES[0]!], connections: PER_ADDRESS, deaf },
            send: [octets(request.repeat(5000))],
          });
          await all.opened();
          await reloadMeanwhile(stage, nth);
          if (!deaf) expect((await all.outcome()).open).toBe(0);
          await refused.expect({ pipelined: PER_ADDRESS }, deaf ? 'deaf clients' : 'clients');
          if (deaf) await all.end();
        }
        // A few are answered, in their order.
        const few = octets(`${request.repeat(7)}GET /no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        expect(await stage.attack({ send: [few] })).toMatchObject({ answers: { '200×7 401': 1 }, open: 0 });
        await refused.expect({ unauthorized: 1 }, 'a few requests');
        // What waits behind an answer that does not end is forgotten with its connection: see `abuse`.
        const events = `GET /events HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`.repeat(2);
        const streams = attacker.begin({
          ...{ to: TARGET, from: [ADDRESSES[0]!], connections: 40, send: [octets(events)] },
        });
        await subscribed(api, 40);
        await sleep(ARRIVED);
        expect(await streams.end()).toMatchObject({ answers: { 200: 40 }, open: 40 });
      });
    }),
    240_000,
  );

  it.concurrent(
    '10,000 idle connections',
    withAbuse(async (stage) => {
      const { attacker, client, neighbour, r1 } = stage;
      // What does not fit into the queue of r1's kernel is turned away by it, or tries again for 7 s.
      await r1.sysctl({ 'net.ipv4.tcp_abort_on_overflow': 1, 'net.ipv4.tcp_syncookies': 0 });
      await client.sysctl({ 'net.ipv4.tcp_syn_retries': 2 });
      const refused = await Refusals.of(stage);
      await abuse(stage, async (nth) => {
        const before = await overflows(r1);
        const all = attacker.begin({ to: TARGET, from: ADDRESSES, connections: 10_000 });
        await all.opened();
        // There is room for others: they are not those with the most connections.
        expect((await neighbour.request('/run/vrrp')).status).toBe(200);
        await reloadMeanwhile(stage, nth);
        await connectionsGone(stage, HEADERS + LATE);
        const { answers, longest } = await all.end();
        expect(longest).toBeLessThan(7000 + HEADERS + LATE);
        expect(answers[408]).toBeLessThanOrEqual(2 * CONNECTIONS);
        const { connections = 0, timeout = 0, ...others } = await refused.more();
        expect(timeout).toBe(answers[408]);
        // Each of them is accounted for: by the API, or by the kernel, where one that tries again counts again.
        expect(connections).toBeGreaterThan(CONNECTIONS);
        expect(connections + timeout).toBeLessThanOrEqual(10_000);
        expect(connections + timeout + (await overflows(r1)) - before).toBeGreaterThanOrEqual(10_000);
        expect(others).toEqual({});
      });
    }),
    90_000,
  );

  it.concurrent(
    'clients that are gone before they are answered',
    withAbuse(async (stage) => {
      const { attacker, api } = stage;
      const authorization = `Authorization: ${api.headers.authorization}\r\n`;
      const send = [
        ...MALFORMED_REQUESTS.map(({ text }) => octets(text)),
        ...[
          logIn('admin', 'orange'),
          get('/docs/static/swagger-ui-bundle.js'),
          get('/metrics', authorization),
        ],
        ...[get('/events', authorization), octets('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100)), ''],
      ];
      const refused = await Refusals.of(stage);
      await abuse(stage, async (nth) => {
        for (const resetAfter of [0, 20, 500]) {
          const all = attacker.begin({
            ...{ to: TARGET, from: ADDRESSES, connections: 480, send, resetAfter },
          });
          await all.opened();
          if (resetAfter > 20) await reloadMeanwhile(stage, nth);
          expect((await all.outcome()).open).toBe(0);
        }
        await connectionsGone(stage, LATE);
        // The counters of an API that broke down and was started again would begin at zero.
        for (const count of Object.values(await refused.more())) expect(count).toBeGreaterThan(0);
      });
    }),
    240_000,
  );

  it.concurrent(
    'cookies and tokens that are forged, damaged or of somebody who is no longer there',
    withAbuse(
      async (stage) => {
        const { api, r1, neighbour } = stage;
        const elsewhere = await otherDaemon(stage);
        const guest = new HttpClient(r1, `http://${API_ADDRESS}`);
        const [admin, again, carol] = [
          await cookiesOf(guest, 'admin'),
          await cookiesOf(guest, 'admin'),
          await cookiesOf(guest, 'carol'),
        ];
        const refused = await Refusals.of(stage);
        await abuse(stage, async () => {
          const forged = [
            ...forgedCookies(admin, again, carol, randomNumbers(3)),
            ...forgedTokens(api.headers.authorization!, randomNumbers(4)),
            // Signed with another secret
            { cookie: cookieHeader(await cookiesOf(elsewhere, 'admin')) },
            { authorization: elsewhere.headers.authorization! },
          ];
          for (const headers of forged) {
            expect((await guest.request('/run/vrrp', { headers })).status, JSON.stringify(headers)).toBe(401);
          }
          await refused.expect({ unauthorized: forged.length }, 'forged sessions');
          for (const each of [admin, again, carol]) {
            const headers = { cookie: cookieHeader(each) };
            expect((await guest.request('/run/vrrp', { headers })).status).toBe(200);
          }
        });
        // Level 0 stays level 0, and ends with the user.
        const headers = { cookie: cookieHeader(carol) };
        const failover = '/run/vrrp/1/lan/failover';
        expect((await guest.request(failover, { method: 'POST', headers })).status).toBe(403);
        await refused.expect({ forbidden: 1 }, 'a change by a user of level 0');
        writeFileSync(stage.file, stage.text().replace(/,\s*"[^"]*carol[^"]*"/, ''));
        expect(verdict(await stage.master.reload())).toMatch(/^reloaded: /);
        expect((await guest.request('/run/vrrp', { headers })).status).toBe(401);
        expect((await neighbour.request('/run/vrrp')).status).toBe(401);
        await refused.expect({ unauthorized: 2 }, 'a user who was removed');
        expect((await api.request('/run/vrrp')).status).toBe(200);
      },
      { backup: false, api: { secret: 'this-router-and-no-other-0123456789' } },
    ),
    240_000,
  );

  it.concurrent(
    'paths that try to get past the log-in, or out of a folder',
    withAbuse(async (stage) => {
      const refused = await Refusals.of(stage);
      const authorization = `Authorization: ${stage.api.headers.authorization}\r\n`;
      await abuse(stage, async () => {
        for (const { target, status } of PATH_TRICKS) {
          const what = target.slice(0, 60);
          const outcome = await stage.attack({ send: [get(target)] });
          expect(outcome, what).toMatchObject({ answers: { [status]: 1 }, open: 0 });
          // With a log-in, too, it is what it says, or nothing.
          const { answers, open } = await stage.attack({ send: [get(target, authorization)] });
          expect(Object.keys(answers).join(), what).toMatch(/^(200|400|403|404|414)$/);
          expect(open, what).toBe(0);
        }
        const { malformed = 0, unauthorized } = reasons(PATH_TRICKS);
        await refused.expect({ unauthorized: unauthorized!, malformed: 2 * malformed });
      });
    }),
    240_000,
  );

  it.concurrent(
    'floods of log-ins',
    withAbuse(
      async (stage) => {
        const { attacker, client, r2, neighbour } = stage;
        const refused = await Refusals.of(stage);
        const base = `http://${R1}:${TARGET.port}`;
        const [near, far] = [new HttpClient(client, base), new HttpClient(r2, base)];
        const tryIn = (from: HttpClient, user: string, passwd: string) =>
          from.request('/auth', { method: 'POST', body: { user, passwd } });
        await abuse(stage, async (nth) => {
          const expensive = attacker.begin({
            ...{ to: TARGET, from: ADDRESSES.slice(20 * nth, 20 * nth + 20), connections: 200 },
            ...{ send: [logIn(`eve${nth}`, 'orange'), logIn('mallory', 'x'.repeat(4000))] },
          });
          await expensive.opened();
          expect((await neighbour.request('/run/vrrp')).status).toBe(200);
          await eventually('a log-in in spite of it', 15_000, async () => {
            const { status, headers } = await tryIn(far, `dave${nth}`, 'banana');
            expect([200, 503]).toContain(status);
            if (status === 503) expect(headers['retry-after']).toBe('1');
            return status === 200;
          });
          const { answers, open } = await expensive.outcome();
          expect(open).toBe(0);
          expect(Object.keys(answers).filter((each) => !/^(401|429|503)$/.test(each))).toEqual([]);
          // By user: 20 failures from anywhere, and as many that are under way.
          expect(answers[401]).toBeLessThanOrEqual(40);
          const { 'rate-limited': limited, ...others } = await refused.more();
          expect(limited).toBeGreaterThanOrEqual(160);
          expect(others).toEqual({});
        });
        // By address: 10 failures; whoever is there waits, whoever is elsewhere does not.
        const statuses: number[] = [];
        for (let i = 0; i < 13; i++) statuses.push((await tryIn(near, 'admin', `${i}`)).status);
        expect(statuses).toEqual([...Array(10).fill(401), 429, 429, 429]);
        const late = await tryIn(near, 'admin', 'banana');
        expect(late.status).toBe(429);
        expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
        expect(Number(late.headers['retry-after'])).toBeLessThanOrEqual(60);
        expect((await tryIn(far, 'admin', 'banana')).status).toBe(200);
        await refused.expect({ 'rate-limited': 4 }, 'one address');
        expect(stage.master.running.output).not.toMatch(/orange|xxxxx|banana/);
      },
      { api: { users: flooded } },
    ),
    240_000,
  );

  it.concurrent(
    'subscribers of events that are too many, or never read',
    withAbuse(async (stage) => {
      const { attacker, api, master, r1 } = stage;
      const refused = await Refusals.of(stage);
      const authorization = `Authorization: ${api.headers.authorization}\r\n`;
      const request = octets(`GET /events HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`);
      await abuse(stage, async () => {
        const proper = r1.start('curl', [
          ...['-sN', '-H', authorization.trim(), `http://${API_ADDRESS}/events?type=reload`],
        ]);
        await proper.waitForOutput(/retry:/);
        const common = { to: TARGET, from: ADDRESSES.slice(0, 2), send: [request] };
        const deaf = attacker.begin({ ...common, connections: STREAMS - 1, deaf: true });
        await deaf.opened();
        await subscribed(api, STREAMS);
        const late = attacker.begin({ ...common, connections: 40 });
        await refused.expect({ connections: 40 }, 'subscribers');
        await sleep(ARRIVED);
        expect(await late.end()).toMatchObject({ answers: { 503: 40 } });
        for (let i = 1; i <= 3; i++) {
          expect(verdict(await master.reload())).toMatch(/^reloaded: /);
          await proper.waitForOutput(new RegExp(`(event: reload[^]*){${i}}`));
        }
        expect((await deaf.end()).open).toBe(STREAMS - 1);
        await proper.stop('SIGKILL');
      });
    }),
    240_000,
  );
});
