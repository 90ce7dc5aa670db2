/**
 * What one virtual router may do and must do, by what it has been told and has heard: every transition has a cause, and
 * no cause is without its transition. From the text of RFC 3768 and RFC 9568 §6, without a look at the state machine.
 */
import type { Action, Event, ReceivedAdvertisement } from '../../core/vrrp/machine.ts';
import { State } from '../../core/vrrp/state.ts';
import type { RouterSpec, Scenario } from './scenario.ts';
import { Fault, type Watch } from './world.ts';

/** ms: two clocks that say the same may differ by so much, by rounding. */
const ROUNDING = 1e-3;

const NAMES = ['Initialize', 'Backup', 'Master', 'Down'];

/** Skew_Time in ms: a second less a 256th for each point of the priority; VRRPv3: an interval of the Master. */
export function skew(version: 2 | 3, priority: number, interval: number): number {
  const whole = version === 2 ? 1000 : interval;
  return whole - (whole / 256) * priority;
}

/** Master_Down_Interval in ms: three intervals and the skew. */
export function down(version: 2 | 3, priority: number, interval: number): number {
  return interval + interval + interval + skew(version, priority, interval);
}

/** What is known of one router from outside. */
interface Known {
  spec: RouterSpec;
  /** Preempt_Mode, as it is at the moment. */
  preempts: boolean;
  standsBy: boolean;
  state: State;
  /** A Backup becomes Master not before `due`, a Master advertises then; */
  due: number;
  /** … and not after this, unless it has heard something. */
  latest: number;
  /** The interval that it goes by, in ms. */
  learned: number;
  /** It has the virtual addresses. */
  holds: boolean;
  stalled: boolean;
  /** Packets that wait for it. */
  waiting: number;
}

const NOTHING: readonly Action[] = [];
const BECOMES_MASTER: readonly Action[] = ['send-advertisement', 'acquire-addresses'];
const GIVES_WAY: readonly Action[] = ['release-addresses'];
const SENDS: readonly Action[] = ['send-advertisement'];
const STOPS: readonly Action[] = ['send-priority-zero', 'release-addresses'];
const ANNOUNCES: readonly Action[] = ['announce-addresses'];
const ANSWERS: readonly Action[] = ['send-advertisement', 'announce-addresses'];

/** See the file's comment. */
export class Judge implements Watch {
  readonly known: readonly Known[];
  /** Changes of state, but those that were ordered from outside. */
  transitions = 0;
  events = 0;
  /** Of everything that has happened: equal for two runs that are the same. */
  digest = 0x811c9dc5;
  /** Told everything, for whoever wants to read it. */
  trace: ((line: string) => void) | undefined;

  /** @param sees actions that can be seen; default: all */
  constructor(
    private readonly scenario: Scenario,
    private readonly sees?: (action: Action) => boolean,
  ) {
    this.known = scenario.routers.map((spec) => ({
      ...{
        spec,
        preempts: spec.preempt,
        standsBy: false,
        state: State.Initialize,
        due: 0,
        latest: 0,
        learned: spec.interval,
      },
      ...{ holds: false, stalled: false, waiting: 0 },
    }));
  }

  event(
    who: number,
    event: Event,
    now: number,
    at: number,
    state: State,
    learned: number,
    actions: readonly Action[],
  ): void {
    const router = this.known[who]!;
    const before = router.state;
    this.events++;
    this.digest = Math.imul(
      this.digest ^ (now * 16) ^ (who << 8) ^ (state << 4) ^ actions.length,
      0x01000193,
    );
    if (this.trace) {
      const heard = event.type === 'advertisement' ? ` ${event.priority}` : '';
      const what = `${event.type}${heard}: ${NAMES[before]} -> ${NAMES[state]} [${actions.join(' ')}]`;
      this.trace(`${now.toFixed(3)} router ${who} ${what}`);
    }
    const all = this.expected(who, router, event, now, at);
    const expected = this.sees ? all.filter(this.sees) : all;
    if (state !== router.state) {
      this.fault(who, now, `${event.type} made it ${NAMES[state]}, not ${NAMES[router.state]}`);
    }
    if (!same(actions, expected)) {
      this.fault(who, now, `${event.type}: it did [${actions.join(' ')}], not [${expected.join(' ')}]`);
    }
    if (state !== State.Initialize && Math.abs(learned - router.learned) > ROUNDING) {
      this.fault(who, now, `it goes by an interval of ${learned} ms, not ${router.learned} ms`);
    }
    for (const action of actions) {
      if (action === 'acquire-addresses') router.holds = true;
      if (action === 'release-addresses') router.holds = false;
    }
    if (!this.sees && router.holds !== (state === State.Master))
      this.fault(who, now, 'the addresses are a Master’s alone');
    if (state === before) return;
    if (event.type !== 'startup' && event.type !== 'shutdown') this.transitions++;
  }

  crashed(who: number): void {
    const router = this.known[who]!;
    Object.assign(router, {
      state: State.Initialize,
      due: 0,
      latest: 0,
      holds: false,
      stalled: false,
      waiting: 0,
    });
    this.standsBy(who, false);
    this.trace?.(`router ${who} crashes`);
  }

  standsBy(who: number, whether: boolean): void {
    const router = this.known[who]!;
    router.standsBy = whether;
    router.preempts = router.spec.preempt && !whether;
  }

  /** What it is stays, deadlines too; a Master with a shorter interval advertises sooner. */
  reloaded(who: number, to: RouterSpec, now: number): void {
    const router = this.known[who]!;
    router.spec = to;
    router.preempts = to.preempt && !router.standsBy;
    if (this.scenario.version === 2 || router.state === State.Master) router.learned = to.interval;
    if (router.state === State.Master && router.due > now + to.interval) this.set(router, now + to.interval);
    this.trace?.(`${now.toFixed(3)} router ${who} is reloaded: ${JSON.stringify(to)}`);
  }

