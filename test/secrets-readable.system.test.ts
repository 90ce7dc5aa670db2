import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { twoRouters, VIP } from './lab/two-routers.ts';

const router = { group: 1, interface: 'lan', vip: VIP, auth_type: 'rfc2338-simple' };

describeSystem('a file with secrets that every user can read', () => {
  it.concurrent('is warned of by the start, a reload and --check, and without the secret', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const file = writeConfiguration(lab, r1, [{ ...router, auth_secret: 'geheim' }]);
      const warning = `${file}:12: vrouter[0].auth_secret: is a secret, and every user of this machine can read ${file}: chmod o-r it`;
      expect(readFileSync(file, 'utf8').split('\n')[11]).toContain('auth_secret');
      chmodSync(file, 0o644);
      chmodSync(lab.folder, 0o755);
      const daemon = Rvrrpd.startWith(r1, file);
      await daemon.ready();
      const warned = (from = 0): boolean =>
        daemon.log(from).some(({ msg, level }) => msg === warning && level === 'warn');
      expect(warned()).toBe(true);
      const checked = await invoke(r1, ['--check', '-c', file]);
      expect(checked).toMatchObject({ code: 0, stderr: `warning: ${warning}\n` });
      const from = daemon.running.stdout.length;
      await daemon.reload();
      expect(warned(from)).toBe(true);

      // Nothing but the folder in the way: a word in the log, that it might be taken for safe.
      chmodSync(lab.folder, 0o700);
      await daemon.reload();
      expect((await invoke(r1, ['--check', '-c', file])).stderr).toBe('');
      expect(daemon.running.stdout).toContain(
        `the mode of ${file} lets every user read it, only its folders do not`,
      );

      chmodSync(file, 0o640);
      const later = daemon.running.stdout.length;
      await daemon.reload();
      expect(warned(later)).toBe(false);
      expect((await invoke(r1, ['--check', '-c', file])).stderr).toBe('');
      expect(daemon.running.output).not.toContain('geheim');
      await daemon.stop();
    }));

  it.concurrent('an included one, and one that a reference names; the one that names it has none', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const [secret, part] = ['secret', 'part.toml'].map((name) => path.join(lab.folder, name)) as [
        string,
        string,
      ];
      writeFileSync(secret, 'geheim\n', { mode: 0o644 });
      writeFileSync(part, '[api]\nsecret = "geheim"\n', { mode: 0o644 });
      const file = writeConfiguration(lab, r1, [{ ...router, auth_secret: { file: secret } }], {
        directives: { include: [part] },
      });
      for (const each of [secret, part, file]) chmodSync(each, 0o644);
      chmodSync(lab.folder, 0o755);
      const { code, stderr } = await invoke(r1, ['--check', '-c', file]);
      expect(code).toBe(0);
      const lines = stderr.trim().split('\n');
      expect(lines).toHaveLength(2);
      expect(lines.join('\n')).toContain(`every user of this machine can read ${secret}: chmod 600 it`);
      expect(lines.join('\n')).toContain(
        `warning: ${part}:2: api.secret: is a secret, and every user of this machine can read ${part}: chmod o-r it`,
      );
      expect(stderr).not.toContain('geheim');
    }));
});
