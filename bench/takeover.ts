/**
 * SIGKILL of the Master of 100 virtual routers on one cable, or as many as `--routers=` says (up to 255): how late
 * does the Backup take over?
 *
 * For each virtual router: the Backup's first advertisement, against Master_Down_Interval after the last one that
 * it heard, both from one capture on its own interface. The kernel's addresses really change.
 */
import { withLab } from '../test/lab/lab.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { lateness } from './lateness.ts';
import { convergence, network, startDaemon, virtualAddresses } from './network.ts';
import { count } from './options.ts';
import { type Measures, report } from './report.ts';
import { greatest, median } from './statistics.ts';

const SIZE = { cables: 1, vrids: count('routers', 100) };
const ROUNDS = process.argv.includes('--short') ? 1 : 5;

async function round(implementation: Implementation): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await network(lab, SIZE);
    const master = startDaemon(implementation, lab, net, net.r1);
    const backup = startDaemon(implementation, lab, net, net.r2);
    await convergence(net, 60_000);
    await sleep(8000); // whoever repeats gratuitous ARP has done so
    const wire = await Wire.tap(lab, net.r2, 'e0', { filter: 'vrrp' });
    await sleep(2500);
    const killed = await master.kill();
    await sleep(5000);
    await eventually('the addresses', 20_000, async () => (await virtualAddresses(net.r2)) === SIZE.vrids);
    await wire.stop();
    const late = lateness(wire.adverts(), killed, '10.0.0.2');
    if (late.length !== SIZE.vrids) throw new Error(`${late.length} of ${SIZE.vrids} virtual routers moved`);
    await backup.stop();
    return { 'late, median (ms)': median(late), 'late, at most (ms)': greatest(late) };
  });
}

const rounds: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
for (let index = 0; index < ROUNDS; index++) {
  for (const implementation of ['rvrrpd', 'keepalived'] as const) {
    const measures = await round(implementation);
    rounds[implementation].push(measures);
    console.log(`round ${index + 1} of ${ROUNDS}, ${implementation}: ${JSON.stringify(measures)}`);
  }
}
const met = report(`Take-over after SIGKILL of the Master, ${SIZE.vrids} virtual router(s)`, rounds, {
  'late, median (ms)': { shareOfPeer: 0.5 },
  'late, at most (ms)': { shareOfPeer: 1 },
});
process.exitCode = met ? 0 : 1;
