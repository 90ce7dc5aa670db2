/** Runs a scenario in a world, and holds the world to what a network of virtual routers promises. */
import type { Action } from '../../core/vrrp/machine.ts';
import { State } from '../../core/vrrp/state.ts';
import { down, Judge } from './judge.ts';
import type { Burst, Scenario, Step } from './scenario.ts';
import { CLEAR } from './sky.ts';
import { Fault, type Watch, type World } from './world.ts';

/** Makes the world of a scenario, all of whose routers wait to be started. */
export interface Create {
  (scenario: Scenario, watch: Watch): World;
  /** Which actions can be seen there; default: all. */
  readonly sees?: (action: Action) => boolean;
}

/** What came of a run that was as it must be. */
export interface Result {
  /** Virtual time of all routers together, in hours. */
  readonly routerHours: number;
  readonly transitions: number;
  readonly events: number;
  /** Times that something happened which is no cause for a transition, by what it was. */
  readonly harmless: Readonly<Record<string, number>>;
  /** Times that sides with a Master each met again. */
  readonly heals: number;
  /** Equal for equal runs. */
  readonly digest: number;
}

const HOUR = 3_600_000;

/**
 * How long after the last disturbance a network has exactly one Master on each side, and it stays so.
 *
 * Be I the longest interval, D the longest time that a packet is under way. Whoever is Backup has heard an advertisement
 * that it accepts within its Master_Down_Interval, which is longest for priority 1, or becomes Master (RFC 9568 §6.4.2):
 * by then there is a Master. The superior one of two advertises within I, and is heard D later; the other one gives
 * way (§6.4.3). A Backup that accepts advertisements of a Master accepts those of a superior one: nobody else starts.
 * One whose engine stood still waits for another interval at most.
 *
 * Where intervals differ, a Backup may hear a last advertisement of the Master that gives way, go by its short interval,
 * and take the other one for dead: that takes another round.
 */
export function bound({ version, longest, latency, late, mixed }: Scenario): number {
  const round = down(version, 1, longest) + 2 * longest + 2 * latency + 2 * late;
  return mixed ? 2 * round : round;
}

class Run {
  private readonly judge: Judge;
  private readonly world: World;
  private readonly running: boolean[];
  private readonly alive: boolean[];
  private sides: readonly number[];
  /** Packets are under way until then that were sent in bad weather. */
  private clearFrom = 0;
  /** The longest delay since the weather was good. */
  private delay = 0;
  private settled = false;
  private readonly harmless: Record<string, number> = {};
  private met = 0;

  constructor(
    private readonly scenario: Scenario,
    create: Create,
    trace: ((line: string) => void) | undefined,
  ) {
    this.judge = new Judge(scenario, create.sees);
    this.judge.trace = trace;
    this.world = create(scenario, this.judge);
    this.running = scenario.routers.map(() => false);
    this.alive = scenario.routers.map(() => false);
    this.sides = scenario.routers.map(() => 0);
  }

  all(): Result {
    for (const burst of this.scenario.bursts) this.burst(burst);
    const { transitions, events, digest } = this.judge;
    const { harmless, met: heals } = this;
    const routerHours = (this.world.now() * this.running.length) / HOUR;
    return { routerHours, transitions, events, harmless, heals, digest };
  }

  private burst({ steps, rest }: Burst): void {
    const { judge, world } = this;
    const [step] = steps;
    const harmless = this.settled && steps.length === 1 && this.isHarmless(step!);
    const rivals = this.settled && steps.length === 1 && step!.what === 'heal' && !this.scenario.mixed;
    const before = judge.transitions;
    const masters = this.masters();
    for (const one of steps) this.take(one);
    this.clear();
    if (rivals) this.heals(masters, before);
    world.run(Math.max(world.now(), this.clearFrom) + bound(this.scenario));
    judge.allInTime(world.now());
    if (harmless && judge.transitions !== before) {
      throw new Fault(
        `${JSON.stringify(step)} was no cause, and there were ${judge.transitions - before} transitions`,
      );
    }
    if (harmless) this.harmless[step!.what] = (this.harmless[step!.what] ?? 0) + 1;
    this.agree();
    this.settled = true;
    const agreed = judge.transitions;
    world.run(world.now() + rest);
    judge.allInTime(world.now());
    if (judge.transitions !== agreed) throw new Fault('there were transitions in a network at rest');
    this.agree();
  }

