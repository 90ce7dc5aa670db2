/**
 * Networks made of network namespaces: hosts, switched segments, cables. Everything lives in namespaces of this
 * process, the machine's own network is never touched, and all is gone after {@link Lab.close}.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { armCleanup, leftoverNamespaces, PREFIX, takeDownNamespace } from './cleanup.ts';
import { Host } from './host.ts';
import { eventually } from './wait.ts';

const execFileAsync = promisify(execFile);

let labs = 0;

/** Settings of every namespace: what the machine's own happen to be must not decide a test. */
const SYSCTLS = {
  'net.ipv6.conf.all.disable_ipv6': 1,
  'net.ipv6.conf.default.disable_ipv6': 1,
  'net.ipv4.ip_forward': 1,
  ...Object.fromEntries(
    ['all', 'default'].flatMap((scope) =>
      [
        'rp_filter',
        'arp_ignore',
        'arp_announce',
        'arp_filter',
        'arp_notify',
        'accept_local',
        'send_redirects',
      ].map((name) => [`net.ipv4.conf.${scope}.${name}`, 0]),
    ),
  ),
};

/**
 * Settings of a host with IPv6: a router's, which makes up addresses of no router advertisement. Neighbour
 * discovery is as it comes: what lacks `nodad` is tentative for a while.
 */
const IPV6_SYSCTLS = {
  'net.ipv6.conf.all.disable_ipv6': 0,
  ...Object.fromEntries(
    ['all', 'default'].flatMap((scope) =>
      Object.entries({ forwarding: 1, accept_ra: 0, autoconf: 0, use_tempaddr: 0 }).map(([name, value]) => [
        `net.ipv6.conf.${scope}.${name}`,
        value,
      ]),
    ),
  ),
  'net.ipv6.conf.default.disable_ipv6': 0,
};

/** What a host is like. */
export interface HostOptions {
  /** Whether it has IPv6. Default false. */
  readonly ipv6?: boolean;
}

/** What a segment is like. */
export interface SegmentOptions {
  /** Whether the switch looks who wants which multicast group, and asks (RFC 4541). Default false: it floods. */
  readonly snooping?: boolean;
}

/** How a host is connected to a segment. */
export interface Port {
  /** Name of the interface in the host. */
  readonly interface: string;
  /** MAC of it; random if absent. */
  readonly mac?: string;
  /** `10.0.0.2/24`; none if absent. */
  readonly address?: string;
  /** `2001:db8::2/64`, beside the link-local address that hosts with IPv6 make up of the MAC; none if absent. */
  readonly address6?: string;
}

/** A switched Ethernet segment: a bridge in a namespace of its own, a port for each host. */
export class Segment extends Host {
  /** The bridge's name. A capture on it sees everything that is flooded, once. */
  readonly bridge = 'br0';

  /** Pulls a host's cable: it loses its carrier. */
  async unplug(host: Host): Promise<void> {
    await this.ip(`link set ${host.name} down`);
  }

  /** Puts the cable back. */
  async replug(host: Host): Promise<void> {
    await this.ip(`link set ${host.name} up`);
  }

  /** These hosts no longer hear each other, everybody else still hears all of them; nobody loses a carrier. */
  async partition(...hosts: readonly Host[]): Promise<void> {
    for (const host of hosts) await this.ip(`link set ${host.name} type bridge_slave isolated on`);
  }

  /** The end of {@link partition}. */
  async heal(...hosts: readonly Host[]): Promise<void> {
    for (const host of hosts) await this.ip(`link set ${host.name} type bridge_slave isolated off`);
  }
}

/** A network. */
export class Lab {
  /** A folder of its own for configurations, logs and captures. */
  readonly folder: string;
  private readonly prefix: string;
  private readonly hosts: Host[] = [];
  private readonly withIpv6 = new Set<Host>();

  constructor() {
    armCleanup();
    this.prefix = `${PREFIX}${++labs}-`;
    this.folder = mkdtempSync(path.join(tmpdir(), this.prefix));
  }

  /** A host without any interface. */
  async host(name: string, options: HostOptions = {}): Promise<Host> {
    const host = new Host(name, `${this.prefix}${name}`);
    await this.prepare(host);
    if (options.ipv6) {
      await host.sysctl(IPV6_SYSCTLS);
      this.withIpv6.add(host);
    }
    return host;
  }

  /** A segment without any host. */
  async segment(name: string, options: SegmentOptions = {}): Promise<Segment> {
    const segment = new Segment(name, `${this.prefix}${name}`);
    await this.prepare(segment);
    const snooping = options.snooping ? 'mcast_snooping 1 mcast_querier 1' : 'mcast_snooping 0';
    await segment.ip(`link add ${segment.bridge} type bridge stp_state 0 forward_delay 0 ${snooping}`);
    await segment.ip(`link set ${segment.bridge} up`);
    // Where br_netfilter is loaded, bridges drop what the machine's IP layer dislikes. A switch does not look.
    if (existsSync('/proc/sys/net/bridge')) {
      const names = ['iptables', 'ip6tables', 'arptables'].map((what) => `net.bridge.bridge-nf-call-${what}`);
      await segment.sysctl(Object.fromEntries(names.map((name) => [name, 0])));
    }
    return segment;
  }

