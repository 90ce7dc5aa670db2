/** What it takes to be there: memory with 1, 100 and 4,000 virtual routers, and how long a start takes. */
import { withLab } from '../test/lab/lab.ts';
import { Rvrrpd } from '../test/lab/rvrrpd.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { network, SIZES, type Size, startDaemon, virtualAddresses } from './network.ts';
import { type Measures, report } from './report.ts';
import { median } from './statistics.ts';
import { residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
const ROUNDS = SHORT ? 1 : 3;
/** Starts of which each round's figure is the median. */
const STARTS = SHORT ? 5 : 11;
/** ms from the last address to the measurement. A daemon that cleans up after its start has done so by then. */
const SETTLE_MS = SHORT ? 15_000 : 25_000;

/** Resident memory of a Master of so many virtual routers, in MB. */
function memory(implementation: Implementation, size: Size): Promise<number> {
  return withLab(async (lab) => {
    const net = await network(lab, size);
    const daemon = startDaemon(implementation, lab, net, net.r1);
    const total = size.cables * size.vrids;
    await eventually('all addresses', 120_000, async () => (await virtualAddresses(net.r1)) === total, 200);
    await sleep(SETTLE_MS);
    const resident = residentMb(await daemon.pids());
    await daemon.stop();
    return resident;
  });
}

/**
 * ms from the start of the process to the line that it runs, one virtual router. keepalived has no such line, nor
 * anything that would mean the same.
 */
function starts(): Promise<number[]> {
  return withLab(async (lab) => {
    const host = await lab.host('r1');
    await lab.cable(host, { interface: 'e0', address: '10.0.0.1/24' }, await lab.host('r2'), {
      interface: 'e0',
      address: '10.0.0.2/24',
    });
    const all: number[] = [];
    for (let index = 0; index < STARTS; index++) {
      const begin = performance.now();
      const daemon = Rvrrpd.start(lab, host, [{ group: 1, interface: 'e0', vip: '10.100.0.1' }]);
      const running = new Promise<number>((resolve) => {
        daemon.running.child.stdout?.on('data', () => {
          if (/rvrrpd \S+ running /.test(daemon.running.stdout)) resolve(performance.now() - begin);
        });
      });
      await daemon.ready(30_000); // fails if it ends
      all.push(await running);
      await daemon.stop();
    }
    return all;
  });
}

const rounds: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
for (let index = 0; index < ROUNDS; index++) {
  for (const implementation of ['rvrrpd', 'keepalived'] as const) {
    const measures: Record<string, number> = {};
    for (const size of SIZES) {
      measures[`memory, ${size.cables * size.vrids} (MB)`] = await memory(implementation, size);
    }
    measures['start to running (ms)'] = implementation === 'rvrrpd' ? median(await starts()) : Number.NaN;
    rounds[implementation].push(measures);
    console.log(`round ${index + 1} of ${ROUNDS}, ${implementation}: ${JSON.stringify(measures)}`);
  }
}
const met = report('memory of a Master, and its start', rounds, {
  'memory, 1 (MB)': { most: 80 },
  'memory, 4000 (MB)': { most: 120 },
  'start to running (ms)': { most: 300 },
});
process.exitCode = met ? 0 : 1;
