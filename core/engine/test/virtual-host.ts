/**
 * The world of an engine in memory: a host on virtual time with its packet sockets, packet loops and claims. Links hang
 * on virtual wires; socket filters are run as the kernel would.
 */
import os from 'node:os';
import type { Native } from '../../native/index.ts';
import { Meta, type PacketLoop, Queue } from '../../native/packet-loop.ts';
import { runProgram } from '../../plugin/compliance/classic-bpf.ts';
import type { BpfInstruction, Link } from '../../plugin/contracts/index.ts';
import { addressText, macBytes } from '../../vrrp/address.ts';
import { IPPROTO_VRRP } from '../../vrrp/advertisement.ts';
import type { EngineIo, PacketSockets, PlacementIo } from '../io.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Port, VirtualWire } from './virtual-wire.ts';

const { EBADF, EINVAL, ENETDOWN, ENETUNREACH, ENOBUFS } = os.constants.errno;
/** Where the destination is in a frame. */
const DESTINATION = { 4: [30, 34], 6: [38, 54] } as const;
/** ms until the network answers. */
const ANSWER = 1;
/** A packet that has waited longer has no known age, see packet_loop.cc. */
const OLDEST = 50;
/** ETH_P_ALL, from linux/if_ether.h. */
const EVERY_TYPE = 3;
/** From linux/if_packet.h. */
const PACKET_MULTICAST = 2;
const PACKET_OTHERHOST = 3;

type Memory = ConstructorParameters<Native['PacketLoop']>;

/** A frame in the queue of a socket. */
interface Waiting {
  readonly frame: Uint8Array;
  /** When it arrived. */
  readonly time: number;
  /** For another host: PACKET_OTHERHOST. */
  readonly foreign: boolean;
  /** Not a packet: errno of one that has not arrived. */
  readonly error?: number;
}

/** What a raw IP socket is bound to. */
interface Bound {
  readonly family: 4 | 6;
  readonly source: string;
  readonly scope: number;
}

/** A packet socket, or a raw IP socket. */
interface Socket {
  /** Absent: it is a packet socket. */
  readonly bound?: Bound;
  index: number;
  etherType: number;
  readonly groups: string[];
  program: BpfInstruction[] | undefined;
  /** What waits to be received. */
  readonly queue: Waiting[];
}

/** What a loop was told of its timer. */
export interface Armed {
  /** Monotonic ms, 0: none. */
  readonly deadline: number;
  readonly awake: boolean;
}

class VirtualLoop implements PacketLoop {
  /** Tags by descriptor. */
  readonly tags = new Map<number, number>();
  armed: Armed = { deadline: 0, awake: false };
  closed = false;
  private disarm: () => void = () => {};

  constructor(
    private readonly host: VirtualHost,
    readonly memory: Memory,
  ) {}

  add(descriptor: number, tag: number): void {
    this.tags.set(descriptor, tag);
  }

  remove(descriptor: number): void {
    this.tags.delete(descriptor);
  }

  setTimer(deadline: number, awake = false): void {
    if (this.closed) return;
    this.disarm();
    this.armed = { deadline, awake };
    this.host.armings.push(this.armed);
    if (deadline > 0) this.disarm = this.host.time.at(deadline, () => this.fire());
  }

  private fire(): void {
    this.host.fired[this.armed.awake ? 'awake' : 'asleep']++;
    if (!this.host.standing) this.wake(); // a host that stands still finds its timer expired when it goes on
  }

  flush(count: number): number {
    const [, , , send, queue] = this.memory;
    let failed = 0;
    for (let at = 0; at < count * Queue.Count; at += Queue.Count) {
      const from = queue[at + Queue.Offset]!;
      const frame = send.slice(from, from + queue[at + Queue.Length]!);
      const errno = this.host.transmit(queue[at + Queue.Descriptor]!, frame);
      if (errno === 0) continue;
      queue[at + Queue.Descriptor] = -errno;
      failed++;
    }
    return failed;
  }

  /** Hands over what has arrived, as packet_loop.cc does, then says that deadlines are due. */
  wake(): void {
    if (this.closed) return;
    const [receive, slotSize, meta, , , onWake] = this.memory;
    const room = receive.length / slotSize;
    let filled = 0;
    for (const [descriptor, tag] of this.tags) {
      for (const { frame, time, foreign, error = 0 } of this.host.take(descriptor)) {
        receive.set(frame.subarray(0, slotSize), filled * slotSize);
        const waited = this.host.time.now() - time;
        const age = waited > OLDEST ? 0 : waited;
        meta.set([tag, frame.length, foreign ? 1 : -error, age * 1000], filled * Meta.Count);
        this.host.onReceive(frame, age);
        if (++filled < room) continue;
        onWake(filled, false, this.host.time.now());
        filled = 0;
      }
    }
    onWake(filled, true, this.host.time.now());
  }

  collect(descriptor: number, tag: number): number {
    const [receive, slotSize, meta] = this.memory;
    const waiting = this.host.take(descriptor).slice(0, receive.length / slotSize);
    for (const [at, { frame }] of waiting.entries()) {
      receive.set(frame.subarray(0, slotSize), at * slotSize);
      meta.set([tag, frame.length, 0, 0], at * Meta.Count);
    }
    return waiting.length;
  }