  /** Connects a host to a segment. The segment's end of the cable is named after the host. */
  async plug(host: Host, segment: Segment, port: Port): Promise<void> {
    const mac = port.mac ? ` address ${port.mac}` : '';
    await host.ip(
      `link add ${port.interface}${mac} type veth peer name ${host.name} netns ${segment.namespace}`,
    );
    await segment.ip(`link set ${host.name} master ${segment.bridge} up`);
    await this.bringUp(host, port);
    await hasCarrier(host, port.interface);
    await hasCarrier(segment, host.name);
    await this.settle(host, port);
  }

  /** Connects two hosts directly. */
  async cable(left: Host, leftPort: Port, right: Host, rightPort: Port): Promise<void> {
    const leftMac = leftPort.mac ? ` address ${leftPort.mac}` : '';
    const rightMac = rightPort.mac ? ` address ${rightPort.mac}` : '';
    await left.ip(
      `link add ${leftPort.interface}${leftMac} type veth peer name ${rightPort.interface}${rightMac} netns ${right.namespace}`,
    );
    await this.bringUp(left, leftPort);
    await this.bringUp(right, rightPort);
    await hasCarrier(left, leftPort.interface);
    await hasCarrier(right, rightPort.interface);
    await this.settle(left, leftPort);
    await this.settle(right, rightPort);
  }

  /** What each process of the lab has said lately: for whoever has to find out why a test failed. */
  testimony(): string {
    return this.hosts
      .flatMap(({ started }) => started)
      .map(({ name, output, exit }) => {
        const lines = output.trimEnd().split('\n').slice(-40);
        return `--- ${name}${exit ? `, ended: ${JSON.stringify(exit)}` : ''}\n${lines.join('\n')}`;
      })
      .join('\n');
  }

  /**
   * Ends every process of the lab and deletes its namespaces and files.
   * @throws AggregateError if any of it fails; the rest is done nevertheless
   */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled(leftoverNamespaces(this.prefix).map(takeDownNamespace));
    const errors: unknown[] = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    rmSync(this.folder, { recursive: true, force: true });
    if (leftoverNamespaces(this.prefix).length > 0) errors.push(new Error('namespaces are left'));
    if (errors.length > 0) throw new AggregateError(errors, 'the lab could not be taken down');
  }

  private async prepare(host: Host): Promise<void> {
    this.hosts.push(host);
    await execFileAsync('ip', ['netns', 'add', host.namespace]);
    await host.sysctl(SYSCTLS);
    await host.ip('link set lo up');
  }

  private async bringUp(host: Host, port: Port): Promise<void> {
    // No broadcast address: what the routers' own kernels hold stays readable in comparisons.
    if (port.address) await host.ip(`addr add ${port.address} dev ${port.interface}`);
    // Its own addresses are nobody else's here; what a test is about has duplicate address detection again.
    if (this.withIpv6.has(host)) await host.sysctl({ [`net/ipv6/conf/${port.interface}/dad_transmits`]: 0 });
    if (port.address6) await host.ip(`addr add ${port.address6} dev ${port.interface}`);
    await host.ip(`link set ${port.interface} up`);
  }

  /** Waits until a host's own IPv6 addresses can be used. */
  private async settle(host: Host, port: Port): Promise<void> {
    if (!this.withIpv6.has(host)) return;
    await eventually(`IPv6 addresses on ${port.interface} of ${host.name}`, 20_000, async () => {
      const usable = await host.ip(`-6 -br addr show dev ${port.interface} -tentative`);
      const wanted = port.address6 === undefined ? 1 : 2; // the link-local one too
      return / fe80:/.test(usable) && (usable.match(/\/\d/g)?.length ?? 0) >= wanted;
    });
    await host.sysctl({ [`net/ipv6/conf/${port.interface}/dad_transmits`]: 1 });
  }
}

/** The kernel looks at a cable when it has time: until then what is sent is lost, and flags change by themselves. */
async function hasCarrier(host: Host, name: string): Promise<void> {
  await eventually(`carrier on ${name} of ${host.name}`, 20_000, async () => {
    const [link] = JSON.parse(await host.ip(`-j link show dev ${name}`)) as { readonly operstate: string }[];
    return link?.operstate === 'UP';
  });
}

/** Runs `body` in a new lab and takes the lab down, whatever happens. If it fails, its processes are heard. */
export async function withLab<T>(body: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = new Lab();
  try {
    return await body(lab);
  } catch (error) {
    console.error(lab.testimony());
    throw error;
  } finally {
    await lab.close();
  }
}
