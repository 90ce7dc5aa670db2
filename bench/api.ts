/**
 * The client API under full load: whether a Master's advertisements are late because of it, beside the same without
 * load; and how many requests a second it answers, beside a bare fastify route that returns the same bytes.
 */
import path from 'node:path';
import { packageRoot } from '../core/shared/package-root.ts';
import { API_ADDRESS, apiTable } from '../test/lab/api-stage.ts';
import type { Host } from '../test/lab/host.ts';
import { HttpClient } from '../test/lab/http.ts';
import { type Lab, withLab } from '../test/lab/lab.ts';
import type { Running } from '../test/lab/running.ts';
import { Rvrrpd, writeConfiguration } from '../test/lab/rvrrpd.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { type Network, network } from './network.ts';
import { type Measures, sideBySide } from './report.ts';
import { greatest, median, quantile } from './statistics.ts';
import { residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
const SIZE = { cables: 2, vrids: 250 };
/** How long each measurement takes, in s. */
const SECONDS = SHORT ? 10 : 60;
/** Connections of the load generator. */
const CONNECTIONS = 50;
/** Advertisement interval in ms. */
const INTERVAL = 1000;
/** No more than this many ms late at the 99.9th percentile. */
const LATE = 5;
const BARE_PORT = 7090;

/** A fastify without anything, its one route the same bytes. */
const BARE = `
import fastify from 'fastify';
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const body = Buffer.concat(chunks);
const app = fastify();
app.get('/run/vrrp', (request, reply) => reply.type('application/json; charset=utf-8').send(body));
await app.listen({ host: '127.0.0.1', port: ${BARE_PORT} });
console.log('listening');
`;

/** How late advertisements are, from the gaps between them. */
function lateness(wire: Wire): Measures {
  const last = new Map<string, number>();
  const late: number[] = [];
  for (const { source, vrid, interfaceIndex, time } of wire.adverts()) {
    if (!source.endsWith('.0.1')) continue;
    const key = `${interfaceIndex}/${vrid}`;
    const before = last.get(key);
    if (before !== undefined) late.push(time - before - INTERVAL);
    last.set(key, time);
  }
  return {
    'gaps between advertisements': late.length,
    'late, median (ms)': median(late),
    'late, 99th percentile (ms)': quantile(late, 0.99),
    'late, 99.9th percentile (ms)': quantile(late, 0.999),
    'late, at most (ms)': greatest(late),
  };
}

async function watched<T>(lab: Lab, net: Network, during: () => Promise<T>): Promise<[Measures, T]> {
  const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
  await sleep(1.5 * INTERVAL);
  const result = await during();
  await sleep(1.5 * INTERVAL);
  await wire.stop();
  return [lateness(wire), result];
}

/** What autocannon says (its README, "Programmatic usage"). */
interface Cannonade {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly non2xx: number;
  readonly errors: number;
}

/** As much load as one process can make. @param headers as `name=value` */
async function fire(host: Host, url: string, headers: readonly string[] = []): Promise<Cannonade> {
  const running: Running = host.start(process.execPath, [
    path.join(packageRoot(), 'node_modules/autocannon/autocannon.js'),
    ...['-c', String(CONNECTIONS), '-d', String(SECONDS), '--json', '--no-progress'],
    ...headers.flatMap((header) => ['-H', header]),
    url,
  ]);
  await eventually('the end of the load', (SECONDS + 30) * 1000, () => running.exit, 100);
  return JSON.parse(running.stdout) as Cannonade;
}

async function bareRoute(host: Host, body: string): Promise<Cannonade> {
  const server = host.start(
    process.execPath,
    ['--input-type=module', '-e', BARE.replace("'fastify'", JSON.stringify(import.meta.resolve('fastify')))],
    { input: true },
  );
  server.child.stdin!.end(body);
  await server.waitForOutput(/listening/);
  const result = await fire(host, `http://127.0.0.1:${BARE_PORT}/run/vrrp`);
  await server.stop('SIGKILL');
  return result;
}

await withLab(async (lab) => {
  const net = await network(lab, SIZE);
  const vrouters = Array.from({ length: SIZE.cables * SIZE.vrids }, (_, index) => {
    const cable = Math.floor(index / SIZE.vrids);
    const group = (index % SIZE.vrids) + 1;
    const vip = `10.${100 + cable}.0.${group}`;
    return { group, interface: `e${cable}`, vip, priority: 200, netdrv: 'libnl' };
  });
  const daemon = Rvrrpd.startWith(net.r1, writeConfiguration(lab, net.r1, vrouters, { tables: apiTable() }));
  await daemon.ready(30_000);
  const api = new HttpClient(net.r1, `http://${API_ADDRESS}`);
  await eventually('a log-in', 10_000, async () => {
    await api.logIn('admin', 'banana');
    return true;
  });
  await eventually('all Masters', 30_000, async () => {
    const { text } = await api.request('/run/vrrp');
    return (text.match(/"Master"/g) ?? []).length === vrouters.length;
  });
  await sleep(12_000); // gratuitous ARP is repeated, V8 compiles
  const body = (await api.request('/run/vrrp')).text;
  const pid = await daemon.pid();
  const url = `http://${API_ADDRESS}/run/vrrp`;
  const headers = [`authorization=${api.headers.authorization}`];

  const [idle] = await watched(lab, net, () => sleep(SECONDS * 1000));
  const before = residentMb([pid]);
  const [loaded, cannonade] = await watched(lab, net, () => fire(net.r1, url, headers));
  const after = residentMb([pid]);
  const [beside, bare] = await watched(lab, net, () => bareRoute(net.r1, body));

  const speed = ({ requests, latency }: Cannonade): Measures => ({
    'requests a second': requests.average,
    'latency, median (ms)': latency.p50,
    'latency, 99th percentile (ms)': latency.p99,
  });
  const measures = { ...loaded, ...speed(cannonade), 'resident memory (MB)': after };
  const faults = Object.entries({
    'advertisements are late': !(loaded['late, 99.9th percentile (ms)']! <= LATE),
    'requests fail': cannonade.errors + cannonade.non2xx > 0,
  });
  const missed = faults.filter(([, is]) => is).map(([what]) => what);
  const runs = {
    'API loaded': measures,
    'left alone': { ...idle, 'resident memory (MB)': before },
    'bare route': { ...beside, ...speed(bare) },
  };
  sideBySide(
    `${vrouters.length} virtual routers, GET /run/vrrp (${body.length} octets), ${CONNECTIONS} connections, ${SECONDS} s`,
    runs,
    missed,
  );
  console.log(
    `requests a second, of a bare route's: ${(cannonade.requests.average / bare.requests.average).toFixed(2)}`,
  );
  console.log(`\n${JSON.stringify(runs)}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
});
