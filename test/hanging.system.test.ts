import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import type { Running } from './lab/running.ts';
import { executable, Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { snapshot } from './lab/snapshot.ts';
import { ALL_FAMILIES, addressOf, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { type ThirdParty, writePlugins } from './lab/third-party.ts';
import { R1, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// Whatever hangs: reloads fail, the routers go on, and SIGTERM ends the process in its time.

const ROUTERS = oneOfEachSort();
/** The same, the first one, of VRRPv2, with a plugin's authentication. */
const GUARDED = [{ ...ROUTERS[0]!, auth_type: 'somebody' }, ...ROUTERS.slice(1)];
/** ms in which a stop must be over. Generous: machines that run tests are busy. */
const IN_TIME = 3000;

function makeFifo(file: string): void {
  rmSync(file, { force: true });
  execFileSync('mkfifo', [file]);
}

function verdictOf(lines: readonly { readonly msg?: string }[]): string {
  return lines.at(-1)?.msg ?? '';
}

/** Stops a daemon that was Master, in time, in order, with nothing left in the kernel. */
async function stopInTime(daemon: Rvrrpd, host: Host, before: unknown): Promise<void> {
  expect(await daemon.stop('SIGTERM', IN_TIME)).toEqual({ code: 0, signal: null });
  expect(await snapshot(host)).toEqual(before);
}

/** Every virtual router has said good-bye last. */
function expectGoodBye(wire: Wire): void {
  for (const { vrid } of SORTS) expect(wire.adverts(vrid).at(-1)?.priority).toBe(0);
}

/** Runs a shell command to its end. */
async function ended(host: Host, command: string): Promise<{ running: Running; code: number | null }> {
  const running = host.start('bash', ['-c', command]);
  const { code } = await eventually('its end', 15_000, () => running.exit, 10);
  return { running, code };
}

describeSystem('what hangs', () => {
  it.concurrent('a FIFO in the place of the configuration: refused, and the next reload works', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const before = await snapshot(r1);
      const file = writeConfiguration(lab, r1, ROUTERS);
      const daemon = Rvrrpd.startWith(r1, file);
      await allSortsMaster(wire);
      await daemon.ready();
      renameSync(file, `${file}.good`);
      makeFifo(file);
      for (let i = 0; i < 6; i++) expect(verdictOf(await daemon.reload())).toMatch(/^not reloaded: /);
      expect(daemon.running.output).toContain(`${file}: is a FIFO, not a regular file`);
      const check = await invoke(r1, ['--check', '-c', file]);
      expect(check).toMatchObject({ code: 1, stdout: '' });
      expect(check.stderr).toBe(
        `error: ${file}: is a FIFO, not a regular file: name the configuration file itself with -c FILE\n`,
      );
      rmSync(file);
      renameSync(`${file}.good`, file);
      expect(verdictOf(await daemon.reload())).toMatch(/^reloaded: /);
      makeFifo(file);
      await stopInTime(daemon, r1, before);
      expectGoodBye(wire);
    }));

  it.concurrent('FIFOs in the places of log files and PID file: refused', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const fifo = path.join(lab.folder, 'fifo');
      makeFifo(fifo);
      const cases: [string, RegExp][] = [
        ['main_log', /main_log "\S+\/fifo" is a FIFO or a socket: it must be a regular file/],
        ['error_log', /error_log "\S+\/fifo" is a FIFO or a socket: it must be a regular file/],
        ['pid', /\S+\/fifo is a FIFO: change "pid"/],
      ];
      for (const [directive, complaint] of cases) {
        const file = writeConfiguration(lab, r1, ROUTERS, { directives: { [directive]: fifo } });
        const { code, stderr } = await invoke(r1, ['-m2', '-c', file]);
        expect(stderr).toMatch(complaint);
        expect(code).toBe(1);
      }
    }));

  const somebody = { name: 'rvrrpd-plugin-somebody', version: '3.2.1' };
  const plugins: Readonly<Record<string, ThirdParty>> = {
    'an auth plugin that loads for ever': {
      ...somebody,
      manifest: { kind: 'auth', names: ['somebody'] },
      code: 'for (;;);',
    },
    'an auth plugin that waits for ever': {
      ...somebody,
      manifest: { kind: 'auth', names: ['somebody'] },
      code: 'await new Promise(() => setInterval(() => {}, 1000));',
    },
  };
  for (const [what, plugin] of Object.entries(plugins)) {
    it.concurrent(`${what} at a reload: a stop does not wait for it`, () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
        const before = await snapshot(r1);
        const file = writeConfiguration(lab, r1, ROUTERS);
        const daemon = Rvrrpd.startWith(r1, file);
        await allSortsMaster(wire);
        await daemon.ready();
        const tables = writePlugins(lab, plugin);
        writeConfiguration(lab, r1, GUARDED, { tables });
        daemon.running.signal('SIGHUP');
        await sleep(500); // it is being loaded now, or will be in a moment
        await stopInTime(daemon, r1, before);
        expect(daemon.log().map(({ msg }) => msg)).not.toContainEqual(expect.stringMatching(/^reloaded: /));
        expectGoodBye(wire);
      }));
  }

  it.concurrent('an auth plugin that signs for ever: a stop does not wait for the engine', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const marker = path.join(lab.folder, 'hang');
      const tables = writePlugins(lab, {
        ...somebody,
        manifest: { kind: 'auth', names: ['somebody'] },
        code: `import { existsSync } from 'node:fs';
export default { kind: 'auth', create: () => ({
  authType: 222,
  sign(packet, start, end) { while (existsSync(${JSON.stringify(marker)})); packet.fill(0xaa, end, end + 8); },
  verify: () => true,
}) };
`,
      });
      const daemon = Rvrrpd.start(lab, r1, GUARDED, { tables });
      await allSortsMaster(wire);
      await daemon.ready();
      writeFileSync(marker, '');
      await r1.ip('addr add 10.0.0.22/24 dev lan');
      await r1.ip(`addr del ${R1}/24 dev lan`); // every advertisement is built anew
      await sleep(500);
      await daemon.stop('SIGTERM', IN_TIME);
      const addresses = await r1.ip('addr show');
      for (const each of SORTS) expect(addresses).not.toContain(`${addressOf(each)}/`);
    }));

  it.concurrent('few open files: one line, whatever is asked for', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const file = writeConfiguration(lab, r1, ROUTERS);
      for (const most of [20, 24, 32, 48, 64]) {
        for (const args of [['-m1'], ['-m2'], ['--check'], ['status']]) {
          const command = `ulimit -n ${most}; exec ${process.execPath} ${executable()} ${args.join(' ')} -c ${file}`;
          const { running, code } = await ended(r1, command);
          expect(running.stderr).toBe(
            `rvrrpd: this process may have ${most} open files, at least 256 are needed: raise the limit ` +
              '(ulimit -n, or LimitNOFILE= of the service)\n',
          );
          expect(code).toBe(1);
        }
      }
    }));

  it.concurrent('a PID file that cannot be written is named, and not left empty', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const file = writeConfiguration(lab, r1, ROUTERS);
      const pid = `${path.join(lab.folder, 'rvrrpd-r1')}.pid`;
      const command = `ulimit -f 0; exec ${process.execPath} ${executable()} -m2 -c ${file}`;
      const { running, code } = await ended(r1, command);
      expect(running.stderr).toContain(`${pid} cannot be written: EFBIG: make room for it, or change "pid"`);
      expect(code).toBe(1);
      expect(existsSync(pid)).toBe(false);
    }));
});
