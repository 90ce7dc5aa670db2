import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { V2, V3_IPV6 } from './lab/flavour.ts';
import { hmac, recording } from './lab/hmac.ts';
import { Injector } from './lab/injector.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable } from './lab/rvrrpd.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Clocks that jump by an hour, forth and back, between two real daemons. The machine's own clock is everybody's: a daemon is
// given one that is off by what a file says.

const VRID = 51;
const HOUR = 3_600_000;

/** A daemon's clock, as the file that says how many ms it is ahead. */
class OwnClock {
  private readonly file: string;
  private readonly preload: string;

  constructor(lab: Lab, name: string) {
    this.file = path.join(lab.folder, `${name}.clock`);
    this.preload = path.join(lab.folder, 'clock.cjs');
    const source =
      'const { readFileSync } = require("node:fs");\nconst now = Date.now;\n' +
      'Date.now = () => now() + Number(readFileSync(process.env.CLOCK_FILE, "utf8"));\n';
    writeFileSync(this.preload, source);
    this.set(0);
  }

  /** For the daemon that has this clock, in all of its threads. */
  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--require ${this.preload}`, CLOCK_FILE: this.file };
  }

  /** Whoever looks at it finds the offset of before, or this one. */
  set(ahead: number): void {
    writeFileSync(`${this.file}.new`, String(ahead));
    renameSync(`${this.file}.new`, this.file);
  }
}

async function refused(daemon: Rvrrpd): Promise<Readonly<Record<string, number>>> {
  return (await daemon.counters()).routers[0]!.counters.dropped;
}

describeSystem('HMAC trailers and clocks that jump by an hour', () => {
  for (const flavour of [V2, V3_IPV6]) {
    for (const [whose, jumps] of [
      ['the Master’s', { r1: HOUR, r2: 0 }],
      ['the Master’s, back', { r1: -HOUR, r2: 0 }],
      ['the Backup’s', { r1: 0, r2: HOUR }],
      ['the Backup’s, back', { r1: 0, r2: -HOUR }],
      ['all alike', { r1: HOUR, r2: HOUR }],
      ['all alike, back', { r1: -HOUR, r2: -HOUR }],
    ] as const) {
      const alike = jumps.r1 === jumps.r2;
      it.concurrent(
        `${flavour.name}, ${whose}: ${alike ? 'nothing' : 'told, two Masters meanwhile'}; then it heals by itself, and no recording is accepted`,
        () =>
          withLab(async (lab) => {
            const { r1, r2, client, wire } = await twoRouters(lab, flavour.network(VRID));
            const clocks = { r1: new OwnClock(lab, 'r1'), r2: new OwnClock(lab, 'r2') };
            const of = (priority: number): VrouterTable =>
              flavour.router(VRID, [1], {
                ...{ priority, preemption: true, iftype: 'ether' },
                ...hmac({ time_window: 300 }),
              });
            const master = Rvrrpd.start(lab, r1, [of(200)], { env: clocks.r1.env });
            await wire.soleMaster(VRID, flavour.r1);
            const backup = Rvrrpd.start(lab, r2, [of(100)], { env: clocks.r2.env });
            await backup.ready(30_000);
            await eventually('some of its packets', 20_000, async () => {
              return Number((await backup.counters()).routers[0]!.counters.received) >= 3;
            });
            const frames = recording(wire, VRID, flavour.r1);
            expect(await refused(backup)).toEqual({});
            const since = Date.now();
            for (const who of ['r1', 'r2'] as const) clocks[who].set(jumps[who]);
            if (alike) await sleep(8000);
            else {
              await eventually('the Backup as Master too', 30_000, () =>
                wire.adverts(VRID, since).some(({ source }) => source === flavour.r2),
              );
              // The one that is told by how much: r1's clock against r2's.
              const told = backup.log().filter(({ msg }) => /clock/.test(msg ?? ''));
              expect(JSON.stringify(told)).toMatch(/360[01]\d*|3599/);
            }
            for (const who of ['r1', 'r2'] as const) clocks[who].set(0);
            await wire.soleMaster(VRID, flavour.r1);
            const mine = wire.adverts(VRID, since).filter(({ source }) => source === flavour.r1);
            expect(mine.filter(({ priority }) => priority !== 200)).toEqual([]);
            if (alike) {
              const others = wire.adverts(VRID, since).filter(({ source }) => source !== flavour.r1);
              expect(others).toEqual([]);
            }
            // What was recorded before both jumps.
            const before = await refused(backup);
            const count = (dropped: Readonly<Record<string, number>>): number =>
              dropped['auth-replayed'] ?? 0;
            await (await Injector.start(client, 'lan')).send(...frames);
            await eventually('all of them to be refused', 20_000, async () => {
              return count(await refused(backup)) === count(before) + frames.length;
            });
            await master.stop();
            await wire.soleMaster(VRID, flavour.r2);
          }),
        150_000,
      );
    }
  }
});
