/**
 * HMAC trailers: processor time for each advertisement sent and received, beside keepalived's password; and what a flood of
 * forged and replayed trailers at one router costs the others on its interface.
 *
 * Processor time is that of all threads of a daemon, system calls and what the kernel does in them included, over the
 * advertisements that the Backup's interfaces have received in that while: each daemon receives from one of its own sort.
 */
import { cadence } from '../test/lab/cadence.ts';
import { Flood } from '../test/lab/flood.ts';
import { hmac, recording } from '../test/lab/hmac.ts';
import { withLab } from '../test/lab/lab.ts';
import { Rvrrpd } from '../test/lab/rvrrpd.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { atRest, convergence, network, startDaemon, virtualAddresses } from './network.ts';
import { type Measures, report, sideBySide } from './report.ts';
import { packets, processorMs } from './usage.ts';

const SHORT = process.argv.includes('--short');
const SIZE = { cables: SHORT ? 4 : 16, vrids: 250 };
const TOTAL = SIZE.cables * SIZE.vrids;
const ROUNDS = SHORT ? 1 : 3;
/** How long processor time, and a flood, is measured. */
const WINDOW_MS = SHORT ? 10_000 : 20_000;
/** Frames that a flood sends at once, every ms. */
const AT_ONCE = 20;
/** Routers that are not attacked, and the one that is. */
const OTHERS = 100;
const ATTACKED = 101;

async function costs(implementation: Implementation): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await network(lab, SIZE);
    const master = startDaemon(implementation, lab, net, net.r1, { authenticated: true });
    await eventually('r1 as Master', 120_000, async () => (await virtualAddresses(net.r1)) === TOTAL, 500);
    const backup = startDaemon(implementation, lab, net, net.r2, { authenticated: true });
    await sleep(3000);
    await convergence(net, 120_000);
    await sleep(30_000); // what a start leaves behind is cleaned up by then, see load.ts
    await atRest(net.r1, master, SIZE, 120_000);
    await atRest(net.r2, backup, SIZE, 120_000);
    const [masterPids, backupPids] = [await master.pids(), await backup.pids()];
    const read = async () => ({
      sent: processorMs(masterPids),
      received: processorMs(backupPids),
      adverts: (await packets(net.r2)).received,
    });
    const before = await read();
    await sleep(WINDOW_MS);
    const after = await read();
    const adverts = after.adverts - before.adverts;
    return {
      'processor time for one sent (µs)': ((after.sent - before.sent) * 1000) / adverts,
      'processor time for one received (µs)': ((after.received - before.received) * 1000) / adverts,
    };
  });
}

/** What a flood costs, beside the same without. */
async function flood(): Promise<{ readonly calm: Measures; readonly flooded: Measures }> {
  return withLab(async (lab) => {
    const { r1, r2 } = await network(lab, { cables: 1, vrids: 1 });
    const of = (group: number, priority: number) => ({
      ...{ group, interface: 'e0', vip: `10.100.0.${group}`, priority, preemption: true, iftype: 'ether' },
      ...hmac({ time_window: 300 }),
    });
    // What is recorded is genuine, and is known to r1 when it comes again.
    const all = await Wire.tap(lab, r2, 'e0', { filter: 'vrrp' });
    const groups = Array.from({ length: OTHERS }, (_, index) => index + 1);
    const daemon = Rvrrpd.start(
      lab,
      r1,
      [...groups, ATTACKED].map((group) => of(group, 200)),
    );
    await daemon.ready();
    const victim = Rvrrpd.start(lab, r2, [of(ATTACKED, 250)]);
    await eventually('packets to record', 30_000, () => recording(all, ATTACKED, '10.0.0.2').length >= 4);
    await victim.stop();
    await all.stop();
    const genuine = recording(all, ATTACKED, '10.0.0.2').filter((frame) => frame[14 + 20 + 2] === 250);
    const frames = Array.from({ length: AT_ONCE }, (_, index) => {
      const frame = Buffer.from(genuine[index % genuine.length]!);
      if (index % 2 === 0) frame[frame.length - 1]! ^= 1 + index; // forged: the HMAC is wrong
      return frame;
    });
    await sleep(5000);
    const dropped = async (): Promise<number> => {
      const { routers } = await daemon.counters();
      const counts = routers.find(({ group }) => group === ATTACKED)!.counters.dropped;
      return (counts['auth-failed'] ?? 0) + (counts['auth-replayed'] ?? 0);
    };
    const measure = async (attack: () => Promise<unknown>): Promise<Measures> => {
      const wire = await Wire.tap(lab, r2, 'e0', {
        filter: `vrrp and ip[21] != ${ATTACKED}`,
        immediate: false,
      });
      const pid = [await daemon.pid()];
      const [used, refused] = [processorMs(pid), await dropped()];
      await attack();
      const [usedThen, refusedThen] = [processorMs(pid), await dropped()];
      await wire.stop();
      const { smallest, greatest, count } = cadence(wire.adverts(), (source) => source === '10.0.0.1');
      return {
        'advertisements of the others': count,
        'smallest gap (ms)': smallest,
        'greatest gap (ms)': greatest,
        'forged and replayed ones dropped': refusedThen - refused,
        'processor time of the daemon (%)': ((usedThen - used) / WINDOW_MS) * 100,
      };
    };
    const sender = await Flood.prepare(r2, 'e0', frames);
    const calm = await measure(() => sleep(WINDOW_MS));
    const flooded = await measure(() => sender.send(WINDOW_MS, 1));
    return { calm, flooded };
  });
}

const rounds: Record<Implementation, Measures[]> = { rvrrpd: [], keepalived: [] };
for (let index = 0; index < ROUNDS; index++) {
  for (const implementation of ['rvrrpd', 'keepalived'] as const) {
    const measures = await costs(implementation);
    rounds[implementation].push(measures);
    console.log(`round ${index + 1} of ${ROUNDS}, ${implementation}: ${JSON.stringify(measures)}`);
  }
}
const cheap = report(
  `${TOTAL} virtual routers at 1 s: an HMAC trailer beside keepalived's password`,
  rounds,
  {
    'processor time for one sent (µs)': { shareOfPeer: 1 },
    'processor time for one received (µs)': { shareOfPeer: 1 },
  },
);
const { calm, flooded } = await flood();
const faults: string[] = [];
const sent = WINDOW_MS * AT_ONCE;
if (flooded['forged and replayed ones dropped']! < 0.9 * sent)
  faults.push(`${flooded['forged and replayed ones dropped']} of ${sent} forged ones were heard`);
const worst = Math.max(1020, calm['greatest gap (ms)']! * 1.01);
if (flooded['greatest gap (ms)']! > worst) faults.push(`a gap of ${flooded['greatest gap (ms)']} ms`);
const title = `${OTHERS} routers at 1 s while one beside them is sent ${AT_ONCE * 1000} forged and replayed trailers a second`;
sideBySide(title, { calm, flooded }, faults);
process.exitCode = cheap && faults.length === 0 ? 0 : 1;