  close(): void {
    this.disarm();
    this.closed = true;
    this.armed = { deadline: 0, awake: false };
  }
}

/** One host. Its links are told to the engine by whoever tests it; see the file's comment. */
export class VirtualHost implements EngineIo, PlacementIo {
  /** Why no socket can be opened; empty: they can. */
  refuse = '';
  /** Why the kernel takes no filter; empty: it does. */
  refuseFilter = '';
  /** Why no membership can be reported; empty: it can. */
  refuseMembership = '';
  /** Names that other processes have claimed, by their process ids. */
  readonly claimed = new Map<string, number>();
  /** Names that this one has claimed. */
  readonly claiming = new Set<string>();
  /** Descriptors of the sockets that are open. */
  readonly open = new Map<number, Socket>();
  readonly loops: VirtualLoop[] = [];
  /** Every setting of a timer, in order. */
  readonly armings: Armed[] = [];
  /** How often a timer has fired, by whether the thread had slept before. */
  readonly fired = { asleep: 0, awake: 0 };
  /** Frames that reached no socket, and so woke nobody. */
  unheard = 0;
  /** By address: errno that nothing can be sent to it with. */
  readonly unreachable = new Map<string, number>();
  /** So many frames, from now on, that no queue has room for. */
  full = 0;
  /** By address: errno that the network answers with, some ms after what was sent to it. */
  readonly answers = new Map<string, number>();
  /** The links are in promiscuous mode: they hear what is for other hosts too. */
  promiscuous = false;
  /** The whole process does not run: what arrives waits, timers wait. */
  standing = false;
  private readonly ports = new Map<number, { readonly link: Link; readonly wire: VirtualWire } & Port>();
  private nextDescriptor = 100;

  constructor(readonly time: VirtualTime) {}

  /** Told each frame that an engine receives, just before, and for how many ms it has waited. */
  onReceive: (frame: Uint8Array, age: number) => void = () => {};
  /** What was to be done while it stood still. */
  private readonly overdue: (() => void)[] = [];

  readonly now = (): number => this.time.now();
  /** What its clock shows when the virtual time is 0, ms since 1970: somebody may set it. */
  epoch = 1_800_000_000_000;
  /** How long before the virtual time 0 it was booted, in ms. */
  bootedBefore = 3_600_000;
  readonly sinceBoot = (): number => this.bootedBefore + this.time.now();
  readonly wall = (): number => this.epoch + this.time.now();
  readonly after = (ms: number, act: () => void): (() => void) => {
    let wanted = true;
    const callOff = this.time.after(ms, () => {
      if (this.standing) this.overdue.push(() => wanted && act());
      else act();
    });
    return () => {
      wanted = false;
      callOff();
    };
  };
  readonly closeLater = (descriptor: number): void => this.sockets.closeDescriptor(descriptor);
  readonly soon = (act: () => void): (() => void) => this.after(0, act);
  readonly claimant = (name: string): number | undefined => this.claimed.get(name);

  readonly loop = (...memory: Memory): PacketLoop => {
    const loop = new VirtualLoop(this, memory);
    this.loops.push(loop);
    return loop;
  };

  readonly claims = () => ({
    take: (name: string): boolean => {
      if (this.claimed.has(name)) return false;
      this.claiming.add(name);
      return true;
    },
    release: (name: string): void => {
      this.claiming.delete(name);
    },
  });

  readonly sockets: PacketSockets = {
    openPacketSocket: () => {
      if (this.refuse !== '') throw new Error(this.refuse);
      this.open.set(++this.nextDescriptor, {
        ...{ index: 0, etherType: 0, groups: [], program: undefined, queue: [] },
      });
      return this.nextDescriptor;
    },
    openIpSocket: (family, source, scope) => {
      if (this.refuse !== '') throw new Error(this.refuse);
      const shut: BpfInstruction[] = [{ code: 0x06, jt: 0, jf: 0, k: 0 }];
      this.open.set(++this.nextDescriptor, {
        ...{ index: 0, etherType: 0, groups: [], program: shut, queue: [], bound: { family, source, scope } },
      });
      return this.nextDescriptor;
    },
    bindPacketSocket: (descriptor, index, etherType) => {
      Object.assign(this.socket(descriptor), { index, etherType });
    },
    joinMulticast: (descriptor, _index, mac) => {
      this.socket(descriptor).groups.push(mac.join());
    },
    openMembership: (family, index) => {
      if (this.refuseMembership !== '') throw new Error(this.refuseMembership);
      this.open.set(++this.nextDescriptor, {
        ...{ index, etherType: 0, groups: [`IPv${family}`], program: undefined, queue: [] },
      });
      return this.nextDescriptor;
    },
    attachFilter: (descriptor, program) => {
      if (this.refuseFilter !== '') throw new Error(this.refuseFilter);
      this.socket(descriptor).program = Array.from({ length: program.length / 4 }, (_, at) => {
        const [code = 0, jt = 0, jf = 0, k = 0] = program.subarray(at * 4, at * 4 + 4);
        return { code, jt, jf, k };
      });
    },
    detachFilter: (descriptor) => {
      this.socket(descriptor).program = undefined;
    },
    closeDescriptor: (descriptor) => {
      this.socket(descriptor);
      this.open.delete(descriptor);
    },
  };

