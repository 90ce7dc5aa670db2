/**
 * 4,000 virtual routers at 1 s, 250 on each of 16 cables: processor time for each advertisement sent and
 * received, memory, and how late the Backup takes over all of them at once.
 */
import { withLab } from '../test/lab/lab.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { lateness } from './lateness.ts';
import { atRest, convergence, network, startDaemon, virtualAddresses } from './network.ts';
import { type Measures, report } from './report.ts';
import { greatest, median } from './statistics.ts';
import { packets, processorMs, residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
const SIZE = { cables: 16, vrids: 250 };
const TOTAL = SIZE.cables * SIZE.vrids;
const ROUNDS = SHORT ? 1 : 5;
/** How long processor time is measured. */
const WINDOW_MS = SHORT ? 10_000 : 20_000;

async function round(implementation: Implementation): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await network(lab, SIZE);
    // One after the other: what happens when both start at once is together.ts's question.
    const master = startDaemon(implementation, lab, net, net.r1);
    await eventually('r1 as Master', 120_000, async () => (await virtualAddresses(net.r1)) === TOTAL, 500);
    const backup = startDaemon(implementation, lab, net, net.r2);
    await sleep(3000);
    await convergence(net, 120_000);
    // What is measured is how it goes on for weeks: gratuitous ARP has been repeated, and whoever compiles and
    // collects garbage after a burst of work has done so.
    await sleep(30_000);
    await atRest(net.r1, master, SIZE, 120_000);
    await atRest(net.r2, backup, SIZE, 120_000);

    const [masterPids, backupPids] = [await master.pids(), await backup.pids()];
    const before = {
      sent: processorMs(masterPids),
      received: processorMs(backupPids),
      seen: await packets(net.r2),
    };
    await sleep(WINDOW_MS);
    const after = {
      sent: processorMs(masterPids),
      received: processorMs(backupPids),
      seen: await packets(net.r2),
    };
    const adverts = after.seen.received - before.seen.received;
    const memory = { master: residentMb(masterPids), backup: residentMb(backupPids) };

    const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
    await sleep(3000);
    const killed = await master.kill();
    await sleep(5000);
    await eventually('the addresses', 120_000, async () => (await virtualAddresses(net.r2)) === TOTAL, 500);
    await wire.stop();
    const late = lateness(wire.adverts(), killed, '.0.2');
    if (late.length !== TOTAL) throw new Error(`${late.length} of ${TOTAL} virtual routers moved`);
    return {
      'processor time for one sent (µs)': ((after.sent - before.sent) * 1000) / adverts,
      'processor time for one received (µs)': ((after.received - before.received) * 1000) / adverts,
      'late, median (ms)': median(late),
      'late, at most (ms)': greatest(late),
      'memory of the Master (MB)': memory.master,
      'memory of the Backup (MB)': memory.backup,
    };
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
const met = report('4,000 virtual routers at 1 s on 16 cables', rounds, {
  'processor time for one sent (µs)': { shareOfPeer: 0.25 },
  'processor time for one received (µs)': { shareOfPeer: 0.75 },
  'late, median (ms)': { shareOfPeer: 0.2 },
  'late, at most (ms)': { shareOfPeer: 0.2 },
});
process.exitCode = met ? 0 : 1;
