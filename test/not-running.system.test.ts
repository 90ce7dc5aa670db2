/** What is configured and does not run: told by the reload, by `status`, `/healthz` and the metrics until it runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { ReloadOutcome } from '../core/plugin/contracts/index.ts';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import { API_ADDRESS, apiTable } from './lab/api-stage.ts';
import type { Host } from './lab/host.ts';
import { HttpClient } from './lab/http.ts';
import { invoke } from './lab/invocation.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { allMaster, router } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import type { Running } from './lab/running.ts';
import { executable, Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

const LISTEN = "require('node:net').createServer().listen(7080, '127.0.0.1', () => console.log('there'))";

/** Prints what the service manager is sent, a line each. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps('bound'), flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;

/** Somebody else has the API's port. */
async function takePort(host: Host): Promise<Running> {
  const other = host.start(process.execPath, ['-e', LISTEN]);
  await other.waitForOutput(/there/);
  return other;
}

async function troubles(host: Host, file: string): Promise<readonly string[]> {
  const { stdout } = await invoke(host, ['status', '-c', file, '--json']);
  return (JSON.parse(stdout) as DaemonStatus).troubles;
}

/** Writes a plugin that is this code. @returns its folder */
function plugin(lab: Lab, name: string, kind: string, code: string): string {
  const folder = path.join(lab.folder, `rvrrpd-plugin-${name}`);
  mkdirSync(folder, { recursive: true });
  const manifest = {
    ...{ name: `rvrrpd-plugin-${name}`, version: '1.0.0', type: 'module', exports: './index.js' },
    rvrrpd: { api: '^1.0.0', kind, names: [name], ...(kind === 'filter' && { default: true }) },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(path.join(folder, 'index.js'), `export default { kind: '${kind}', ${code} };\n`);
  return folder;
}

/** A plugin of kind `filter` that makes no program. @returns its folder */
function brokenFilter(lab: Lab): string {
  return plugin(lab, 'leaky', 'filter', "create: () => ({ program() { throw new Error('no idea'); } })");
}

const TAKEN =
  /service rvrrpd-plugin-api-http \S+ cannot start: .*127\.0\.0\.1:7080.*another process has this port/;

describeSystem('what is configured and does not run', () => {
  it.concurrent(
    'an API that a reload brings into use while its port is taken: told everywhere, until it runs',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const file = writeConfiguration(lab, r1, [router(1)]);
        const daemon = Rvrrpd.startWith(r1, file);
        await allMaster(wire, [1]);
        expect(await troubles(r1, file)).toEqual([]);
        const other = await takePort(r1);
        writeConfiguration(lab, r1, [router(1)], { tables: apiTable() });

        const reload = await invoke(r1, ['reload', '-c', file]);
        expect(reload).toMatchObject({ code: 1, stdout: '' });
        expect(reload.stderr).toMatch(new RegExp(`^error: ${TAKEN.source}`, 'm'));
        expect(reload.stderr).toMatch(/^rvrrpd: reloaded, but not all that is configured runs/m);
        const again = await invoke(r1, ['reload', '-c', file, '--json']);
        expect(again.code).toBe(1);
        const outcome = JSON.parse(again.stdout) as ReloadOutcome;
        expect(outcome).toMatchObject({ ok: true, issues: [expect.stringMatching(TAKEN)] });

        expect(await troubles(r1, file)).toEqual([expect.stringMatching(TAKEN)]);
        const { stdout } = await invoke(r1, ['status', '-c', file]);
        expect(stdout).toMatch(new RegExp(`^NOT RUNNING    ${TAKEN.source}`, 'm'));
        const { routers } = JSON.parse(
          (await invoke(r1, ['status', '-c', file, '--json'])).stdout,
        ) as DaemonStatus;
        expect(routers.map(({ state }) => state)).toEqual(['Master']);

        await other.stop('SIGKILL');
        const api = new HttpClient(r1, `http://${API_ADDRESS}`);
        await eventually('the API', 60_000, async () => (await api.request('/healthz')).status === 200);
        await eventually('no trouble', 10_000, async () => (await troubles(r1, file)).length === 0);
        await eventually(
          'that the API knows',
          10_000,
          async () => (await api.request('/healthz')).text === '{"status":"ok"}',
        );
        expect(await invoke(r1, ['reload', '-c', file])).toMatchObject({ code: 0, stdout: 'reloaded\n' });
        expect((await daemon.stop()).code).toBe(0);
      }),
    240_000,
  );

  it.concurrent(
    'the same at the start, which is not called off',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        await takePort(r1);
        const file = writeConfiguration(lab, r1, [router(1)], { tables: apiTable() });
        const daemon = Rvrrpd.startWith(r1, file);
        await allMaster(wire, [1]);
        await eventually('the trouble', 10_000, async () => (await troubles(r1, file)).length === 1);
        expect(await troubles(r1, file)).toEqual([expect.stringMatching(TAKEN)]);
        // Taken out of the configuration it is none any more.
        writeConfiguration(lab, r1, [router(1)]);
        expect((await invoke(r1, ['reload', '-c', file])).code).toBe(0);
        expect(await troubles(r1, file)).toEqual([]);
        await daemon.stop();
      }),
    240_000,
  );

  it.concurrent(
    'the service manager is told',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        const file = writeConfiguration(lab, r1, [router(1)]);
        const address = path.join(lab.folder, 'notify');
        const receiver = r1.start('python3', ['-c', RECEIVER, address]);
        await receiver.waitForOutput(/"bound"/);
        const daemon = r1.start(process.execPath, [executable(), '-m1', '-c', file], {
          env: { NOTIFY_SOCKET: address },
        });
        await receiver.waitForOutput(/READY=1/, 20_000);
        const other = await takePort(r1);
        writeConfiguration(lab, r1, [router(1)], { tables: apiTable() });
        daemon.signal('SIGHUP');
        await receiver.waitForOutput(/STATUS=not running: service rvrrpd-plugin-api-http .*; 1 /, 20_000);
        await daemon.waitForOutput(TAKEN, 20_000); // a pipe of its own, which may come later
        await other.stop('SIGKILL');
        await eventually('no trouble', 60_000, async () => (await troubles(r1, file)).length === 0);
        daemon.signal('SIGTERM');
        await daemon.exited;
      }),
    240_000,
  );

  it.concurrent(
    'a service that never gets to serve: not to hear of it is no success',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const file = writeConfiguration(lab, r1, [router(1)]);
        const daemon = Rvrrpd.startWith(r1, file);
        await allMaster(wire, [1]);
        const folder = plugin(
          lab,
          'idler',
          'api',
          'create: () => ({ start: () => new Promise(() => {}), stop() {} })',
        );
        const tables = `[plugins]\n"${folder}" = "*"\n`;
        writeConfiguration(lab, r1, [router(1)], { tables, directives: { client_api: 'idler' } });
        const reload = await invoke(r1, ['reload', '-c', file]);
        const text = 'service rvrrpd-plugin-idler 1.0.0 has not begun to serve within 5 s';
        expect(reload.stderr).toContain(`error: ${text}\n`);
        expect(reload.code).toBe(1);
        expect(await troubles(r1, file)).toEqual([text]);
        await daemon.running.waitForOutput(
          /service rvrrpd-plugin-idler 1\.0\.0 has not begun to serve within 5 s/,
          20_000,
        );
        writeConfiguration(lab, r1, [router(1)]);
        expect((await invoke(r1, ['reload', '-c', file])).code).toBe(0);
        expect(await troubles(r1, file)).toEqual([]);
        expect((await daemon.stop()).code).toBe(0);
      }),
    240_000,
  );

  it.concurrent(
    'a socket filter that cannot be used, as the API and its metrics tell it',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const file = writeConfiguration(lab, r1, [router(1)], { tables: apiTable() });
        const daemon = Rvrrpd.startWith(r1, file);
        await allMaster(wire, [1]);
        const api = new HttpClient(r1, `http://${API_ADDRESS}`);
        await eventually('the API', 20_000, async () => (await api.request('/healthz')).status === 200);
        await api.logIn('admin', 'banana');
        const metric = async () => /^rvrrpd_troubles (\d+)$/m.exec((await api.request('/metrics')).text)?.[1];
        expect(await metric()).toBe('0');

        const plugins = `[plugins]\n"${brokenFilter(lab)}" = "*"\n`;
        writeConfiguration(lab, r1, [router(1)], { tables: `${apiTable()}${plugins}` });
        const reload = await invoke(r1, ['reload', '-c', file]);
        const text =
          /^error: lan: the socket filter of plugin rvrrpd-plugin-leaky .* is not used: .*no idea/m;
        expect(reload.stderr).toMatch(text);
        expect(reload.code).toBe(1);
        expect((await api.request('/healthz')).json).toEqual({ status: 'degraded' });
        expect((await api.request('/run/status')).json).toMatchObject({
          troubles: [expect.stringContaining('rvrrpd-plugin-leaky')],
        });
        await eventually('the metric', 10_000, async () => (await metric()) === '1');

        writeConfiguration(lab, r1, [router(1)], { tables: apiTable() });
        expect((await invoke(r1, ['reload', '-c', file])).code).toBe(0);
        await eventually(
          'a sound daemon',
          10_000,
          async () => (await api.request('/healthz')).text === '{"status":"ok"}',
        );
        await eventually('the metric', 10_000, async () => (await metric()) === '0');
        await daemon.stop();
      }),
    240_000,
  );
});
