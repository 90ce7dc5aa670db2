import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
  expectUndisturbed,
  GUARDED,
  GUARDED_VRIDS,
  INTERVAL,
  PLUGINS,
  type Trapped,
  trapped,
  verdict,
} from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { springFile, throwsWhen, writeAuthPlugin, writeIftypePlugin } from './lab/trap.ts';
import { eventually, sleep } from './lab/wait.ts';

// A worker that a plugin brings down is replaced before anybody else notices.

describeSystem('a worker that crashes is replaced', () => {
  const ALL = `${GUARDED.length} Master`;
  const PATTERN = /broke down: .*the trap is sprung/;

  /** Springs the trap: nobody notices but the log. */
  async function crash(stage: Trapped): Promise<void> {
    const { daemon, r1, wire, lab, peer } = stage;
    const before = await settledSnapshot(r1);
    const begin = Date.now();
    writeFileSync(springFile(lab), '');
    await daemon.running.waitForOutput(new RegExp(`replaced: ${ALL}`));
    const broken = daemon.log().find(({ msg }) => PATTERN.test(msg ?? ''));
    expect(broken?.level).toBe('error');
    await sleep(2 * INTERVAL);
    // The advertisement that was due while there was no engine is one interval late at most; the next one is on time, and
    // so follows it as much sooner, none else does.
    const { smallest, greatest } = expectUndisturbed(wire, begin - 1200, GUARDED_VRIDS, 2, 0);
    expect(smallest).toBeGreaterThan(Math.min(INTERVAL / 2, 1.9 * INTERVAL - greatest));
    expect(peer.running.output).not.toMatch(/Entering MASTER STATE/);
    expect(await snapshot(r1)).toEqual(before);
    expect(verdict(await daemon.reload())).toBe(`reloaded: ${ALL}`);
  }

  it.concurrent(
    'the engine',
    trapped((folder, lab) => writeAuthPlugin(folder, { onLoad: throwsWhen(springFile(lab)) }), crash),
    30_000,
  );

  it.concurrent(
    'the actuator, without a word from the engine',
    trapped(
      (folder, lab) => {
        writeAuthPlugin(folder);
        writeIftypePlugin(path.join(lab.folder, 'rvrrpd-plugin-ground'), {
          onLoad: throwsWhen(springFile(lab)),
        });
      },
      async (stage) => {
        const tables = `${PLUGINS.tables}"./rvrrpd-plugin-ground" = "*"\n`;
        stage.configuration({ iftype: 'trap' }, { tables });
        expect(verdict(await stage.daemon.reload())).toBe(`reloaded: ${ALL}`);
        // It knows of no other router on the interface and gives that the virtual MAC address, after the reload.
        await eventually('the virtual MAC address', 10_000, async () =>
          (await stage.r1.ip('link show dev lan')).includes('00:00:5e:00:01:01'),
        );
        await crash(stage);
      },
    ),
    30_000,
  );

  it.concurrent(
    'less and less often, if it keeps crashing',
    trapped(
      (folder, lab) => writeAuthPlugin(folder, { onLoad: throwsWhen(springFile(lab), true) }),
      async ({ daemon, lab, wire }) => {
        writeFileSync(springFile(lab), '');
        await daemon.running.waitForOutput(/replacing it in 1 s/);
        await daemon.running.waitForOutput(/replacing it in 5 s/, 5000);
        rmSync(springFile(lab));
        await daemon.running.waitForOutput(/replaced: /, 10_000);
        for (const { vrid, flavour } of GUARDED) await wire.soleMaster(vrid, flavour.r1);
        expect(daemon.log().filter(({ msg }) => PATTERN.test(msg ?? '')).length).toBeLessThan(5);
      },
    ),
    40_000,
  );
});
