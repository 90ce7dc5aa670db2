/**
 * What a `lease` costs: 1, 100 and 4,000 virtual routers whose addresses have one of 10 s, beside the same without:
 * processor time of the Master, and how late its advertisements are. Then it is killed: when has the last address gone?
 */
import { cadence } from '../test/lab/cadence.ts';
import { withLab } from '../test/lab/lab.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { network, SIZES, type Size, startDaemon, virtualAddresses } from './network.ts';
import { type Measures, sideBySide } from './report.ts';
import { processorMs } from './usage.ts';

const SHORT = process.argv.includes('--short');
const LEASE = 10;
/** ms in which processor time is measured; before that the start has to be over, and its announcements. */
const WINDOW_MS = SHORT ? 10_000 : 40_000;
const SETTLE_MS = SHORT ? 12_000 : 30_000;
/** A gap between two advertisements that is good enough, in intervals of 1 s. */
const GAP = 1.05;

function play(size: Size, lease: number | undefined): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await network(lab, size);
    const total = size.cables * size.vrids;
    const daemon = startDaemon('rvrrpd', lab, net, net.r1, lease === undefined ? {} : { lease });
    await eventually('all addresses', 120_000, async () => (await virtualAddresses(net.r1)) === total, 200);
    await sleep(SETTLE_MS);
    const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
    const pids = await daemon.pids();
    const before = processorMs(pids);
    await sleep(WINDOW_MS);
    const used = processorMs(pids) - before;
    await wire.stop();
    const { greatest } = cadence(wire.adverts(), (source) => source.endsWith('.0.1'));
    const there = await virtualAddresses(net.r1);
    await daemon.kill();
    const killed = performance.now();
    if (lease !== undefined)
      await eventually('the end of all', 60_000, async () => (await virtualAddresses(net.r1)) === 0, 20);
    return {
      'processor time (ms a second)': (used / WINDOW_MS) * 1000,
      'greatest gap (intervals)': greatest / 1000,
      'addresses missing': total - there,
      'gone after SIGKILL (s)': lease === undefined ? Number.NaN : (performance.now() - killed) / 1000,
    };
  });
}

const faults: string[] = [];
for (const size of SIZES) {
  const total = size.cables * size.vrids;
  const runs = { without: await play(size, undefined), [`lease = ${LEASE}`]: await play(size, LEASE) };
  const leased = runs[`lease = ${LEASE}`]!;
  const own: string[] = [];
  if (leased['addresses missing']! > 0) own.push('addresses have ended');
  if (leased['gone after SIGKILL (s)']! > LEASE) own.push('gone too late');
  if (leased['greatest gap (intervals)']! > GAP) own.push('late advertisements');
  sideBySide(`${total} virtual routers`, runs, own);
  faults.push(...own);
}
process.exitCode = faults.length === 0 ? 0 : 1;
