/** A host with an engine and its placement, as the worker puts them together, and an actuator that does what it is told. */
import type { VirtualRouterConfig } from '../../config/model.ts';
import type { AuthMemory, Link, TrailerAuthenticator } from '../../plugin/contracts/index.ts';
import { AuthMemories, ownerNumber } from '../../threads/auth-memory.ts';
import type { HandedSocket } from '../../threads/engine-messages.ts';
import { type EngineEvent, EventRing } from '../../threads/event-ring.ts';
import { Int, macText, Num, State, StateTable } from '../../threads/state-table.ts';
import { addressBytes, addressText } from '../../vrrp/address.ts';
import { type AdvertisementFields, IPPROTO_VRRP } from '../../vrrp/advertisement.ts';
import { ICMPV6 } from '../../vrrp/announcement.ts';
import { encodeFrame, frameLength } from '../../vrrp/frame.ts';
import type { PacketRules } from '../../vrrp/packet-rules.ts';
import { Engine } from '../engine.ts';
import { type GuardedAuthenticator, type GuardedFilter, PluginGuard } from '../guard.ts';
import { adoptMemory } from '../memories.ts';
import { Observer } from '../observer.ts';
import { Patience } from '../patience.ts';
import { Placement } from '../placement.ts';
import { EngineRouter } from '../router.ts';
import { inherit } from '../succession.ts';
import { guardTrailer, memoryOf } from '../trailer-guard.ts';
import { VirtualHost } from './virtual-host.ts';
import { VirtualTime } from './virtual-time.ts';
import { type Port, VirtualWire } from './virtual-wire.ts';

/** The plugin of `trailer`. */
const TRAILER = { package: 'rvrrpd-plugin-toy', version: '1.0.0', kind: 'auth' } as const;

/** ms that the actuator takes for a change. */
const ACTUATOR = 5;

/** A virtual router, `over` a usual one: VRID 1 on `eth0`, 198.51.100.1, priority 100, preempting, 1 s. */
export function configuration(over: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  const vrid = over.vrid ?? 1;
  return {
    ...{ position: { file: 'rvrrpd.conf', line: 1 }, vrid, interface: 'eth0', family: 4, version: 2 },
    ...{ addresses: [`198.51.100.${vrid}`], priority: 100, preempt: true, advertisementIntervalCs: 100 },
    ...{ rfc3768: true, authSecret: '', vifname: `standby${vrid}`, socketFilter: true },
    ...over,
  };
}

