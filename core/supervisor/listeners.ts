/**
 * Who else listens to the VRRP group on the links of our virtual routers: hosts that may take over, although they have
 * never advertised. They report it to the network when they join and leave, and whenever a querier asks; it says nothing of
 * virtual routers. The sockets wake nobody: they are emptied now and then, and when somebody wants to know.
 */
import { readdirSync } from 'node:fs';
import type { VirtualRouterConfig } from '../config/model.ts';
import { native } from '../native/index.ts';
import { Fact } from '../native/tap.ts';
import { descriptorLimit } from '../shared/descriptor-limit.ts';
import type { AddressFamily } from '../vrrp/family.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../vrrp/frame.ts';
import { REPORTS_MAC, readReport, reportProgram } from './membership-report.ts';

/** The sockets are emptied, and links looked for, this often, in ms. */
const LOOK = 10_000;
/** This share of the descriptors that the process may have is left to whoever needs them. */
const SPARED = 1 / 2;
/** Octets that the kernel queues of each; a report counts as some hundred. */
const RECEIVE_BUFFER = 32 << 10;
/** Of a report more is not looked at: some dozen records. */
const LONGEST = 1514;
/** Reports taken from one socket at a time. */
const AT_ONCE = 64;
/** Hosts remembered of a link. */
const MOST_HOSTS = 256;

/** What of the kernel this needs. */
export type ListenerCalls = Pick<
  typeof native,
  | 'openPacketSocket'
  | 'attachFilter'
  | 'joinMulticast'
  | 'bindPacketSocket'
  | 'closeDescriptor'
  | 'receivePacket'
  | 'interfaces'
>;

/** A socket on a link. */
interface Ear {
  readonly descriptor: number;
  readonly index: number;
  readonly family: AddressFamily;
  /** MAC addresses of the members. */
  readonly hosts: Set<string>;
}

type Wanted = Pick<VirtualRouterConfig, 'interface' | 'family' | 'peers'>;

/** See the file's comment. */
export class Listeners {
  /** By family and interface. */
  private readonly ears = new Map<string, Ear>();
  private readonly buffer = new Uint8Array(LONGEST);
  private readonly facts = new Float64Array(Fact.Count);
  private readonly timer: NodeJS.Timeout;

  /**
   * Listens from now on.
   * @param routers those that run
   */
  constructor(
    private readonly routers: () => readonly Wanted[],
    private readonly calls: ListenerCalls = native,
    /** How many descriptors it may take. */
    private readonly spare: () => number = spareDescriptors,
  ) {
    this.timer = setInterval(() => this.look(), LOOK).unref();
    this.look();
  }

  /** Whether another host on the link of a virtual router may hear its advertisements. Not known of `peers`. */
  hasListener({ interface: on, family, peers }: Wanted): boolean {
    if (peers !== undefined) return false;
    this.look();
    return (this.ears.get(keyOf(on, family))?.hosts.size ?? 0) > 0;
  }

  /** Listens no longer. */
  close(): void {
    clearInterval(this.timer);
    for (const key of [...this.ears.keys()]) this.drop(key);
  }

  private look(): void {
    const wanted = new Map<string, Wanted>();
    for (const router of this.routers()) {
      if (router.peers === undefined) wanted.set(keyOf(router.interface, router.family), router);
    }
    const links = new Map(this.calls.interfaces().map(({ name, index }) => [name, index]));
    for (const key of [...this.ears.keys()]) {
      const router = wanted.get(key);
      if (!router || links.get(router.interface) !== this.ears.get(key)!.index) this.drop(key);
    }
    const missing = [...wanted].filter(([key, { interface: on }]) => links.has(on) && !this.ears.has(key));
    let spare = missing.length > 0 ? this.spare() : 0;
    for (const [key, { interface: on, family }] of missing) {
      if (spare-- <= 0) break;
      this.open(key, links.get(on)!, family);
    }
    for (const [key, ear] of this.ears) this.empty(key, ear);
  }

  /** Without it a Backup that has not advertised is not known: no reason to complain. */
  private open(key: string, index: number, family: AddressFamily): void {
    const { calls } = this;
    let descriptor = -1;
    try {
      descriptor = calls.openPacketSocket(RECEIVE_BUFFER, 0);
      const program = reportProgram(family).flatMap(({ code, jt, jf, k }) => [code, jt, jf, k]);
      calls.attachFilter(descriptor, Uint32Array.from(program));
      calls.joinMulticast(descriptor, index, REPORTS_MAC[family]);
      // Bound last: no packet gets in before the filter is there.
      calls.bindPacketSocket(descriptor, index, family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
      this.ears.set(key, { descriptor, index, family, hosts: new Set() });
    } catch {
      if (descriptor >= 0) calls.closeDescriptor(descriptor);
    }
  }

  private empty(key: string, { descriptor, family, hosts }: Ear): void {
    try {
      for (let left = AT_ONCE; left > 0; left--) {
        if (!this.calls.receivePacket(descriptor, this.buffer, this.facts)) return;
        const length = Math.min(this.facts[Fact.Length]!, LONGEST);
        const told = readReport(this.buffer.subarray(0, length), family);
        if (told?.member === false) hosts.delete(told.host);
        else if (told && hosts.size < MOST_HOSTS) hosts.add(told.host);
      }
    } catch (error) {
      // It was down, or is gone: then there will be another one.
      if ((error as NodeJS.ErrnoException).code !== 'ENETDOWN') this.drop(key);
    }
  }

  private drop(key: string): void {
    const ear = this.ears.get(key);
    if (ear && this.ears.delete(key)) this.calls.closeDescriptor(ear.descriptor);
  }
}

/** Virtual routers come first: what they need of descriptors is not known here. */
function spareDescriptors(): number {
  const limit = descriptorLimit();
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  try {
    return limit * SPARED - readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

function keyOf(on: string, family: AddressFamily): string {
  return `${family} ${on}`;
}
