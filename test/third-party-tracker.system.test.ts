import path from 'node:path';
import { expect, it } from 'vitest';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import { Author, filesIn, npmInstall } from './lab/author.ts';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { expectUndisturbed, INTERVAL, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { R1, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// A tracker from outside, made from the template: packed, installed, used, replaced by its next version.

const GROUP = 7;

describeSystem('a tracker of a third party', () => {
  it.concurrent(
    'made from the template: its types hold, its tests pass, its package has what it needs',
    () =>
      withLab(async (lab) => {
        const author = await Author.begin(path.join(lab.folder, 'author'), 'plugin-track');
        await author.check();
        const report = await author.test();
        expect(report).toMatch(/^# pass [1-9][0-9]/m);
        expect(report).toMatch(/^# fail 0$/m);
        expect(await filesIn(await author.pack())).toEqual(
          ['index.js', 'package.json', 'README.md', 'schema.json'].map((name) => `package/${name}`).sort(),
        );
        // A test that cannot fail would say the same of a broken plugin.
        author.edit('words: `', 'words: `\\n');
        await expect(author.test()).rejects.toThrow(/not ok .*says why in a few words/);
        author.edit("kind: 'track'", "kind: 'tracker'");
        await expect(author.check()).rejects.toThrow(/index\.js\(\d+,\d+\): error/);
      }),
    240_000,
  );

  it.concurrent(
    'is installed, used, replaced by its next version: verdict and counts survive',
    () =>
      withLab(async (lab) => {
        const author = await Author.begin(path.join(lab.folder, 'author'), 'plugin-track');
        const { r1, wire } = await twoRouters(lab);
        await npmInstall(lab.folder, await author.pack());
        const socket = path.join(lab.folder, 'socket');
        const listen = `require('net').createServer((s) => s.on('error', () => {}).end()).listen('${socket}', () => console.log('ready'))`;
        const server = r1.start(process.execPath, ['-e', listen]);
        await server.waitForOutput(/^ready$/m);
        const table = (fall: number) => `[plugins]\n"rvrrpd-plugin-track-example" = "*"\n
[[track]]
name = "database"
type = "example-unix-socket"
path = "${socket}"
interval = 0.2
timeout = 5
fall = ${fall}
`;
        const routers = [
          {
            group: GROUP,
            interface: 'lan',
            vip: '10.0.0.7',
            iftype: 'ether',
            priority: 200,
            track: ['database'],
          },
        ];
        const file = writeConfiguration(lab, r1, routers, { tables: table(3) });
        const daemon = Rvrrpd.startWith(r1, file);
        await wire.soleMaster(GROUP, R1);
        const status = async () => {
          const { stdout } = await invoke(r1, ['status', '-c', file, '--json']);
          return (JSON.parse(stdout) as DaemonStatus).trackers![0]!;
        };
        const before = await status();
        expect(before).toMatchObject({ verdict: 'up', words: `${socket}: somebody listens` });
        const begin = Date.now();
        author.release('1.1.0', '^1.1.0');
        author.edit("'somebody listens'", "'somebody listens to 1.1'");
        await npmInstall(lab.folder, await author.pack());
        expect(verdict(await daemon.reload())).toMatch(/^reloaded: 1 Master$/);
        await eventually('words of the new version', 30_000, async () =>
          (await status()).words.endsWith('1.1'),
        );
        expect((await status()).since).toBe(before.since);
        await sleep(1.3 * INTERVAL);
        expectUndisturbed(wire, begin - 1200, [GROUP]);
        const lines = daemon.log().filter(({ msg }) => /^tracker database: /.test(msg ?? ''));
        expect(lines).toHaveLength(1); // waiting -> up
        await server.stop('SIGKILL');
        await eventually('Fault', 30_000, () =>
          daemon.log().some(({ msg }) => /Master -> Fault: tracker database/.test(msg ?? '')),
        );
        expect((await status()).words).toBe(`${socket}: nobody listens`);
      }),
    240_000,
  );
});
