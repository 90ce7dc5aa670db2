/**
 * FRR's vrrpd, the other peer that deployed networks have. It speaks where a macvlan interface with the virtual MAC has
 * been made for it, and holds its addresses there; https://docs.frrouting.org/en/latest/vrrp.html tells how.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { familyOf } from './addresses.ts';
import { FRR_FOLDER } from './commands.ts';
import { virtualMac } from './forge.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import type { Exit, Running } from './running.ts';
import { eventually } from './wait.ts';

/** One `vrrp` group on an interface. */
export interface FrrInstance {
  readonly interface: string;
  readonly vrid: number;
  /** Default 100. */
  readonly priority?: number;
  /** Of one family; the first one of IPv6 is link-local. They are put on the macvlan interface. */
  readonly vips: readonly string[];
  /** Default 3. */
  readonly version?: 2 | 3;
  /** Seconds; hundredths for version 3. Default 1. */
  readonly interval?: number;
  /** Default true. */
  readonly preempt?: boolean;
}

/** The name of a group's macvlan interface. */
export function frrInterface({ vrid, vips }: FrrInstance): string {
  return `vrrp${familyOf(vips[0]!)}-${vrid}`;
}

/** The text of a configuration file of vrrpd. */
export function frrConfiguration(instances: readonly FrrInstance[]): string {
  const lines = instances.flatMap((instance) => {
    const { vrid, vips } = instance;
    return [
      `interface ${instance.interface}`,
      `vrrp ${vrid} version ${instance.version ?? 3}`,
      `vrrp ${vrid} priority ${instance.priority ?? 100}`,
      `vrrp ${vrid} advertisement-interval ${Math.round((instance.interval ?? 1) * 1000)}`,
      ...(instance.preempt === false ? [`no vrrp ${vrid} preempt`] : []),
      ...vips.map((vip) => `vrrp ${vrid} ${familyOf(vip) === 6 ? 'ipv6' : 'ip'} ${vip}`),
      'exit',
    ];
  });
  return `${['frr defaults traditional', 'debug vrrp protocol', ...lines].join('\n')}\n`;
}

let started = 0;

/** A running vrrpd, and the zebra that does the kernel's part for it. */
export class Frr {
  private constructor(
    /** vrrpd. */
    readonly running: Running,
    readonly zebra: Running,
    private readonly host: Host,
    private readonly macvlans: readonly string[],
  ) {}

  /** Makes the macvlan interfaces and starts both daemons; it may not speak VRRP yet when this resolves. */
  static async start(lab: Lab, host: Host, instances: readonly FrrInstance[]): Promise<Frr> {
    const macvlans: string[] = [];
    for (const instance of instances) {
      const name = frrInterface(instance);
      macvlans.push(name);
      const family = familyOf(instance.vips[0]!);
      // IPv6: its packets come from a link-local address of this interface, which must not be the same on all routers.
      await host.ip(`link add ${name} link ${instance.interface} type macvlan mode bridge`);
      if (family === 6) await host.ip(`link set dev ${name} addrgenmode random`);
      await host.ip(`link set dev ${name} address ${virtualMac(instance.vrid, family)}`);
      for (const vip of instance.vips) {
        await host.ip(`addr add ${vip}/${family === 4 ? 24 : 64} dev ${name}${family === 4 ? '' : ' nodad'}`);
      }
      await host.ip(`link set dev ${name} up`);
    }
    const base = path.join(lab.folder, `frr-${host.name}-${++started}`);
    mkdirSync(base);
    // They give up root for a user of their own.
    chmodSync(lab.folder, 0o711);
    chmodSync(base, 0o777);
    writeFileSync(`${base}/zebra.conf`, 'frr defaults traditional\n');
    writeFileSync(`${base}/vrrpd.conf`, frrConfiguration(instances));
    const start = (daemon: string): Running =>
      host.start(path.join(FRR_FOLDER, daemon), [
        ...['-P', '0', '-z', `${base}/zserv`, '--vty_socket', base],
        ...['-f', `${base}/${daemon}.conf`, '-i', `${base}/${daemon}.pid`, '--log', 'stdout'],
      ]);
    const zebra = start('zebra');
    await eventually('zebra', 20_000, () => {
      if (zebra.exit) throw new Error(`zebra ended: ${zebra.output}`);
      return host.run('test', '-S', `${base}/zserv`).then(() => true);
    });
    return new Frr(start('vrrpd'), zebra, host, macvlans);
  }

  /** Ends both in an orderly way and takes the interfaces back: it advertises priority 0. */
  async stop(): Promise<Exit> {
    const exit = await this.running.stop('SIGTERM', 20_000);
    await this.zebra.stop('SIGTERM', 20_000);
    await this.removeInterfaces();
    return exit;
  }

  /**
   * SIGKILL to both, and their interfaces are gone as if the machine were: while it is alone, an interface that was a
   * Master's answers for its addresses for ever.
   * @returns when, in ms since the epoch
   */
  async kill(): Promise<number> {
    this.running.signal('SIGKILL');
    this.zebra.signal('SIGKILL');
    const time = Date.now();
    await Promise.all([this.running.exited, this.zebra.exited]);
    await this.removeInterfaces();
    return time;
  }

  private async removeInterfaces(): Promise<void> {
    for (const name of this.macvlans) await this.host.ip(`link del ${name}`);
  }
}
