import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { API_ADDRESS, USERS } from './lab/api-stage.ts';
import { HttpClient } from './lab/http.ts';
import { withLab } from './lab/lab.ts';
import { allMaster, expectUndisturbed, INTERVAL, router, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { R1, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Secrets in files, in the environment and in systemd's credentials: used, read anew at a reload, never shown.

const OLD = 'gEheimnis-of-old';
const NEW = 'gEheimnis-of-now';
const SIGNED = { auth_type: 'p0-t8-sha256' };

describeSystem('secrets that stand elsewhere', () => {
  it('sign what is sent, are read anew at a reload, and are in nothing that is shown', () =>
    withLab(async (lab) => {
      const { r1, r2, wire } = await twoRouters(lab);
      const credentials = path.join(lab.folder, 'credentials');
      mkdirSync(credentials);
      const put = (file: string, secret: string): void =>
        writeFileSync(path.join(lab.folder, file), `${secret}\n`, { mode: 0o600 });
      put('key', OLD);
      put('credentials/vrrp2', OLD);
      const references = [{ file: 'key' }, { credential: 'vrrp2' }, { env: 'VRRP3' }];
      const vrids = [1, 2, 3];
      const tables = `[api]\nhost = "${API_ADDRESS}"\nusers = ${JSON.stringify(USERS)}\nsecret = { env = "VRRP3" }\n`;
      const options = { tables, env: { CREDENTIALS_DIRECTORY: credentials, VRRP3: OLD } };
      const mine = vrids.map((vrid, index) => router(vrid, { ...SIGNED, auth_secret: references[index]! }));
      const file = writeConfiguration(lab, r1, mine, options);
      const daemon = Rvrrpd.startWith(r1, file, options);
      await allMaster(wire, vrids);
      // Who has the same secret obeys, who has not takes over.
      const theirs = (secret: string) =>
        vrids.map((vrid) => router(vrid, { ...SIGNED, auth_secret: secret, priority: 100 }));
      const backup = Rvrrpd.start(lab, r2, theirs(OLD));
      await backup.ready();
      const quiet = Date.now();
      await sleep(5 * INTERVAL);
      expect(wire.adverts(undefined, quiet).filter(({ source }) => source !== R1)).toEqual([]);

      const api = new HttpClient(r1, `http://${API_ADDRESS}`);
      await api.logIn('admin', 'banana');
      const shown: string[] = [];
      const ask = async (method: string, url: string, body?: unknown): Promise<number> => {
        const answer = await api.request(url, { method, ...(body !== undefined && { body }) });
        shown.push(JSON.stringify(answer));
        return answer.status;
      };
      expect(await ask('GET', '/config/global')).toBe(200);
      expect(await ask('GET', '/run/global')).toBe(200);
      const before = readFileSync(file, 'utf8');
      expect(await ask('PATCH', '/config/vrouter/1/lan', { priority: 201 })).toBe(200);
      const after = before.replace('priority = 200', 'priority = 201');
      expect(readFileSync(file, 'utf8')).toBe(after);
      expect(await ask('PATCH', '/config/vrouter/1/lan', { auth_secret: 'other' })).toBe(422);
      expect(await ask('PATCH', '/config/vrouter/1/lan', { auth_secret: { file: '/etc/shadow' } })).toBe(422);
      expect(readFileSync(file, 'utf8')).toBe(after);

      const refused = Date.now();
      rmSync(path.join(lab.folder, 'key'));
      expect(verdict(await daemon.reload())).toMatch(/^not reloaded: /);
      expect(daemon.running.output).toContain(
        `${file}:${after.split('\n').findIndex((line) => line.includes('{ file')) + 1}: vrouter[0].auth_secret = `,
      );
      await sleep(1.3 * INTERVAL);
      expectUndisturbed(wire, refused - 1200, vrids);

      // A new secret: whoever has it is understood from then on.
      put('key', NEW);
      expect(verdict(await daemon.reload())).toBe('reloaded: 3 Master');
      const own = theirs(OLD).map((table) => (table.group === 1 ? { ...table, auth_secret: NEW } : table));
      writeConfiguration(lab, r2, own);
      await backup.reload();
      await eventually('r1 alone', 15_000, () => {
        const recent = wire.adverts(undefined, Date.now() - 3000);
        return recent.length >= 6 && recent.every(({ source }) => source === R1);
      });
      daemon.running.signal('SIGUSR1');
      await sleep(INTERVAL / 2);
      expect(await daemon.stop()).toMatchObject({ code: 0 });
      for (const text of [daemon.running.output, ...shown]) expect(text).not.toContain('gEheim');
    }));
});
