/**
 * A network of whole engines on virtual time, each on a host of its own: packets, sockets, placement, hand-over. What
 * they tell observers is what can be seen of them.
 */
import type { VirtualRouterConfig } from '../../core/config/model.ts';
import { inherit } from '../../core/engine/succession.ts';
import { configuration, ethernet, Station } from '../../core/engine/test/station.ts';
import { VirtualHost } from '../../core/engine/test/virtual-host.ts';
import { VirtualTime } from '../../core/engine/test/virtual-time.ts';
import { type Port, VirtualWire } from '../../core/engine/test/virtual-wire.ts';
import type { Link } from '../../core/plugin/contracts/index.ts';
import { type EngineEvent, EventType } from '../../core/threads/event-ring.ts';
import { Int, Num, State } from '../../core/threads/state-table.ts';
import { AnswerLimit } from '../../core/vrrp/answer-limit.ts';
import type { Action, Event } from '../../core/vrrp/machine.ts';
import type { RouterSpec, Scenario, Weather } from './scenario.ts';
import { Sky } from './sky.ts';
import { asksForAnswer, Fault, type Watch, type World } from './world.ts';

/** An engine's Masters may advertise early by this share of their interval. */
const COALESCE = 1 / 250;
/** Or so many ms where that is more. */
const COALESCE_MS = 0.2;
/** Those that guess what the others' checksums cover listen this share of it longer now and then. */
const LISTEN = 1 / 192;
const VIRTUAL = { 4: ['198.51.100.1'], 6: ['fe80::100', '2001:db8:100::1'] } as const;

/** A frame that an engine receives, and when it counts as having arrived. */
interface Received {
  readonly frame: Uint8Array;
  readonly at: number;
}

/** Something that has happened to a router, as far as it is known yet. */
interface Pending {
  readonly event: Event;
  readonly at: number;
  readonly actions: Action[];
  /** How many advertisements it may still bring about. */
  sends: number;
}

/** A router's place on the network. */
class Tap extends VirtualWire {
  port: Port | undefined;

  constructor(
    time: VirtualTime,
    private readonly transmit: (frame: Uint8Array) => void,
  ) {
    super(time);
  }

  override plug(port: Port): void {
    this.port = port;
  }

  override send(_from: Port, frame: Uint8Array): void {
    this.transmit(frame);
  }
}

/** A host, and what runs on it. */
interface Node {
  spec: RouterSpec;
  readonly link: Link;
  readonly tap: Tap;
  host: VirtualHost | undefined;
  station: Station | undefined;
  state: State;
  /** Its link is there. */
  plugged: boolean;
  answers: AnswerLimit;
  readonly received: Received[];
  pending: Pending | undefined;
  /** Goes on after a stall; what has arrived meanwhile is being taken in. */
  resuming: boolean;
}

/** What a scenario is for engines: they serve timers in time, and Masters' together. */
export function forEngines(scenario: Scenario): Scenario {
  const guesses = scenario.version === 3 && scenario.family === 4;
  return { ...scenario, late: 0, early: COALESCE, earlyMs: COALESCE_MS, listens: guesses ? LISTEN : 0 };
}

/** See the file's comment. */
export class EngineWorld implements World {
  private readonly time = new VirtualTime();
  private readonly begin = this.time.now();
  private readonly nodes: readonly Node[];
  private readonly sky: Sky;
  /** An engine is letting go of its sockets. */
  private bridging = false;

  constructor(
    private readonly scenario: Scenario,
    private readonly watch: Watch,
  ) {
    this.sky = new Sky(scenario);
    this.nodes = scenario.routers.map((spec, who) => ({
      ...{ spec, link: this.linkOf(who, spec), tap: new Tap(this.time, (frame) => this.carry(who, frame)) },
      ...{
        host: undefined,
        station: undefined,
        state: State.Initialize,
        plugged: true,
        answers: new AnswerLimit(1),
      },
      ...{ received: [], pending: undefined, resuming: false },
    }));
  }

  now(): number {
    return this.time.now() - this.begin;
  }

  run(until: number): void {
    this.time.until(until + this.begin);
  }

  start(who: number): void {
    const node = this.nodes[who]!;
    node.plugged = true;
    if (!node.station) {
      const host = new VirtualHost(this.time);
      host.onReceive = (frame, age) => node.received.push({ frame, at: this.now() - age });
      node.host = host;
      node.station = this.station(who, node);
    }
    node.station.update([node.link]);
  }

