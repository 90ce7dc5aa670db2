import path from 'node:path';
import { expect, it } from 'vitest';
import { Author, filesIn, npmInstall } from './lab/author.ts';
import { withLab } from './lab/lab.ts';
import { allMaster, expectUndisturbed, GUARDED_VRIDS, guarded, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { ALL_FAMILIES } from './lab/sorts.ts';
import { twoRouters } from './lab/two-routers.ts';
import { sleep } from './lab/wait.ts';

// A plugin from outside: written against the published package, packed, installed, used, replaced.

/** Longer than Master_Down_Interval: who is not understood any more would have been replaced, in ms. */
const LONG = 4200;

describeSystem('a plugin of a third party', () => {
  it.concurrent('made from the template: its types hold, its tests pass, its package has what it needs', () =>
    withLab(async (lab) => {
      const author = await Author.begin(path.join(lab.folder, 'author'));
      await author.check();
      const report = await author.test();
      expect(report).toMatch(/^# pass [1-9][0-9]/m);
      expect(report).toMatch(/^# fail 0$/m);
      expect(await filesIn(await author.pack())).toEqual(
        ['index.js', 'package.json', 'README.md'].map((name) => `package/${name}`).sort(),
      );
      // A test that cannot fail would say the same of a broken plugin.
      author.edit('timingSafeEqual(this.trailer(packet, start, end), ', 'packet.length > 0 || Boolean(');
      await expect(author.test()).rejects.toThrow(/not ok .*verify refuses/);
      author.edit("kind: 'auth'", "kind: 'oauth'");
      await expect(author.check()).rejects.toThrow(/index\.js\(\d+,\d+\): error/);
    }));

  it.concurrent(
    'is installed, used, replaced by its next version; one for another API is refused',
    () =>
      withLab(async (lab) => {
        const author = await Author.begin(path.join(lab.folder, 'author'));
        const { r1, r2, wire } = await twoRouters(lab, ALL_FAMILIES);
        await npmInstall(lab.folder, await author.pack());
        const routers = (priority: number) => guarded({ auth_type: 'example-hmac-sha512' }, { priority });
        const options = { tables: '[plugins]\n"rvrrpd-plugin-auth-example" = "*"\n' };
        const master = Rvrrpd.startWith(r1, writeConfiguration(lab, r1, routers(200), options));
        await allMaster(wire, GUARDED_VRIDS);
        const backup = Rvrrpd.startWith(r2, writeConfiguration(lab, r2, routers(100), options));
        await backup.ready();
        const before = { r1: await settledSnapshot(r1), r2: await settledSnapshot(r2) };
        const begin = Date.now();
        expect(wire.adverts(1).every(({ authType }) => authType === 230)).toBe(true);

        author.release('1.1.0');
        author.edit(
          '(_context, secret) => new TruncatedHmac(secret)',
          "(context, secret) => (context.log('info', 'this is 1.1'), new TruncatedHmac(secret))",
        );
        await npmInstall(lab.folder, await author.pack());
        for (const daemon of [master, backup]) {
          const lines = await daemon.reload();
          expect(verdict(lines)).toMatch(/^reloaded: 4 (Master|Backup)$/);
          expect(lines.map(({ msg }) => msg)).toContain('rvrrpd-plugin-auth-example: this is 1.1');
        }
        await sleep(LONG);
        expectUndisturbed(wire, begin - 1200, GUARDED_VRIDS);

        author.release('2.0.0', '^2.0.0');
        await npmInstall(lab.folder, await author.pack());
        for (const daemon of [master, backup]) {
          const lines = await daemon.reload();
          expect(verdict(lines)).toMatch(/^not reloaded: /);
          const errors = lines.filter(({ level }) => level === 'error').map(({ msg }) => msg ?? '');
          expect(errors[0]).toMatch(
            /rvrrpd\.api = "\^2\.0\.0": this rvrrpd has plugin API .*install .*rvrrpd-plugin-auth-example 2\.0\.0/,
          );
        }
        await sleep(LONG);
        expectUndisturbed(wire, begin - 1200, GUARDED_VRIDS);
        for (const daemon of [master, backup]) {
          const { routers: now } = await daemon.counters();
          expect(
            now.map(({ counters }) => Object.values(counters.dropped).some((count) => count > 0)),
          ).toEqual(GUARDED_VRIDS.map(() => false));
        }
        expect({ r1: await snapshot(r1), r2: await snapshot(r2) }).toEqual(before);
      }),
    240_000,
  );
});