  private take(step: Step): void {
    const { world, judge } = this;
    switch (step.what) {
      case 'start':
        if (this.running[step.who] || judge.known[step.who]!.stalled) break;
        this.running[step.who] = true;
        this.alive[step.who] = true;
        world.start(step.who);
        break;
      case 'stop':
      case 'pull':
        if (!this.running[step.who] || judge.known[step.who]!.stalled) break;
        this.running[step.who] = false;
        world[step.what](step.who);
        break;
      case 'crash':
        this.running[step.who] = false;
        this.alive[step.who] = false;
        world.crash(step.who);
        break;
      case 'reload':
        if (!judge.known[step.who]!.stalled) world.reload(step.who, step.to);
        break;
      case 'fail-over':
        if (!judge.known[step.who]!.stalled) world.failOver(step.who);
        break;
      case 'stall':
        if (this.alive[step.who]) world.stall(step.who);
        break;
      case 'resume':
        world.resume(step.who);
        break;
      case 'nap':
        if (judge.known[step.who]!.stalled || !this.alive[step.who]) break;
        world.stall(step.who);
        world.run(world.now() + step.ms);
        world.resume(step.who);
        break;
      case 'part':
        this.sides = step.sides;
        world.part(step.sides);
        break;
      case 'heal':
        this.sides = this.sides.map(() => 0);
        world.part(this.sides);
        break;
      case 'weather':
        world.weather(step.weather);
        this.delay = Math.max(this.delay, step.weather.delay);
        if (step.ms === 0) break;
        world.run(world.now() + step.ms);
        this.clear();
        break;
      case 'pause':
        world.run(world.now() + step.ms);
        break;
    }
  }

  /** The weather is good from now on; what was sent before may still come. */
  private clear(): void {
    this.world.weather(CLEAR);
    if (this.delay > 0) {
      this.clearFrom = Math.max(this.clearFrom, this.world.now() + this.delay + this.scenario.latency);
    }
    this.delay = 0;
  }

  /** Indices of the Masters. */
  private masters(): number[] {
    return this.judge.known.flatMap(({ state }, who) => (state === State.Master ? [who] : []));
  }

  /** Exactly one Master on each side, and it may be it: an owner is, and nobody who would preempt it is Backup. */
  private agree(): void {
    const { known } = this.judge;
    for (const side of new Set(this.sides)) {
      const here = known.filter((_, who) => this.sides[who] === side && this.running[who]);
      if (here.length === 0) continue;
      const masters = here.filter(({ state }) => state === State.Master);
      const at = `at ${this.world.now().toFixed(3)} ms`;
      if (masters.length !== 1)
        throw new Fault(`${at} there are ${masters.length} Masters among ${here.length}`);
      const { priority } = masters[0]!.spec;
      const better = here.find(
        ({ spec, preempts }) => spec.priority > priority && (preempts || spec.priority === 255),
      );
      if (better)
        throw new Fault(`${at} priority ${priority} is Master, and ${better.spec.priority} would preempt`);
    }
  }