  stop(who: number): void {
    const { station } = this.nodes[who]!;
    station?.patience.stop();
    station?.placement.shutdown();
    this.watch.standsBy(who, false);
    this.leave(who);
  }

  pull(who: number): void {
    const node = this.nodes[who]!;
    node.plugged = false;
    node.station?.update([{ ...node.link, running: false }]);
  }

  crash(who: number): void {
    const { station } = this.nodes[who]!;
    station?.patience.stop();
    station?.engine.close();
    this.leave(who);
    this.watch.crashed(who);
  }

  /** As core/engine/worker.ts does it, all at once. */
  reload(who: number, to: RouterSpec): void {
    const node = this.nodes[who]!;
    node.spec = to;
    const before = node.station;
    if (!before) {
      this.watch.reloaded(who, to, this.now());
      return;
    }
    const { links } = before.placement;
    const station = this.station(who, node);
    const configs = [this.configurationOf(to)];
    const take = (): void => {
      inherit(station.table, before.table, { slots: [0], changed: [true] }, configs, this.time.now());
      station.engine.resume();
    };
    station.placement.prepare(links);
    station.engine.rehearse();
    take();
    before.patience.stop();
    this.bridging = true;
    const sockets = before.placement.letGo([]);
    this.bridging = false;
    this.watch.reloaded(who, to, this.now());
    station.placement.inherit(sockets);
    node.station = station;
    node.answers = new AnswerLimit(1);
    take();
    station.update(links);
  }

  failOver(who: number): void {
    const { station, state, spec } = this.nodes[who]!;
    if (!station) return;
    if (state === State.Master && spec.priority < 255) this.watch.standsBy(who, true);
    station.engine.failOver(station.routers[0]!);
    station.engine.settle();
  }

  stall(who: number): void {
    const { host } = this.nodes[who]!;
    if (!host) return;
    host.standing = true;
    this.watch.stalled(who);
  }

  resume(who: number): void {
    const node = this.nodes[who]!;
    if (!node.host?.standing) return;
    node.resuming = true;
    node.host.goOn();
    this.catchUp(who, node);
  }

  part(sides: readonly number[]): void {
    this.sky.part(sides);
  }

  weather(weather: Weather): void {
    this.sky.weather = weather;
  }

  private leave(who: number): void {
    const node = this.nodes[who]!;
    Object.assign(node, { host: undefined, station: undefined, state: State.Initialize, resuming: false });
    Object.assign(node, { pending: undefined, answers: new AnswerLimit(1) });
    node.tap.port = undefined;
    node.received.length = 0;
  }

  private configurationOf({ priority, preempt, interval }: RouterSpec): VirtualRouterConfig {
    const { version, family } = this.scenario;
    return configuration({
      ...{
        version,
        family,
        addresses: [...VIRTUAL[family]],
        preempt,
        advertisementIntervalCs: interval / 10,
      },
      priority: Math.min(priority, 254), // who is the owner is told by its addresses
    });
  }

  private linkOf(who: number, { priority }: RouterSpec): Link {
    const { family } = this.scenario;
    const own = family === 4 ? [`192.0.2.${who + 1}/24`] : [`fe80::${who + 1}/64`, '2001:db8:1::1/64'];
    const owned = VIRTUAL[family].map((address) => `${address}/${family === 4 ? 24 : 64}`);
    const addresses = priority === 255 ? [...own, ...owned] : own;
    return ethernet(addresses, { mac: `02:00:00:00:00:0${who + 1}` });
  }

  private station(who: number, node: Node): Station {
    const { tap, link, spec, host } = node;
    const station = new Station(this.time, tap, {
      ...{ routers: [this.configurationOf(spec)], links: [link], chatty: true },
      ...(host && { host }),
    });
    station.onTurn = () => this.look(who, node, station);
    return station;
  }

  private carry(from: number, frame: Uint8Array): void {
    this.sky.carry(from, (to, after) => {
      this.time.after(after, () => {
        const { tap, host } = this.nodes[to]!;
        if (host?.standing && isVrrp(frame)) this.watch.waits(to);
        tap.port?.hear(frame);
      });
    });
  }

