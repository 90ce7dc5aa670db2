/** Nodes with a group of virtual routers each, a member on every one of several wires, for tests of `[[sync]]`. */
import { State } from '../../threads/state-table.ts';
import { Kind } from './kinds.ts';
import { Station } from './station.ts';
import { VirtualHost } from './virtual-host.ts';
import { VirtualTime } from './virtual-time.ts';
import { VirtualWire } from './virtual-wire.ts';

/** What a member may be. */
export const MEMBER_KINDS = [new Kind(2, 4), new Kind(3, 4), new Kind(3, 6), new Kind(3, 4, 50)];

/** What a network is to be. */
export interface SyncNetOptions {
  /** By node. */
  readonly nodes: readonly { readonly priority: number; readonly preempt?: boolean }[];
  /** By member: its kind. */
  readonly kinds: readonly Kind[];
  /** By member, by node: the last octet of its address there. Default: as the nodes are numbered, from 1. */
  readonly hosts?: readonly (readonly number[])[];
}

/** One node: its station is another one after a crash. */
export class SyncNode {
  station!: Station;
  /** By member: whether its link has a carrier. */
  readonly carriers: boolean[];
  running = false;
  /** How often its group became Master, and left it again, by any of its members. */
  transitions = 0;
  /** When a turn of its engine has ended with a part of the group Master, and what it was then. */
  readonly splits: string[] = [];

  constructor(
    private readonly net: SyncNet,
    readonly index: number,
  ) {
    this.carriers = net.options.kinds.map(() => true);
  }

  private get links() {
    const { kinds, hosts } = this.net.options;
    return kinds.map((kind, member) => {
      const last = hosts?.[member]?.[this.index] ?? this.index + 1;
      const mac = `02:00:00:00:${String(member + 1).padStart(2, '0')}:${String(this.index + 1).padStart(2, '0')}`;
      const on = { name: `eth${member}`, index: member + 1, mac };
      return kind.ethernet([`192.0.2.${last}/24`], { ...on, running: this.carriers[member]! });
    });
  }

  /** Starts, for the first time or again. */
  start(): void {
    if (this.running) return;
    const { time, wires, options } = this.net;
    const { priority, preempt = true } = options.nodes[this.index]!;
    const host = new VirtualHost(time);
    const { links } = this;
    for (const [member, link] of links.entries()) host.plug(link, wires[member]!);
    const routers = options.kinds.map((kind, member) =>
      kind.configuration({ vrid: member + 1, interface: `eth${member}`, priority, preempt, sync: 'gw' }),
    );
    this.station = new Station(time, wires[0]!, { routers, links, host });
    this.station.onTurn = () => this.look();
    this.running = true;
    this.net.arrange();
    this.station.update();
  }

  /** Everything of it is gone at once. */
  crash(): void {
    if (!this.running) return;
    this.running = false;
    const { host } = this.station;
    host.standing = true;
    host.open.clear();
    for (const loop of host.loops) loop.close();
  }

  /** Stops in an orderly way. */
  stop(): void {
    if (!this.running || this.station.host.standing) return;
    this.station.onTurn = () => {};
    this.station.placement.shutdown();
    this.running = false;
    this.station.host.open.clear();
  }

  carrier(member: number, running: boolean): void {
    this.carriers[member] = running;
    this.follow();
  }

  /** Follows its links as they are now. */
  follow(): void {
    if (this.running && !this.station.host.standing) this.station.update(this.links);
  }

  get states(): State[] {
    return this.net.options.kinds.map((_, member) => this.station.state(member) as State);
  }

  get isMaster(): boolean {
    return this.running && this.states.every((state) => state === State.Master);
  }

  get isFit(): boolean {
    return this.running && this.carriers.every(Boolean);
  }

  private before: State[] = [];

  private look(): void {
    const { states } = this;
    const masters = states.filter((state) => state === State.Master).length;
    if (masters > 0 && masters < states.length) this.splits.push(`${this.net.time.now()}: ${states.join()}`);
    for (const [member, state] of states.entries()) {
      if ((state === State.Master) !== (this.before[member] === State.Master)) this.transitions++;
    }
    this.before = states;
  }
}

/** See the file's comment. */
export class SyncNet {
  readonly time = new VirtualTime();
  readonly wires: readonly VirtualWire[];
  readonly nodes: readonly SyncNode[];
  /** By member: the nodes that are parted from the others there. */
  private readonly parted: Set<number>[];

  constructor(readonly options: SyncNetOptions) {
    this.wires = options.kinds.map(() => new VirtualWire(this.time, 0.1));
    this.parted = options.kinds.map(() => new Set<number>());
    this.nodes = options.nodes.map((_, index) => new SyncNode(this, index));
  }

  start(): this {
    for (const node of this.nodes) node.start();
    return this;
  }

  /** Parts these nodes from the others on one link; none: the end of that. */
  part(member: number, ...nodes: readonly number[]): void {
    this.parted[member] = new Set(nodes);
    this.arrange();
  }

  /** Whether two nodes hear each other on a link. */
  hear(member: number, one: SyncNode, other: SyncNode): boolean {
    const side = this.parted[member]!;
    const up = one.carriers[member]! && other.carriers[member]!;
    return one.running && other.running && up && side.has(one.index) === side.has(other.index);
  }

  arrange(): void {
    for (const [member, wire] of this.wires.entries()) {
      const ports = this.nodes
        .filter((node) => node.running && this.parted[member]!.has(node.index))
        .map(({ station }) => station.host.plug(station.links[member]!, wire));
      wire.part(...ports);
    }
  }

  masters(): number[] {
    return this.nodes.flatMap((node) => (node.isMaster ? [node.index] : []));
  }

  /** Forgets what went over the wires: long runs send a lot. */
  forget(): void {
    for (const wire of this.wires) wire.passed.length = 0;
  }

  pass(ms: number): void {
    this.time.pass(ms);
  }
}