  stalled(who: number): void {
    this.known[who]!.stalled = true;
    this.trace?.(`router ${who} stalls`);
  }

  /** Whoever finds its timer expired then may wait for another interval. */
  caughtUp(who: number, now: number): void {
    const router = this.known[who]!;
    router.stalled = false;
    router.waiting = 0;
    if (router.latest > 0 && router.latest < now) {
      const patience = router.state === State.Backup ? router.learned : 0;
      router.latest = now + patience + this.scenario.late;
    }
    this.trace?.(`${now.toFixed(3)} router ${who} goes on`);
  }

  waits(who: number): void {
    this.known[who]!.waiting++;
  }

  /** Nobody has missed what it had to do. */
  allInTime(now: number): void {
    for (const [who, router] of this.known.entries()) this.inTime(who, router, now);
  }

  private inTime(who: number, router: Known, now: number): void {
    if (router.stalled || router.latest === 0 || now <= router.latest + ROUNDING) return;
    const what = router.state === State.Master ? 'advertise' : 'become Master';
    this.fault(who, now, `it had to ${what} at ${router.due} ms`);
  }

  private set(router: Known, due: number): void {
    router.due = due;
    router.latest = due + this.scenario.late;
  }

  /** Brings what is known to what must be after an event. @returns what it must do */
  private expected(who: number, router: Known, event: Event, now: number, at: number): readonly Action[] {
    const { version } = this.scenario;
    const { spec } = router;
    this.inTime(who, router, now);
    switch (event.type) {
      case 'startup':
        if (router.state !== State.Initialize) return NOTHING;
        router.learned = spec.interval;
        if (spec.priority === 255) return this.becomesMaster(router, now);
        router.state = State.Backup;
        this.set(router, now + down(version, spec.priority, spec.interval));
        return NOTHING;
      case 'shutdown': {
        const wasMaster = router.state === State.Master;
        Object.assign(router, { state: State.Initialize, due: 0, latest: 0 });
        return wasMaster ? STOPS : NOTHING;
      }
      case 'timer':
        return this.timer(who, router, now);
      case 'advertisement':
        if (spec.priority === 255) this.fault(who, now, 'an owner has listened to another router');
        if (router.state === State.Backup) this.backupHears(router, event, at);
        else if (router.state === State.Master) return this.masterHears(router, event, at);
        return NOTHING;
    }
  }

  private becomesMaster(router: Known, now: number): readonly Action[] {
    router.state = State.Master;
    router.standsBy = false;
    router.preempts = router.spec.preempt;
    router.learned = router.spec.interval;
    this.set(router, now + router.spec.interval);
    return BECOMES_MASTER;
  }

  private timer(who: number, router: Known, now: number): readonly Action[] {
    const { interval } = router.spec;
    if (router.state === State.Initialize) return NOTHING;
    if (router.state === State.Backup) {
      if (now < router.due - ROUNDING) this.fault(who, now, `it gave up its Master before ${router.due} ms`);
      if (router.waiting > 0) this.fault(who, now, 'it gave up its Master with packets unread');
      return this.becomesMaster(router, now);
    }
    const { early: share, earlyMs = 0, listens = 0 } = this.scenario;
    const early = Math.max(interval * share, earlyMs);
    if (now < router.due - early - ROUNDING) this.fault(who, now, `it advertised before ${router.due} ms`);
    // It has listened, and its grid is another one from now on; if it was early for that, it can be later the next time.
    const late = now - router.due;
    if (listens > 0 && late > 0 && late <= interval * listens + ROUNDING) router.due = now;
    // The cadence stays on its grid, and what was missed is not made up for.
    const missed = Math.max(0, Math.floor((now - router.due) / interval));
    this.set(router, router.due + (missed + 1) * interval);
    if (listens > 0) router.latest += early + interval * listens;
    return SENDS;
  }

  private backupHears(router: Known, { priority, interval }: ReceivedAdvertisement, at: number): void {
    const { version, late } = this.scenario;
    const { spec } = router;
    if (priority === 0) {
      const soon = at + skew(version, spec.priority, router.learned);
      router.due = Math.min(router.due, soon);
      router.latest = Math.min(router.latest, soon + late);
      return;
    }
    if (router.preempts && priority < spec.priority) return;
    router.learned = version === 3 ? interval : spec.interval;
    this.set(router, at + down(version, spec.priority, router.learned));
  }

  private masterHears(
    router: Known,
    { priority, interval, addressOrder, answer }: ReceivedAdvertisement,
    at: number,
  ): readonly Action[] {
    const { version } = this.scenario;
    const { spec } = router;
    if (priority > spec.priority || (priority === spec.priority && addressOrder > 0)) {
      router.state = State.Backup;
      router.learned = version === 3 ? interval : spec.interval;
      this.set(router, at + down(version, spec.priority, router.learned));
      return GIVES_WAY;
    }
    const answers = answer !== false && (priority === 0 || version === 3);
    if (answers) this.set(router, at + spec.interval);
    if (priority === 0) return answers ? SENDS : NOTHING;
    return answers ? ANSWERS : ANNOUNCES;
  }

  private fault(who: number, now: number, what: string): never {
    throw new Fault(
      `at ${now.toFixed(3)} ms, router ${who} (${JSON.stringify(this.known[who]!.spec)}): ${what}`,
    );
  }
}

function same(a: readonly Action[], b: readonly Action[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
