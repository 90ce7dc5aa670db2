/**
 * SIGTERM of the Master of 2,000 virtual routers, 250 on each of 8 cables: when has the last of them said good-bye,
 * and when is everything given back and the process gone? On macvlan, where each has an interface to be removed, and
 * on ether, where each has an address.
 */
import { withLab } from '../test/lab/lab.ts';
import { Rvrrpd } from '../test/lab/rvrrpd.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { Wire } from '../test/lab/wire.ts';
import { network, virtualAddresses } from './network.ts';
import { type Measures, sideBySide } from './report.ts';
import { greatest, median } from './statistics.ts';

const SHORT = process.argv.includes('--short');
const SIZE = { cables: 8, vrids: 250 };
const TOTAL = SIZE.cables * SIZE.vrids;
const ROUNDS = SHORT ? 1 : 3;

const GOOD_BYE = 'the last good-bye, after SIGTERM (ms)';
const END = 'the end of the process, after SIGTERM (ms)';
const GOALS = { [GOOD_BYE]: 100, [END]: 1000 };

async function round(iftype: string): Promise<Measures> {
  return withLab(async (lab) => {
    const net = await network(lab, SIZE);
    const routers = Array.from({ length: TOTAL }, (_, index) => {
      const cable = Math.floor(index / SIZE.vrids);
      const vrid = (index % SIZE.vrids) + 1;
      const vip = `10.${100 + cable}.0.${vrid}`;
      return { group: vrid, interface: `e${cable}`, vip, priority: 200, iftype, vifname: `v${index}` };
    });
    const daemon = Rvrrpd.start(lab, net.r1, routers, { output: 'discard' });
    await eventually('all addresses', 120_000, async () => (await virtualAddresses(net.r1)) === TOTAL, 500);
    await sleep(3000);
    const wire = await Wire.tap(lab, net.r2, 'any', { filter: 'vrrp', immediate: false });
    await sleep(1000);
    const asked = Date.now();
    const { code } = await daemon.stop('SIGTERM', 60_000);
    const ended = Date.now() - asked;
    await sleep(1500); // until the last block of the capture is full or has waited for a second
    await wire.stop();
    const goodBye = wire.adverts(undefined, asked).filter(({ priority }) => priority === 0);
    if (code !== 0) throw new Error(`rvrrpd ended with ${code}`);
    if (goodBye.length !== TOTAL) throw new Error(`${goodBye.length} of ${TOTAL} have said good-bye`);
    if ((await virtualAddresses(net.r1)) !== 0) throw new Error('not everything was given back');
    return {
      [GOOD_BYE]: greatest(goodBye.map(({ time }) => time - asked)),
      [END]: ended,
    };
  });
}

const medians: Record<string, Measures> = {};
const faults: string[] = [];
for (const iftype of ['macvlan', 'ether']) {
  const rounds: Measures[] = [];
  for (let index = 0; index < ROUNDS; index++) {
    const measures = await round(iftype);
    rounds.push(measures);
    console.log(`round ${index + 1} of ${ROUNDS}, ${iftype}: ${JSON.stringify(measures)}`);
  }
  const middle = (name: string): number => median(rounds.map((measures) => measures[name]!));
  medians[iftype] = Object.fromEntries(Object.keys(GOALS).map((name) => [name, middle(name)]));
  for (const [name, most] of Object.entries(GOALS)) {
    if (middle(name) > most) faults.push(`${iftype}: ${name} ${middle(name).toFixed(0)}, at most ${most}`);
  }
}
sideBySide(`SIGTERM of the Master of ${TOTAL} virtual routers`, medians, faults);
process.exitCode = faults.length === 0 ? 0 : 1;
