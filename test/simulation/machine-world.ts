/**
 * A network of state machines alone: no packets, no sockets, no engine. What the engine does around a state machine is
 * done here in its simplest form: packets before timers, timers a little early or late, the guard against its own stalls,
 * the limit of answers, what a reload keeps.
 */
import { AnswerLimit } from '../../core/vrrp/answer-limit.ts';
import type { Action, Event, Outcome, transition, VirtualRouter } from '../../core/vrrp/machine.ts';
import { State } from '../../core/vrrp/state.ts';
import { Random } from './random.ts';
import type { RouterSpec, Scenario, Weather } from './scenario.ts';
import { Sky } from './sky.ts';
import { asksForAnswer, Fault, type Watch, type World } from './world.ts';

/** A timer found expired by so many intervals of the Master was not served for reasons of its own. */
const STALLED = 0.5;
/** A packet that has waited longer has no known age, in ms. */
const OLDEST = 50;
/** So many events at one moment never end. */
const MOST_AT_ONCE = 10_000;

interface Packet {
  at: number;
  to: number;
  from: number;
  priority: number;
  interval: number;
}

/** A router, and its process. */
class Node implements VirtualRouter {
  priority: number;
  wantsToPreempt: boolean;
  standsBy = false;
  advertisementInterval: number;
  masterAdverInterval: number;
  state: State = State.Initialize;
  deadline = 0;
  /** When the timer is served: about the deadline. */
  servedAt = Infinity;
  alive = false;
  stalled = false;
  /** Of its engine: another one has another. */
  answers = new AnswerLimit(1);
  readonly waiting: Packet[] = [];

  constructor(
    readonly version: 2 | 3,
    spec: RouterSpec,
  ) {
    this.priority = spec.priority;
    this.wantsToPreempt = spec.preempt;
    this.advertisementInterval = spec.interval;
    this.masterAdverInterval = spec.interval;
  }

  get preempt(): boolean {
    return this.wantsToPreempt && !this.standsBy;
  }
}

/** See the file's comment. */
export class MachineWorld implements World {
  private time = 0;
  private readonly nodes: readonly Node[];
  private readonly sky: Sky;
  private readonly random: Random;
  /** On their way; `free` are to be used again. */
  private readonly packets: Packet[] = [];
  private readonly free: Packet[] = [];
  private readonly outcome: Outcome = {
    ...{ state: State.Initialize, deadline: 0, masterAdverInterval: 0 },
    actions: [],
  };
  private readonly heard = {
    ...{ type: 'advertisement' as const, priority: 0, interval: 0, addressOrder: 0, answer: true },
  };
  private readonly put = (to: number, after: number): void => {
    const { from, priority, interval } = this.sending;
    const packet = this.free.pop() ?? { ...this.sending };
    packet.from = from;
    packet.priority = priority;
    packet.interval = interval;
    packet.at = this.time + after;
    packet.to = to;
    this.packets.push(packet);
  };
  private readonly sending: Packet = { at: 0, to: 0, from: 0, priority: 0, interval: 0 };

  /** @param machine the state machine, or what is made of it */
  constructor(
    private readonly scenario: Scenario,
    private readonly watch: Watch,
    private readonly machine: typeof transition,
  ) {
    this.nodes = scenario.routers.map((spec) => new Node(scenario.version, spec));
    this.sky = new Sky(scenario);
    this.random = new Random(scenario.seed ^ 0x5bd1e995);
  }

  now(): number {
    return this.time;
  }

  start(who: number): void {
    this.nodes[who]!.alive = true;
    this.step(who, { type: 'startup' }, this.time);
  }

  stop(who: number): void {
    this.step(who, { type: 'shutdown' }, this.time);
    this.step(who, { type: 'timer' }, this.time); // its timer expired at the same moment, and is served after it
    this.standBy(who, false);
    this.nodes[who]!.answers = new AnswerLimit(1);
  }

  pull(who: number): void {
    this.step(who, { type: 'shutdown' }, this.time, State.Down);
  }

  crash(who: number): void {
    const node = this.nodes[who]!;
    Object.assign(node, {
      state: State.Initialize,
      deadline: 0,
      servedAt: Infinity,
      alive: false,
      stalled: false,
    });
    node.waiting.length = 0;
    node.standsBy = false;
    node.answers = new AnswerLimit(1);
    this.watch.crashed(who);
  }

  /** See core/engine/succession.ts for what is kept. */
  reload(who: number, to: RouterSpec): void {
    const node = this.nodes[who]!;
    node.priority = to.priority;
    node.wantsToPreempt = to.preempt;
    node.advertisementInterval = to.interval;
    node.answers = new AnswerLimit(1);
    if (node.version === 2 || node.state !== State.Backup) node.masterAdverInterval = to.interval;
    if (node.state === State.Master) this.schedule(node, Math.min(node.deadline, this.time + to.interval));
    this.watch.reloaded(who, to, this.time);
  }