  /** Tells what the engine has done since the last look. */
  private look(who: number, node: Node, station: Station): void {
    const events = station.events();
    for (const [at, event] of events.entries()) this.read(who, node, event, events.slice(at + 1));
    node.received.length = 0;
    this.tell(who, node, station.table.num(0, Num.MasterAdverInterval));
    const holds = station.table.int(0, Int.Wanted) % 2 === 1;
    if (holds !== (node.state === State.Master))
      throw new Fault(`router ${who}: the addresses are a Master's alone`);
  }

  private read(who: number, node: Node, { type, a, b }: EngineEvent, rest: readonly EngineEvent[]): void {
    const { pending } = node;
    if (type === EventType.AdvertisementReceived) {
      this.tell(who, node);
      node.pending = this.heard(who, node, a);
    } else if (type === EventType.Transition) {
      const [from, to] = [a as State, b as State];
      if (pending?.event.type === 'advertisement' && from === State.Master && to === State.Backup)
        pending.sends = 0;
      else {
        this.tell(who, node);
        const [starts, stops] = [!isRunning(from), !isRunning(to)];
        const what = starts ? 'startup' : stops ? 'shutdown' : 'timer';
        if (what === 'timer') this.beforeTimers(who, node, rest);
        const sends = to === State.Master || (stops && from === State.Master) ? 1 : 0;
        node.pending = { event: { type: what }, at: this.now(), actions: [], sends };
      }
      node.state = to;
    } else if (type === EventType.AdvertisementSent) {
      const action = a === 0 ? 'send-priority-zero' : 'send-advertisement';
      if (pending && pending.sends > 0) {
        pending.sends--;
        pending.actions.push(action);
        return;
      }
      if (this.bridging) return; // out of turn, see Engine.bridge
      this.tell(who, node);
      this.beforeTimers(who, node, rest);
      node.pending = { event: { type: 'timer' }, at: this.now(), actions: [action], sends: 0 };
    }
  }

  /** Whoever goes on after a stall serves timers when all that waits has been taken in. */
  private beforeTimers(who: number, node: Node, rest: readonly EngineEvent[]): void {
    if (!rest.some(({ type }) => type === EventType.AdvertisementReceived)) this.catchUp(who, node);
  }

  private catchUp(who: number, node: Node): void {
    if (!node.resuming) return;
    node.resuming = false;
    this.watch.caughtUp(who, this.now());
  }

  /** The advertisement of this priority that it has accepted: the first such of those that came in. */
  private heard(who: number, node: Node, priority: number): Pending {
    const { version, family } = this.scenario;
    const vrrp = family === 4 ? 34 : 54;
    for (let next = node.received.shift(); next; next = node.received.shift()) {
      const { frame } = next;
      if (!isVrrp(frame) || frame[vrrp + 2] !== priority) continue;
      const from = (family === 4 ? frame[29]! : frame[37]!) - 1;
      if (from === who) continue; // it knows itself, and does not answer
      const units =
        version === 2 ? frame[vrrp + 5]! * 100 : ((frame[vrrp + 4]! & 0xf) << 8) | frame[vrrp + 5]!;
      const asks = asksForAnswer(version, node.state, node.spec.priority, priority, from - who);
      // What the engine has kept waiting for long counts from now, see OLD there.
      const at = this.now() - next.at > (units * 10) / 2 ? this.now() : next.at;
      const answer = !asks || node.answers.take(0, at, node.spec.interval);
      const event = {
        type: 'advertisement' as const,
        priority,
        interval: units * 10,
        addressOrder: from - who,
        answer,
      };
      return { event, at, actions: [], sends: asks && answer ? 1 : 0 };
    }
    throw new Fault(`router ${who} has heard priority ${priority}, and nobody has said so`);
  }

  private tell(who: number, node: Node, learned = Number.NaN): void {
    const { pending } = node;
    if (!pending) return;
    node.pending = undefined;
    const state = isRunning(node.state) ? node.state : State.Initialize;
    this.watch.event(who, pending.event, this.now(), pending.at, state, learned, pending.actions);
  }
}

function isRunning(state: State): boolean {
  return state === State.Backup || state === State.Master;
}

function isVrrp(frame: Uint8Array): boolean {
  const type = (frame[12]! << 8) | frame[13]!;
  return (type === 0x0800 && frame[23] === 112) || (type === 0x86dd && frame[20] === 112);
}
