/** Two routers, joined by any number of cables, with many virtual routers on each; either daemon on both. */

import { hmac } from '../test/lab/hmac.ts';
import type { Host } from '../test/lab/host.ts';
import { Keepalived } from '../test/lab/keepalived.ts';
import type { Lab } from '../test/lab/lab.ts';
import { Rvrrpd } from '../test/lab/rvrrpd.ts';
import type { Implementation } from '../test/lab/speaker.ts';
import { eventually, sleep } from '../test/lab/wait.ts';
import { packets, processorMs } from './usage.ts';

/** How large. */
export interface Size {
  readonly cables: number;
  /** Virtual routers on each cable, VRIDs 1 to this. */
  readonly vrids: number;
}

/** 1, 100 and 4,000 virtual routers. */
export const SIZES: readonly Size[] = [
  { cables: 1, vrids: 1 },
  { cables: 1, vrids: 100 },
  { cables: 16, vrids: 250 },
];

/** RFC 3768 §6.1 for the Backup's priority 100 and an interval of 1 s, in ms. */
export const MASTER_DOWN_INTERVAL = 3000 + ((256 - 100) / 256) * 1000;

/** r1 has priority 200 everywhere, r2 100. */
export interface Network {
  readonly size: Size;
  readonly r1: Host;
  readonly r2: Host;
}

/** Builds it; r1's addresses end in .1, r2's in .2. */
export async function network(lab: Lab, size: Size): Promise<Network> {
  const r1 = await lab.host('r1');
  const r2 = await lab.host('r2');
  for (let cable = 0; cable < size.cables; cable++) {
    await lab.cable(r1, { interface: `e${cable}`, address: `10.${cable}.0.1/24` }, r2, {
      interface: `e${cable}`,
      address: `10.${cable}.0.2/24`,
    });
  }
  return { size, r1, r2 };
}

/** A running daemon of either kind. */
export type Daemon = Pick<Rvrrpd, 'stop' | 'kill'> & { pids(): Promise<number[]> };

/** How to start a daemon. */
export interface StartOptions {
  /** It logs in full to a terminal. Default: to nowhere, as little as it can. */
  readonly terminal?: boolean;
  /** Advertisements are authenticated: rvrrpd's by an HMAC trailer, keepalived's by a password. Default: not at all. */
  readonly authenticated?: boolean;
  /** `lease` of rvrrpd's addresses in s. Default: none. */
  readonly lease?: number;
}

/** Starts a daemon with every virtual router of the network: addresses on the interface itself, 1 s, no preemption delays. */
export function startDaemon(
  implementation: Implementation,
  lab: Lab,
  { size }: Network,
  host: Host,
  options: StartOptions = {},
): Daemon {
  const priority = host.name === 'r1' ? 200 : 100;
  const routers = Array.from({ length: size.cables }, (_, cable) =>
    Array.from({ length: size.vrids }, (_, index) => ({
      interface: `e${cable}`,
      vrid: index + 1,
      vip: `10.${100 + cable}.0.${index + 1}`,
    })),
  ).flat();
  const terminal = options.terminal ?? false;
  if (implementation === 'keepalived') {
    const secret = options.authenticated === true ? { secret: 'geheim' } : {};
    const instances = routers.map(({ vip, ...router }) => ({ ...router, priority, vips: [vip], ...secret }));
    return Keepalived.start(lab, host, instances, { output: 'discard', terminal, detail: terminal });
  }
  const vrouters = routers.map(({ vrid, ...router }) => ({
    ...{ group: vrid, ...router, priority, preemption: true, iftype: 'ether', netdrv: 'libnl' },
    ...(options.authenticated === true ? hmac() : {}),
    ...(options.lease === undefined ? {} : { lease: options.lease }),
  }));
  const daemon = Rvrrpd.start(lab, host, vrouters, { output: 'discard', terminal });
  return Object.assign(daemon, { pids: async () => [await daemon.pid()] });
}

/** Whether within a second r1 has advertised for all virtual routers and r2 for none. */
async function settled({ r1, r2, size }: Network): Promise<boolean> {
  const before = [await packets(r1), await packets(r2)] as const;
  await sleep(1000);
  const after = [await packets(r1), await packets(r2)] as const;
  const sent = after[0].sent - before[0].sent;
  return after[1].sent === before[1].sent && sent >= 0.97 * size.cables * size.vrids;
}

/** Waits until r1 is the only Master of every virtual router. @returns how long that took, in ms */
export async function convergence(net: Network, deadlineMs: number): Promise<number> {
  const start = performance.now();
  await eventually('r1 as the only Master everywhere', deadlineMs, () => settled(net), 1);
  return performance.now() - start;
}

/** How long what a daemon uses is compared with what it used before, in ms. */
const COMPARED = 5000;

/**
 * Waits until a daemon hears the groups of VRRP on every cable, and uses no less of the processor from one while to the
 * next: its start is over, and so is what compilers and collectors of garbage do after it. How long that takes is a matter
 * of the machine and of what else runs there.
 * @param deadlineMs for either of both
 */
export async function atRest(
  host: Host,
  daemon: Daemon,
  { cables }: Size,
  deadlineMs: number,
): Promise<void> {
  await eventually(
    `${host.name} to listen on every cable`,
    deadlineMs,
    async () =>
      ((await host.run('cat', '/proc/net/dev_mcast')).match(/01005e000012/g) ?? []).length === cables,
    500,
  );
  const pids = await daemon.pids();
  const used = async (): Promise<number> => {
    const before = processorMs(pids);
    await sleep(COMPARED);
    return processorMs(pids) - before;
  };
  let last = await used();
  await eventually(`${host.name} to be at rest`, deadlineMs, async () => {
    const now = await used();
    const falls = now < 0.9 * last;
    last = now;
    return !falls;
  });
}

/** How many virtual addresses a host's kernel holds. */
export async function virtualAddresses(host: Host): Promise<number> {
  return ((await host.ip('-o -4 addr')).match(/inet 10\.1\d\d\.0\./g) ?? []).length;
}
