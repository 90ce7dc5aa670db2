/** Other versions of the daemon to upgrade to, and who is the daemon by now. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { DaemonStatus } from '../../core/supervisor/status.ts';
import { processesIn } from './cleanup.ts';
import type { Host } from './host.ts';
import { type Invocation, invoke } from './invocation.ts';
import { executable } from './rvrrpd.ts';
import { eventually } from './wait.ts';

/**
 * A copy of this build with another version number.
 * @param folder where it is put
 * @param change of each file of its code, by name
 * @returns its executable
 */
export function otherVersion(
  folder: string,
  version: string,
  change?: (name: string, text: string) => string,
): string {
  const root = packageRoot();
  const copy = path.join(folder, `rvrrpd-${version}`);
  mkdirSync(path.join(copy, 'core/native'), { recursive: true });
  cpSync(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
  for (const name of ['node_modules', 'core/native/prebuilds', 'plugins'])
    symlinkSync(path.join(root, name), path.join(copy, name));
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as object;
  writeFileSync(path.join(copy, 'package.json'), JSON.stringify({ ...manifest, version }));
  for (const name of change ? readdirSync(path.join(copy, 'dist')) : []) {
    const file = path.join(copy, 'dist', name);
    if (name.endsWith('.js')) writeFileSync(file, change!(name, readFileSync(file, 'utf8')));
  }
  return path.join(copy, 'dist/rvrrpd.js');
}

/** `rvrrpd upgrade`. @param args further ones */
export async function upgrade(host: Host, file: string, ...args: readonly string[]): Promise<Invocation> {
  const running = host.start(process.execPath, [executable(), 'upgrade', '-c', file, ...args]);
  const { code } = await eventually('the end of rvrrpd upgrade', 60_000, () => running.exit, 10);
  return { code, stdout: running.stdout, stderr: running.stderr };
}

/** Who is the daemon. @throws Error if there is none */
export async function statusOf(host: Host, file: string): Promise<DaemonStatus> {
  const { code, stdout, stderr } = await invoke(host, ['status', '-c', file, '--json']);
  if (code !== 0) throw new Error(`status: ${stderr}`);
  return JSON.parse(stdout) as DaemonStatus;
}

/** Process ids of the daemons on a host. */
export function daemonsOn(host: Host): number[] {
  return processesIn(host.namespace).filter((pid) => {
    try {
      return /^rvrrpd -m[12] /.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '));
    } catch {
      return false; // it has just ended
    }
  });
}

/** Waits until one daemon is left. @returns its process id */
export function onlyDaemonOn(host: Host, deadlineMs = 30_000): Promise<number> {
  return eventually('a single daemon', deadlineMs, () => {
    const pids = daemonsOn(host);
    return pids.length === 1 && pids[0];
  });
}
