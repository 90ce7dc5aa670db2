/**
 * `rvrrpd standby` of the Master of 200 virtual routers at 10 a second (`--short`: 40), beside a Backup, with a client that
 * pings the address of each 20th: how evenly they leave, how long an address is without an answer, and whether any of the
 * Master's other advertisements comes late meanwhile.
 */
import { invoke } from '../test/lab/invocation.ts';
import { withLab } from '../test/lab/lab.ts';
import { Ping } from '../test/lab/ping.ts';
import { Rvrrpd, writeConfiguration } from '../test/lab/rvrrpd.ts';
import { R1, R2, routerForEach, twoRouters } from '../test/lab/two-routers.ts';
import { eventually } from '../test/lab/wait.ts';
import { greatest, median } from './statistics.ts';

const COUNT = process.argv.includes('--short') ? 40 : 200;
const RATE = 10;
const EACH = 20;

/** ms from one to the next. */
function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - times[index]!);
}

const measures = await withLab(async (lab) => {
  const { r1, r2, client, wire } = await twoRouters(lab);
  // Outside of the hosts' own addresses: 10.0.0.2, .3 and .100.
  const vips = Array.from({ length: COUNT }, (_, index) => `10.0.0.${index < 90 ? index + 5 : index + 15}`);
  const file = writeConfiguration(lab, r1, routerForEach(vips, 200));
  await Rvrrpd.start(lab, r2, routerForEach(vips, 100)).ready();
  await Rvrrpd.startWith(r1, file).ready();
  const isAll = (source: string) => (): boolean => {
    const since = Date.now() - 1500;
    const seen = wire.adverts(undefined, since).filter((advert) => advert.priority > 0);
    return (
      new Set(seen.map(({ vrid }) => vrid)).size === COUNT && seen.every((advert) => advert.source === source)
    );
  };
  await eventually('r1 to be Master of all', 60_000, isAll(R1), 500);
  const pings = vips.filter((_, index) => index % EACH === 0).map((vip) => Ping.start(client, vip));
  await eventually('answers', 10_000, () => pings.every((ping) => ping.replies().length > 0));
  const from = Date.now();
  const { code, stderr } = await invoke(r1, ['standby', '--rate', String(RATE), '-c', file], {}, 120_000);
  if (code !== 0) throw new Error(`rvrrpd standby ended with ${code}: ${stderr}`);
  await eventually('r2 to be Master of all', 20_000, isAll(R2), 500);
  const adverts = wire.adverts(undefined, from);
  const left = adverts
    .filter(({ source, priority }) => source === R1 && priority === 0)
    .map(({ time }) => time);
  const late = vips.flatMap((_, index) =>
    gaps(
      adverts
        .filter(({ vrid, source, priority }) => vrid === index + 1 && source === R1 && priority > 0)
        .map(({ time }) => time),
    ),
  );
  const silence = pings.map((ping) => ping.longestGap(from).lengthMs);
  await Promise.all(pings.map((ping) => ping.stop()));
  return {
    'routers moved': left.length,
    'ms from one to the next, median': median(gaps(left)),
    'ms from one to the next, at most': greatest(gaps(left)),
    'ms without an answer, median': median(silence),
    'ms without an answer, at most': greatest(silence),
    'ms between advertisements of those that wait, at most': greatest(late),
  };
});
console.table(measures);
console.log(JSON.stringify({ bench: 'evacuation', routers: COUNT, rate: RATE, ...measures }));
process.exitCode = measures['routers moved'] === COUNT ? 0 : 1;
