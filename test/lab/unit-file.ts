/** The unit for systemd that the package brings: what a test confines the daemon to, without systemd. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';

/** Its path. */
export const UNIT = path.join(packageRoot(), 'packaging/rvrrpd.service');

/** The values of a setting, in the order of the file; several lines of one setting are several values. */
export function settings(name: string): string[] {
  const lines = readFileSync(UNIT, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
}

/** The words of a setting. */
export function words(name: string): string[] {
  return settings(name).join(' ').split(/\s+/).filter(Boolean);
}

/** Names of the system calls that the unit lets pass. */
export function allowedCalls(): string[] {
  const allowed = new Set<string>();
  for (const value of settings('SystemCallFilter')) {
    const denied = value.startsWith('~');
    for (const name of value.replace('~', '').split(/\s+/)) {
      for (const call of callsOf(name)) {
        if (denied) allowed.delete(call);
        else allowed.add(call);
      }
    }
  }
  return [...allowed];
}

/** The calls of a set such as `@network-io`, or the call itself. systemd adds what every process needs. */
function callsOf(name: string): string[] {
  if (!name.startsWith('@')) return [name];
  const text = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager', name], { encoding: 'utf8' });
  const entries = text
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return entries.flatMap((entry) => (entry.startsWith('@') ? callsOf(entry) : [entry]));
}
