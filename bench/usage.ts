/** What processes use, and what passes their interfaces: from /proc (man 5 proc). */
import { readdirSync, readFileSync } from 'node:fs';
import type { Host } from '../test/lab/host.ts';

/** Time on a processor of all threads of these processes since they started, in ms. */
export function processorMs(pids: readonly number[]): number {
  let total = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      // Nanoseconds; /proc/PID/stat would have hundredths of a second.
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    }
  }
  return total;
}

/** Resident memory of these processes, in MB (10^6 octets). */
export function residentMb(pids: readonly number[]): number {
  return pids
    .map(
      (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)?.[1]) * 1.024e-3,
    )
    .reduce((a, b) => a + b, 0);
}

/** Packets that a host has received and sent so far, loopback excluded. */
export async function packets(host: Host): Promise<{ received: number; sent: number }> {
  let received = 0;
  let sent = 0;
  for (const line of (await host.run('cat', '/proc/net/dev')).split('\n').slice(2)) {
    const [name, numbers] = line.split(':');
    if (numbers === undefined || name?.trim() === 'lo') continue;
    const fields = numbers.trim().split(/\s+/).map(Number);
    received += fields[1]!;
    sent += fields[9]!;
  }
  return { received, sent };
}
