import { rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  descriptors,
  descriptorsAtMost,
  expectUndisturbed,
  GUARDED_VRIDS,
  INTERVAL,
  PLUGINS,
  type Trapped,
  trapped,
  verdict,
} from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { springFile, writeAuthPlugin } from './lab/trap.ts';
import { sleep } from './lab/wait.ts';

// A reload that cannot be: the old generation runs on as if nothing had happened, and the log says why.

/** Reloads, expects one error that matches, and nothing else; then that the same without the fault works. */
async function expectRefusal(stage: Trapped, complaint: RegExp, spoil: () => void): Promise<void> {
  const { daemon, r1, wire } = stage;
  const before = await settledSnapshot(r1);
  const open = await descriptors(daemon);
  const begin = Date.now();
  spoil();
  const lines = await daemon.reload();
  expect(verdict(lines)).toMatch(/^not reloaded: .*everything runs on as before$/);
  const errors = lines.filter(({ level }) => level === 'error').map(({ msg }) => msg ?? '');
  expect(errors.filter((line) => complaint.test(line))).toHaveLength(1);
  await sleep(1.3 * INTERVAL);
  expectUndisturbed(wire, begin - 1200, GUARDED_VRIDS);
  expect(await snapshot(r1)).toEqual(before);
  await descriptorsAtMost(daemon, open);
}

async function expectSuccess(stage: Trapped): Promise<void> {
  const begin = Date.now();
  expect(verdict(await stage.daemon.reload())).toBe(`reloaded: ${GUARDED_VRIDS.length} Master`);
  await sleep(1.3 * INTERVAL);
  expectUndisturbed(stage.wire, begin - 1200, GUARDED_VRIDS);
  expect(stage.peer.running.output).not.toMatch(/Entering MASTER STATE/);
}

describeSystem('a reload that fails leaves everything as it was', () => {
  it.concurrent(
    'the file, a package, a version, a plugin that throws',
    trapped(
      (folder) => writeAuthPlugin(folder, { members: 'exportState: () => 1,' }),
      async (stage) => {
        const { folder, configuration } = stage;
        await expectRefusal(stage, /rvrrpd-r1\.toml:2:\d+: not valid TOML/, () =>
          writeFileSync(configuration(), 'debug = 1\npid = = 1\n'),
        );
        await expectRefusal(stage, /rvrrpd-r1\.toml:\d+: .*priority = 300.*1 to 254/, () =>
          configuration({ priority: 300 }),
        );
        await expectRefusal(stage, /rvrrpd-plugin-none = "\^1": is not installed: run "npm install/, () =>
          configuration({}, { tables: `${PLUGINS.tables}"rvrrpd-plugin-none" = "^1"\n` }),
        );
        configuration();
        await expectRefusal(stage, /version 2\.0\.0 is installed in .*\^1\.0/, () =>
          writeAuthPlugin(folder, { version: '2.0.0' }),
        );
        await expectRefusal(
          stage,
          /plugin API 1\.\d+\.\d+, which is not in the plugin's range: install/,
          () => writeAuthPlugin(folder, { version: '1.1.0', api: '^9.0.0' }),
        );
        await expectRefusal(stage, /rvrrpd-plugin-trap 1\.2\.0 .*cannot be loaded: no luck/, () =>
          writeAuthPlugin(folder, { version: '1.2.0', onLoad: "throw new Error('no luck');" }),
        );
        await expectRefusal(stage, /rvrrpd-plugin-trap 1\.3\.0 .*importState failed: wrong state/, () =>
          writeAuthPlugin(folder, {
            version: '1.3.0',
            members: "importState() { throw new Error('wrong state'); },",
          }),
        );
        writeAuthPlugin(folder, { version: '1.4.0' });
        await expectSuccess(stage);
      },
    ),
    240_000,
  );

  it.concurrent(
    'a plugin that cannot export its state',
    trapped(
      (folder, lab) =>
        writeAuthPlugin(folder, {
          members: `exportState() { if (existsSync('${springFile(lab)}')) throw new Error('not now'); return 1; },
            importState(state) { if (state !== 1) throw new Error('no state'); },`,
        }),
      async (stage) => {
        await expectRefusal(stage, /rvrrpd-plugin-trap 1\.0\.0 .*exportState failed: not now/, () =>
          writeFileSync(springFile(stage.lab), ''),
        );
        rmSync(springFile(stage.lab));
        await expectSuccess(stage);
      },
    ),
    30_000,
  );

  for (const [what, code, complaint] of [
    [
      'an await that never settles',
      'await new Promise(() => {});',
      /trap 1\.1\.0 .*did not finish within 10 s/,
    ],
    ['an endless loop', 'for (;;) {}', /15 s: the engine is loading plugin rvrrpd-plugin-trap 1\.1\.0/],
  ] as const) {
    it.concurrent(
      `a plugin that hangs: ${what}`,
      trapped(
        (folder) => writeAuthPlugin(folder),
        async (stage) => {
          await expectRefusal(stage, complaint, () =>
            writeAuthPlugin(stage.folder, { version: '1.1.0', onLoad: code }),
          );
          writeAuthPlugin(stage.folder, { version: '1.2.0' });
          await expectSuccess(stage);
        },
      ),
      240_000,
    );
  }
});
