/**
 * 4,000 virtual routers started on both sides at once, logging in full to a terminal: for how long do both
 * sides believe to be Master?
 */
import { withLab } from '../test/lab/lab.ts';
import type { Advert } from '../test/lab/sightings.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { convergence, network, startDaemon, virtualAddresses } from './network.ts';
import { type Measures, report } from './report.ts';
import { greatest } from './statistics.ts';

const SHORT = process.argv.includes('--short');
const SIZE = SHORT ? { cables: 4, vrids: 250 } : { cables: 16, vrids: 250 };
const TOTAL = SIZE.cables * SIZE.vrids;

/** Two sources within this time, in ms, are two Masters: an advertisement interval and half. */
const AT_ONCE = 1500;

/** For each virtual router, from when until when both sides advertised it, in ms since the epoch. */
function splits(adverts: readonly Advert[]): { from: number; until: number }[] {
  const last = new Map<string, { source: string; time: number }>();
  const found = new Map<string, { from: number; until: number }>();
  for (const { time, source, vrid, interfaceIndex, priority } of adverts) {
    if (priority === 0) continue;
    const router = `${interfaceIndex}/${vrid}`;
    const other = last.get(router);
    if (other && other.source !== source && time - other.time < AT_ONCE) {
      const split = found.get(router);
      if (split) split.until = time;
      else found.set(router, { from: time, until: time });
    }
    last.set(router, { source, time });
  }
  return [...found.values()];
}

async function round(implementation: Implementation): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await network(lab, SIZE);
    const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
    const begin = Date.now();
    startDaemon(implementation, lab, net, net.r1, { terminal: true });
    startDaemon(implementation, lab, net, net.r2, { terminal: true });
    await sleep(6000);
    await convergence(net, 180_000);
    await sleep(3000);
    await wire.stop();
    const adverts = wire.adverts();
    const found = splits(adverts);
    const first = adverts.find(({ source }) => source.endsWith('.0.1'))?.time ?? Number.NaN;
    const masters = { r1: await virtualAddresses(net.r1), r2: await virtualAddresses(net.r2) };
    if (masters.r1 !== TOTAL || masters.r2 !== 0) throw new Error(`addresses: ${JSON.stringify(masters)}`);
    return {
      'virtual routers with two Masters': found.length,
      'longest time with two Masters (s)': greatest([
        0,
        ...found.map(({ from, until }) => (until - from) / 1000),
      ]),
      'last moment with two Masters (s after the start)': greatest([
        0,
        ...found.map(({ until }) => (until - begin) / 1000),
      ]),
      'first advertisement (s after the start)': (first - begin) / 1000,
    };
  });
}

const rounds: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
for (const implementation of ['rvrrpd', 'keepalived'] as const) {
  const measures = await round(implementation);
  rounds[implementation].push(measures);
  console.log(`${implementation}: ${JSON.stringify(measures)}`);
}
const met = report(`${TOTAL} virtual routers started on both sides at once, logging to a terminal`, rounds, {
  'longest time with two Masters (s)': { most: 2 },
});
process.exitCode = met ? 0 : 1;