/** An Ethernet link `eth0` of index 1 with these IPv4 addresses, which may have a prefix length: 24 otherwise. */
export function ethernet(addresses: readonly string[], over: Partial<Link> = {}): Link {
  const name = over.name ?? 'eth0';
  return {
    ...{ index: 1, name, mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
    ...{ mtu: 1500, type: 'veth', parent: 0 },
    addresses: addresses.map((text) => {
      const [address = '', prefix = '24'] = text.split('/');
      const family = address.includes(':') ? 6 : 4;
      return { family, address, prefixLength: Number(prefix), label: name, secondary: false };
    }),
    ...over,
  };
}

/** A frame with an advertisement for the usual virtual router, from 192.0.2.9 with priority 200. */
export function advertisement(
  over: Partial<Omit<AdvertisementFields, 'addresses'>> & {
    readonly from?: string;
    readonly addresses?: readonly string[];
  } = {},
  rules?: PacketRules,
): Uint8Array {
  const { from = '192.0.2.9', addresses = [`198.51.100.${over.vrid ?? 1}`], ...fields } = over;
  const all = {
    ...{ version: 2 as const, family: 4 as const, vrid: 1, priority: 200, authType: 0, intervalCs: 100 },
    ...fields,
    addresses: addresses.map(addressBytes),
  };
  const frame = new Uint8Array(frameLength(all.version, all.family, addresses.length));
  encodeFrame(frame, 0, addressBytes(from), all, undefined, rules);
  return frame;
}

/** Where the VRRP message of a frame starts, 0 if it has none. */
function messageAt(frame: Uint8Array): number {
  if (frame[12] === 0x08 && frame[13] === 0x00) return 34;
  return frame[12] === 0x86 && frame[13] === 0xdd && frame[20] === IPPROTO_VRRP ? 54 : 0;
}

/** What a station is to be; everything may be left out. */
export interface StationOptions {
  readonly routers?: readonly VirtualRouterConfig[];
  readonly links?: readonly Link[];
  readonly filter?: GuardedFilter;
  readonly authenticator?: GuardedAuthenticator;
  /** Signs behind the messages. */
  readonly trailer?: (memory: AuthMemory, slot: number) => TrailerAuthenticator;
  /** Every advertisement is an event. */
  readonly chatty?: boolean;
  /** Changes nothing of the kernel: `applied` is called by the test. */
  readonly idle?: boolean;
  /** Where it runs: on another one's host it is in the same process. Default: a host of its own. */
  readonly host?: VirtualHost;
}

/** See the file's comment. */
export class Station {
  readonly host: VirtualHost;
  readonly table: StateTable;
  readonly routers: readonly EngineRouter[];
  readonly engine: Engine;
  readonly placement: Placement;
  readonly patience: Patience;
  readonly memories: AuthMemories;
  /** errno that the kernel refuses every change with; 0: it does not. */
  refusal = 0;
  /** What the operator was told. */
  readonly errors: string[] = [];
  /** What is configured and cannot be used, by topic. */
  readonly troubles = new Map<string, string>();
  sockets: readonly HandedSocket[] = [];
  /** Turns of the engine. */
  settled = 0;
  /** Called in each of them. */
  onTurn: () => void = () => {};
  private readonly reader;

  constructor(
    readonly time: VirtualTime,
    readonly wire: VirtualWire,
    {
      routers,
      links,
      filter,
      authenticator,
      trailer,
      chatty = false,
      idle = false,
      host,
    }: StationOptions = {},
  ) {
    const configs = routers ?? [configuration()];
    this.host = host ?? new VirtualHost(time);
    this.table = StateTable.allocate(configs.length);
    this.memories = AuthMemories.allocate(configs.length);
    this.routers = configs.map((config, slot) => {
      if (!trailer) return new EngineRouter(slot, config, authenticator, this.table);
      this.memories.claim(slot, ownerNumber(TRAILER.package));
      const guard = new PluginGuard(TRAILER, (message) => this.errors.push(message), this.host.now);
      const memory = memoryOf(this.memories, slot, () => {});
      const guarded = guardTrailer(guard, TRAILER, { ...config, locate: String }, () =>
        trailer(memory, slot),
      );
      return new EngineRouter(slot, config, undefined, this.table, guarded);
    });
    const ring = new EventRing(EventRing.allocate(1024));
    this.reader = ring.reader('start');
    const observer = new Observer(ring.buffer, this.table.slots + 1);
    const onSettled = (wantedChanged: boolean): void => {
      this.settled++;
      this.onTurn();
      if (!wantedChanged) return;
      this.patience.watch();
      if (!idle) this.host.after(ACTUATOR, () => this.work());
    };
    this.engine = new Engine(this.routers, this.table, observer, onSettled, chatty, this.host);
    this.placement = new Placement(
      this.engine,
      this.table,
      configs.map(() => filter),
      (message) => this.errors.push(message),
      (closed, opened) => {
        const left = this.sockets.filter(({ descriptor }) => !closed.includes(descriptor));
        this.sockets = [...left, ...opened];
      },
      this.host,
    );
    this.placement.onTrouble = (topic, text) => {
      if (text === undefined) this.troubles.delete(topic);
      else this.troubles.set(topic, text);
    };
    this.patience = new Patience(
      this.engine,
      this.table,
      (slots) => {
        for (const slot of slots) this.table.setNum(slot, Num.RetryAt, 0);
        this.placement.update(this.placement.links);
      },
      time.now,
      this.host.after,
    );
    this.links = links ?? [ethernet(['192.0.2.1'])];
    for (const link of this.links) this.host.plug(link, wire);
  }

  links: readonly Link[];

  /** Where it hangs on the wire. */
  get port(): Port {
    return this.host.plug(this.links[0]!, this.wire);
  }

  /** Starts, or follows the links as they are now. */
  update(links = this.links): void {
    this.links = links;
    for (const link of links) this.host.plug(link, this.wire);
    this.placement.update(links);
  }

  /** The actuator's turn. */
  private work(): void {
    if (this.refusal === 0) {
      this.applied();
      return;
    }
    for (const { slot, state } of this.routers) {
      if (state !== State.Master) continue;
      this.table.setInt(slot, Int.KernelErrno, this.refusal);
      this.table.setInt(slot, Int.Refused, this.table.int(slot, Int.Wanted));
    }
    this.patience.heard();
  }

  /** The kernel holds what is wanted of it. */
  applied(): void {
    for (const { slot } of this.routers) {
      this.table.setInt(slot, Int.Applied, this.table.int(slot, Int.Wanted));
    }
    this.engine.announceApplied();
    this.patience.heard();
  }

  /** Takes over what another one's authentication remembers. */
  inheritMemories(predecessor: AuthMemories, how: 'reload' | 'restart' = 'reload'): void {
    for (const router of this.routers) {
      adoptMemory(router, this.memories, predecessor, router.slot, how);
    }
  }

  /** Takes over another one's table, whose routers are the same: `engine.resume` goes on with it. */
  inherit(predecessor: StateTable): void {
    const configs = this.routers.map(({ config }) => config);
    const slots = configs.map((_, slot) => slot);
    inherit(this.table, predecessor, { slots, changed: [] }, configs, this.time.now());
  }

  state(slot = 0): number {
    return this.table.int(slot, Int.State);
  }

  get isMaster(): boolean {
    return this.state() === State.Master;
  }

  /** What it has told observers since the last call. */
  events(): EngineEvent[] {
    const events: EngineEvent[] = [];
    this.reader.read((event) => events.push({ ...event }), 1024);
    return events;
  }

  /** Frames that it has sent, with their times. */
  get sent(): readonly { readonly time: number; readonly frame: Uint8Array }[] {
    return this.wire.passed.filter(({ from }) => from === this.port);
  }

  /** Times and priorities of the advertisements that it has sent. */
  advertised(): { readonly time: number; readonly vrid: number; readonly priority: number }[] {
    return this.sent
      .map(({ time, frame }) => ({ time, frame, at: messageAt(frame) }))
      .filter(({ at }) => at > 0)
      .map(({ time, frame, at }) => ({ time, vrid: frame[at + 1]!, priority: frame[at + 2]! }));
  }

  /** Times, and addresses, of the gratuitous ARP frames and neighbour advertisements that it has sent. */
  announced(): { readonly time: number; readonly address: string; readonly mac: string }[] {
    return this.sent.flatMap(({ time, frame }) => {
      const isArp = frame[12] === 0x08 && frame[13] === 0x06;
      if (!isArp && !(frame[12] === 0x86 && frame[20] === ICMPV6)) return [];
      const [address, mac] = isArp
        ? [frame.subarray(28, 32), frame.subarray(22, 28)]
        : [frame.subarray(62, 78), frame.subarray(80, 86)];
      return [{ time, address: addressText(address), mac: macText(Buffer.from(mac).readUIntBE(0, 6)) }];
    });
  }

  /** It hears a frame, from nobody on the wire, at once. */
  hears(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.port.hear(frame);
  }
}

/** A station alone on a wire. */
export function alone(options: StationOptions = {}): Station {
  const time = new VirtualTime();
  return new Station(time, new VirtualWire(time), options);
}
