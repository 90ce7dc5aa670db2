import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { packageRoot } from '../core/shared/package-root.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';

// The engine's packet loop against the kernel: when a packet came, and a timer that is waited for awake.

const FIXTURE = fileURLToPath(new URL('fixtures/packet-loop-clock.mjs', import.meta.url));
const native = path.join(packageRoot(), 'core/native');

/** What the fixture prints. Times in ms. */
interface Found {
  /** For each packet: how old it was told to be, and between which bounds it was. */
  readonly waits: readonly { ms: number; age: number; atLeast: number; atMost: number }[];
  /** For each timer: how late it was, and how busy the process was afterwards, 0 to 1. */
  readonly sleeps: readonly { awake: boolean; late: number; busy: number }[];
}

/** A packet that is older was kept waiting by a thread that did not run. */
const OLDEST = 50;
/** Two clocks, and the way through the cable. */
const TOLERANCE = 2;

describeSystem('packet loop', () => {
  it('tells how long a packet has waited, and does not stay awake beyond a timer', () =>
    withLab(async (lab) => {
      const host = await lab.host('r1');
      await host.ip('link add v0 type veth peer name v1');
      for (const end of ['v0', 'v1']) await host.ip(`link set ${end} up`);
      const index = async (name: string): Promise<string> =>
        String((JSON.parse(await host.ip(`-j link show ${name}`)) as [{ ifindex: number }])[0].ifindex);
      const output = await host.run(
        process.execPath,
        FIXTURE,
        ...[native, await index('v0'), await index('v1')],
      );
      const { waits, sleeps } = JSON.parse(output) as Found;

      for (const { age, atLeast, atMost } of waits) {
        if (atLeast > OLDEST + TOLERANCE) expect(age).toBe(0);
        else if (atMost < OLDEST - TOLERANCE) {
          expect(age).toBeGreaterThan(0);
          expect(age).toBeLessThan(atMost + TOLERANCE);
        }
      }
      // However busy the machine is, some packets of 20 ms were read in time to be told so.
      const kept = waits.filter(({ ms, atMost }) => ms === 20 && atMost < OLDEST - TOLERANCE);
      for (const { age } of kept) expect(age).toBeGreaterThan(20 - TOLERANCE);
      expect(kept.length).toBeGreaterThan(0);
      expect(waits.filter(({ ms }) => ms === 80).every(({ age }) => age === 0)).toBe(true);

      for (const { late, busy } of sleeps) {
        expect(late).toBeGreaterThanOrEqual(0);
        expect(busy).toBeLessThan(0.5);
      }
    }));
});