  failOver(who: number): void {
    const node = this.nodes[who]!;
    if (node.state !== State.Master || node.priority === 255) return;
    this.step(who, { type: 'shutdown' }, this.time);
    this.standBy(who, true);
    this.step(who, { type: 'startup' }, this.time);
  }

  private standBy(who: number, whether: boolean): void {
    this.nodes[who]!.standsBy = whether;
    this.watch.standsBy(who, whether);
  }

  stall(who: number): void {
    const node = this.nodes[who]!;
    if (!node.alive) return;
    node.stalled = true;
    this.watch.stalled(who);
  }

  resume(who: number): void {
    const node = this.nodes[who]!;
    if (!node.stalled) return;
    node.stalled = false;
    const waited = this.time - (node.waiting.at(-1)?.at ?? this.time);
    const age = waited > OLDEST ? 0 : waited;
    for (const packet of node.waiting) this.hear(packet, this.time - age);
    node.waiting.length = 0;
    this.watch.caughtUp(who, this.time);
    const late = this.time - node.deadline;
    if (node.state === State.Backup && late > STALLED * node.masterAdverInterval) {
      this.schedule(node, this.time + node.masterAdverInterval);
    }
  }

  part(sides: readonly number[]): void {
    this.sky.part(sides);
  }

  weather(weather: Weather): void {
    this.sky.weather = weather;
  }

  run(until: number): void {
    let atOnce = 0;
    for (;;) {
      const packet = this.firstPacket();
      const timer = this.firstTimer();
      const arrival = packet < 0 ? Infinity : this.packets[packet]!.at;
      const served = timer < 0 ? Infinity : this.nodes[timer]!.servedAt;
      const next = Math.min(arrival, served);
      if (next > until) break;
      atOnce = next > this.time ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) throw new Fault(`the time stands still at ${this.time} ms`);
      this.time = Math.max(this.time, next);
      if (arrival <= served) this.arrive(packet);
      else this.step(timer, { type: 'timer' }, this.time);
    }
    this.time = until;
  }

  private firstPacket(): number {
    const { packets } = this;
    let first = -1;
    for (let at = 0; at < packets.length; at++) {
      if (first < 0 || packets[at]!.at < packets[first]!.at) first = at;
    }
    return first;
  }

  private firstTimer(): number {
    const { nodes } = this;
    let first = -1;
    let when = Infinity;
    for (let at = 0; at < nodes.length; at++) {
      const { servedAt, stalled } = nodes[at]!;
      if (servedAt >= when || stalled) continue;
      first = at;
      when = servedAt;
    }
    return first;
  }

  private arrive(index: number): void {
    const { packets } = this;
    const packet = packets[index]!;
    const last = packets.pop()!;
    if (last !== packet) packets[index] = last;
    const node = this.nodes[packet.to]!;
    if (node.stalled) {
      node.waiting.push({ ...packet });
      this.watch.waits(packet.to);
    } else if (node.alive) this.hear(packet, this.time);
    this.free.push(packet);
  }

  private hear({ to, from, priority, interval }: Packet, at: number): void {
    const node = this.nodes[to]!;
    if (node.priority === 255) return; // an owner listens to nobody
    const { heard } = this;
    heard.priority = priority;
    heard.interval = interval;
    heard.addressOrder = from - to;
    const asks = asksForAnswer(node.version, node.state, node.priority, priority, heard.addressOrder);
    heard.answer = !asks || node.answers.take(0, at, node.advertisementInterval);
    this.step(to, heard, at);
  }

  /** @param into the state that it stops into, if that is another one than the state machine says */
  private step(who: number, event: Event, at: number, into?: State): void {
    const node = this.nodes[who]!;
    const { state, deadline, masterAdverInterval, actions } = this.machine(node, event, at, this.outcome);
    const seen = state === State.Down && node.state === State.Down ? State.Initialize : state; // it is one
    node.state = into ?? state;
    node.masterAdverInterval = masterAdverInterval;
    if (deadline !== node.deadline || event.type === 'timer') this.schedule(node, deadline);
    this.watch.event(who, event, this.time, at, seen, masterAdverInterval, actions);
    for (const action of actions) this.act(who, node, action);
  }

  private act(who: number, node: Node, action: Action): void {
    if (action === 'acquire-addresses') node.standsBy = false;
    if (action !== 'send-advertisement' && action !== 'send-priority-zero') return;
    const { sending } = this;
    sending.from = who;
    sending.priority = action === 'send-advertisement' ? node.priority : 0;
    sending.interval = node.advertisementInterval;
    this.sky.carry(who, this.put);
  }

  private schedule(node: Node, deadline: number): void {
    const { early, late } = this.scenario;
    node.deadline = deadline;
    if (deadline === 0) {
      node.servedAt = Infinity;
      return;
    }
    node.servedAt = deadline;
    if (late > 0 && this.random.chance(0.5)) node.servedAt += late * this.random.next();
    else if (early > 0 && node.state === State.Master) {
      node.servedAt -= early * node.advertisementInterval * this.random.next();
    }
  }
}