  /** Hangs a link on a wire, or tells the host what has become of the link. */
  plug(link: Link, wire: VirtualWire): Port {
    const known = this.ports.get(link.index);
    if (known) return Object.assign(known, { link });
    const port = { link, wire, hear: (frame: Uint8Array): void => this.hear(port.link, frame) };
    this.ports.set(link.index, port);
    wire.plug(port);
    return port;
  }

  /** Sends through a socket. @returns errno, 0: sent */
  transmit(descriptor: number, frame: Uint8Array): number {
    const socket = this.open.get(descriptor);
    if (socket?.bound) return this.transmitIp(socket, socket.bound, frame);
    const port = this.ports.get(socket?.index ?? -1);
    if (!port) return EBADF;
    if (!port.link.up) return ENETDOWN;
    if (this.hasNoRoom()) return ENOBUFS;
    if (port.link.running) port.wire.send(port, frame);
    return 0;
  }

  private hasNoRoom(): boolean {
    if (this.full === 0) return false;
    this.full--;
    return true;
  }

  /** The kernel finds the way: by the link that has the source. */
  private transmitIp(socket: Socket, { family, source, scope }: Bound, frame: Uint8Array): number {
    const to = addressText(frame.subarray(...DESTINATION[family]));
    const errno = this.unreachable.get(to);
    if (errno !== undefined) return errno;
    const answer = this.answers.get(to);
    if (answer !== undefined) {
      this.after(ANSWER, () => {
        socket.queue.push({ frame, time: this.time.now(), foreign: false, error: answer });
        for (const loop of this.loops) loop.wake();
      });
      return 0;
    }
    for (const port of this.ports.values()) {
      const { link } = port;
      if (scope > 0 ? link.index !== scope : !link.addresses.some(({ address }) => address === source))
        continue;
      if (!link.up || !link.running) return ENETUNREACH;
      if (this.hasNoRoom()) return ENOBUFS;
      port.wire.send(port, frame);
      return 0;
    }
    return EINVAL;
  }

  /** Empties a socket's queue. */
  take(descriptor: number): Waiting[] {
    return this.open.get(descriptor)?.queue.splice(0) ?? [];
  }

  /** The process goes on that stood still. */
  goOn(): void {
    this.standing = false;
    for (const loop of this.loops) loop.wake();
    for (const act of this.overdue.splice(0)) act();
  }

  private socket(descriptor: number): Socket {
    const socket = this.open.get(descriptor);
    if (!socket) throw new Error(`EBADF: descriptor ${descriptor}`);
    return socket;
  }

  private hear(link: Link, frame: Uint8Array): void {
    if (!link.up || !link.running) return;
    const etherType = (frame[12]! << 8) | frame[13]!;
    const destination = frame.subarray(0, 6).join();
    const here = [...this.open.values()].filter(({ index }) => index === link.index);
    const isForUs = destination === '255,255,255,255,255,255' || destination === macBytes(link.mac).join();
    const foreign = !isForUs && !here.some(({ groups }) => groups.includes(destination));
    let heard = this.hearIp(link, etherType, frame);
    if (!foreign || this.promiscuous) {
      const facts = { packetType: foreign ? PACKET_OTHERHOST : PACKET_MULTICAST };
      for (const { etherType: wanted, program, queue } of here) {
        if (
          (wanted !== etherType && wanted !== EVERY_TYPE) ||
          (program && runProgram(program, frame, facts) === 0)
        )
          continue;
        queue.push({ frame, time: this.time.now(), foreign });
        heard = true;
      }
    }
    if (!heard) this.unheard++;
    else if (!this.standing) for (const loop of this.loops) loop.wake();
  }

  /** The raw IP sockets of the address that the packet is for, whatever link it comes from. */
  private hearIp(link: Link, etherType: number, frame: Uint8Array): boolean {
    let heard = false;
    for (const [descriptor, { bound, program, queue }] of this.open) {
      if (!bound || etherType !== (bound.family === 4 ? 0x0800 : 0x86dd)) continue;
      if (bound.scope > 0 && bound.scope !== link.index) continue;
      if (frame[bound.family === 4 ? 23 : 20] !== IPPROTO_VRRP) continue;
      if (addressText(frame.subarray(...DESTINATION[bound.family])) !== bound.source) continue;
      // It begins with the header of IPv4, with the message of IPv6.
      const packet = frame.subarray(bound.family === 4 ? 14 : 54);
      if (program && runProgram(program, packet, { ipHeader: frame.subarray(14) }) === 0) continue;
      queue.push({ frame, time: this.time.now(), foreign: false });
      // Of the others nobody is told: they are looked at.
      heard ||= this.loops.some(({ tags }) => tags.has(descriptor));
    }
    return heard;
  }
}