  /**
   * Sides with one Master each have met again: the superior one is heard within its interval, and each other one gives
   * way; nobody else has a reason for anything.
   */
  private heals(masters: readonly number[], before: number): void {
    if (masters.length === 0) return;
    if (masters.length > 1) this.met++;
    const { judge, world } = this;
    const { latency, late, version } = this.scenario;
    const rank = (who: number): number => judge.known[who]!.spec.priority * 1000 + who;
    const best = masters.reduce((a, b) => (rank(a) > rank(b) ? a : b));
    world.run(world.now() + judge.known[best]!.spec.interval + latency + late + 1e-3);
    const left = this.masters();
    if (left.length !== 1 || left[0] !== best)
      throw new Fault(`after a heal, Masters are ${left}, not ${best}`);
    const few = masters.length - 1;
    if (judge.transitions - before !== few) {
      throw new Fault(`${judge.transitions - before} transitions after a heal, not ${few} (VRRPv${version})`);
    }
  }

  /** Whether a step is no cause for any transition in a network that has settled. */
  private isHarmless(step: Step): boolean {
    const { known } = this.judge;
    const masters = this.masters();
    const shortest = Math.min(...masters.map((who) => known[who]!.spec.interval));
    switch (step.what) {
      case 'nap':
        // Two advertisements may be missing: Master_Down_Interval is longer than three intervals.
        return known[step.who]!.state !== State.Master || step.ms < 1.9 * known[step.who]!.spec.interval;
      case 'weather': {
        const { loss, echo, delay } = step.weather;
        if (echo > 0 || delay > 1.5 * shortest) return false;
        return loss === 0 || this.outlasts(step.ms);
      }
      case 'fail-over':
        return known[step.who]!.state !== State.Master || known[step.who]!.spec.priority === 255;
      case 'stop':
      case 'pull':
      case 'crash':
        return known[step.who]!.state !== State.Master;
      case 'reload':
        return this.changesNothing(step.who, step.to);
      case 'start':
        return this.startsBehind(step.who);
      default:
        return false;
    }
  }

  /**
   * Whether every Backup's patience outlasts so many ms in which nothing arrives: two advertisements may be lost, if the
   * third comes before the skew is over.
   */
  private outlasts(ms: number): boolean {
    const { version, latency, late, early, earlyMs = 0, listens = 0 } = this.scenario;
    return this.judge.known.every(({ state, spec }, who) => {
      const interval = this.masterOf(who)?.spec.interval;
      if (state !== State.Backup || interval === undefined) return true;
      const silence =
        (Math.ceil(ms / interval) + 1 + listens) * interval +
        latency +
        late +
        Math.max(early * interval, earlyMs);
      return silence < down(version, spec.priority, interval);
    });
  }

  private masterOf(who: number): Judge['known'][number] | undefined {
    const { known } = this.judge;
    return known.find(({ state }, at) => state === State.Master && this.sides[at] === this.sides[who]);
  }

  /** A configuration with which the Master of its side is Master still. */
  private changesNothing(who: number, to: { readonly priority: number; readonly preempt: boolean }): boolean {
    const { known } = this.judge;
    if (!this.running[who]) return true;
    if (known[who]!.state !== State.Master) {
      return !to.preempt || known[who]!.standsBy || to.priority <= (this.masterOf(who)?.spec.priority ?? 0);
    }
    return known.every(
      ({ state, spec, preempts }, at) =>
        this.sides[at] !== this.sides[who] ||
        state !== State.Backup ||
        !preempts ||
        spec.priority <= to.priority,
    );
  }

  /** Whoever starts, hears the Master before it could take it for dead, and does not preempt, stays Backup. */
  private startsBehind(who: number): boolean {
    const { spec, preempts, state } = this.judge.known[who]!;
    if (this.running[who]) return true;
    const master = this.masterOf(who);
    if (!master || state !== State.Initialize || spec.priority === 255) return false;
    if (preempts && spec.priority > master.spec.priority) return false;
    const { version, latency, late } = this.scenario;
    return down(version, spec.priority, spec.interval) > master.spec.interval + latency + late + 1;
  }
}

/**
 * Runs a scenario.
 * @param trace told every event, in a line
 * @throws Fault with what was not as it must be
 */
export function run(scenario: Scenario, create: Create, trace?: (line: string) => void): Result {
  return new Run(scenario, create, trace).all();
}
