/**
 * The daemon: the running generation, and how it gives way to the next. There is one way for everything: a
 * changed configuration, another version of a plugin, a worker that has crashed.
 */
import { type RouterIdentity, routerKey } from '../config/identity.ts';
import type { DaemonInfo, ReloadOutcome, RouterName } from '../plugin/contracts/index.ts';
import { CodedError, messageOf } from '../shared/errors.ts';
import { packageVersion } from '../shared/package-root.ts';
import { readCounters } from '../threads/counters.ts';
import type { TableReader } from '../threads/table-views.ts';
import type { AuthKeeper } from './auth-keeper.ts';
import { BackOff } from './back-off.ts';
import { type FailOverFault, failOverFault } from './fail-over.ts';
import { Generation, type Start } from './generation.ts';
import type { Logger } from './log.ts';
import { Notifier, type NotifierState, type StagedHooks } from './notify/notifier.ts';
import { patiently } from './patiently.ts';
import type { ChangeHandler } from './service-host.ts';
import { Services, type StagedService } from './services.ts';
import type { StandbyKeeper } from './standby-keeper.ts';
import { type GenerationStatus, readStatus } from './status.ts';
import { matchRouters, matchSlots, summariesOf } from './succession.ts';
import { type StagedTrackers, type TrackerStates, Trackers } from './track/trackers.ts';
import { Turns } from './turns.ts';
import type { TwinGuard } from './twin-guard.ts';
import type { Ancestor } from './upgrade/ancestor.ts';
import type { Section } from './upgrade/frame.ts';
import { type Goods, give, type Receiver } from './upgrade/give.ts';
import type { HandedDaemon, HandedService } from './upgrade/messages.ts';
import { plainSection } from './upgrade/sections.ts';
import { lateness } from './watchdog.ts';
import type { StartThread } from './worker-thread.ts';

/** A hand-over that has begun may go on for this many ms when the daemon is told to stop. */
const HALFWAY = 300;

/** Pauses in ms before a crashed worker is replaced. */
const PAUSES = [0, 1000, 5000, 15_000];

/** What the daemon has of its process and its host; tests put something else in its place. */
export interface DaemonWorld {
  readonly log: Logger;
  /** Does what the client API asks for. */
  readonly change: ChangeHandler;
  /** Starts the threads of its workers. */
  readonly startThread: StartThread;
  readonly twins: Pick<TwinGuard, 'expect' | 'runs' | 'watch'>;
  /** Keeps what authentication must not forget; absent: that ends with the daemon. */
  readonly keeper?: AuthKeeper;
  /** Keeps who stands by; absent: nobody does. */
  readonly standby?: StandbyKeeper;
  /** Called after everything that leaves much of it behind. */
  collectGarbage(): void;
}

/** What is ready beside a generation: the service, and the plugins of trackers and hooks. */
type Staged = Pick<StagedService & StagedTrackers & StagedHooks, 'commit' | 'abandon'>;

/** A running daemon. */
export class Daemon {
  /** When it had started, ISO 8601. */
  readonly since = new Date().toISOString();
  /** How the last reload went, for whoever asks. */
  lastReload: ReloadOutcome | null = null;
  /** Whoever changes what runs waits for its turn here. */
  readonly turns: Turns;
  private readonly log: Logger;
  private readonly services: Services;
  private readonly trackers: Trackers;
  private readonly notifier: Notifier;
  /** A generation that is taking over: its engine looks at the trackers too. */
  private coming: Generation | undefined;
  /** Troubles of the daemon itself, by topic. */
  private readonly own = new Map<string, string>();
  private readonly backOff = new BackOff(PAUSES);
  /** Number of the running generation. */
  private number = 1;
  /** Aborted once it stops: what was under way is not waited for. */
  private readonly stopping = new AbortController();

  private generation: Generation;

  /** @param first makes the first generation */
  private constructor(
    first: (trackers: Trackers, notifier: Notifier) => Generation,
    private readonly world: DaemonWorld,
  ) {
    const { log, change, startThread, keeper } = world;
    this.trackers = new Trackers(
      log,
      startThread,
      () => this.ringTrackers(),
      () => this.services.told(this.info),
    );
    this.notifier = new Notifier(log, startThread, () => this.services.told(this.info));
    this.generation = first(this.trackers, this.notifier);
    this.attend(this.generation);
    if (keeper) keeper.onTrouble = (text) => this.trouble('authentication', text);
    if (world.standby) {
      world.standby.onTrouble = (text) => this.trouble('stand-by', text);
      world.standby.onDue = (routers) => void this.turns.take(() => this.release(routers)).catch(() => {});
    }
    this.log = log;
    this.services = new Services(log, change, startThread, () => this.services.told(this.info));
    this.turns = new Turns(() => world.collectGarbage());
    void this.turns.jump(async () => {}); // what reading the configuration has left behind
  }

  /**
   * Starts everything. When this resolves, every virtual router that can run does.
   * @param stop settles if the start is not wanted any more
   * @throws Error why it could not start; then nothing is running and the kernel is as it was
   */
  static async start(start: Start, stop: Promise<unknown>, world: DaemonWorld): Promise<Daemon> {
    const { log, startThread, twins } = world;
    const interrupted = stop.then((): never => {
      throw new CodedError('stopping', 'interrupted');
    });
    interrupted.catch(() => {}); // once it runs, nobody waits for it
    await twins.expect(start.config.virtualRouters);
    const all = [...start.config.virtualRouters.keys()];
    const daemon = new Daemon((trackers, notifier) => {
      const hooks = notifier.memory(start.config.hooks);
      const held = world.standby?.heldSlots(start.config.virtualRouters);
      const cells = trackers.cells(start.config.trackers);
      return new Generation(start, log, startThread, all, world.keeper, cells, held, hooks);
    }, world);
    const { generation } = daemon;
    let staged: Staged;
    try {
      staged = await Promise.race([interrupted, daemon.prepare(generation)]);
    } catch (error) {
      await daemon.giveUp();
      await generation.discard();
      throw error;
    }
    try {
      await Promise.race([interrupted, generation.go()]);
    } catch (error) {
      await staged.abandon();
      await generation.stop();
      throw error;
    }
    staged.commit();
    twins.runs(start.config.virtualRouters);
    twins.watch();
    void daemon.watch(generation);
    return daemon;
  }

  /**
   * Starts in place of a daemon in another process. When this resolves, its virtual routers are ours.
   * @param settle makes everything else our own that was the other process's, such as files; its errors are logged
   * @throws LineCut if the other process is gone and there is nothing to take over; Error why we cannot: then it goes on.
   *   In either case nothing is running here
   */
  static async succeed(
    start: Start,
    ancestor: Ancestor,
    stop: Promise<unknown>,
    world: DaemonWorld,
    settle: () => Promise<void>,
  ): Promise<Daemon> {
    const { log, startThread, twins } = world;
    const interrupted = stop.then((): never => {
      throw new CodedError('stopping', 'interrupted');
    });
    interrupted.catch(() => {});
    const { routers, trackers: known } = await Promise.race([
      interrupted,
      ancestor.introduce(start.config.file),
    ]);
    const { slots, changed, leaving } = matchRouters(routers, summariesOf(start));
    const checked = [...slots.keys()].filter((slot) => slots[slot]! < 0 || changed[slot]);
    const daemon = new Daemon((trackers, notifier) => {
      const hooks = notifier.memory(start.config.hooks);
      trackers.inherit(known);
      const cells = trackers.cells(start.config.trackers);
      const held = world.standby?.heldSlots(start.config.virtualRouters);
      return new Generation(start, log, startThread, checked, world.keeper, cells, held, hooks);
    }, world);
    const { generation } = daemon;
    let staged: Staged | undefined;
    try {
      staged = await Promise.race([interrupted, daemon.prepare(generation)]);
      daemon.trackers.inherit(await Promise.race([interrupted, ancestor.receive(leaving)]));
      await twins.expect(start.config.virtualRouters);
      const waitingFor = (): string => 'the new engine is taking over from the other process';
      await patiently(generation.takeOver(ancestor), waitingFor, daemon.stopping.signal);
    } catch (error) {
      await staged?.abandon();
      await daemon.giveUp();
      await generation.discard();
      throw error;
    }
    twins.runs(start.config.virtualRouters);
    twins.watch();
    await settle().catch((error: unknown) => log.error(messageOf(error)));
    const { service: left, daemon: was, notifier: told } = await ancestor.remainder();
    if (was) {
      daemon.number = was.generation + 1;
      daemon.lastReload = was.lastReload;
    }
    if (left) daemon.services.inherit(left);
    try {
      if (told) daemon.notifier.inherit(told, start.config.hooks);
      else if (start.config.hooks) log.warn('nothing was heard of what has waited for hooks');
    } catch (error) {
      log.error(`what has waited for hooks is lost: ${messageOf(error)}`); // no reason not to run
    }
    staged.commit();
    generation.ringTrackers();
    void daemon.watch(generation);
    await ancestor.conclude();
    try {
      const waitingFor = (): string => 'the new actuator is reading the state of the kernel';
      await patiently(generation.finishTakeOver(ancestor), waitingFor, daemon.stopping.signal);
    } catch (error) {
      log.error(`the addresses of Masters are not looked after for now: ${messageOf(error)}`);
    }
    return daemon;
  }

  /**
   * Hands over to another process. When this resolves, this one has nothing more to do. Only for whoever has its turn.
   * @param goods what is given beside what the daemon has
   * @param kill ends the other process; resolves once it is gone
   * @throws Error why it could not; then everything is as before
   */
  async yieldTo(
    receiver: Receiver,
    goods: Pick<Goods, 'claims' | 'places' | 'taken'>,
    kill: () => Promise<void>,
  ): Promise<void> {
    this.expectWanted();
    const { generation } = this;
    if (generation.crashed || generation.retired)
      throw new CodedError('worker-failed', 'a thread that broke down is being replaced');
    let serviceEnded = false;
    const serve = async (): Promise<Section[]> => {
      serviceEnded = true;
      const [left, told] = await Promise.all([this.services.handOver(), this.notifier.handOver()]);
      const { number, lastReload } = this;
      const sections = [plainSection('daemon', { generation: number, lastReload } satisfies HandedDaemon)];
      const add = (what: string, section: () => Section): void => {
        try {
          sections.push(section());
        } catch (error) {
          this.log.warn(`${what} is not handed over: ${messageOf(error)}`);
        }
      };
      add('what waits for hooks', () => plainSection('notifier', told satisfies NotifierState));
      if (left)
        add('the state of the client API', () => plainSection('service', left satisfies HandedService));
      return sections;
    };
    try {
      await give(generation, receiver, { ...goods, trackers: this.trackers.state, serve }, kill);
      this.stopping.abort(); // whoever waits for its turn has nothing to change here any more
      await Promise.all([this.trackers.end(), this.notifier.end()]);
      generation.tellRest();
    } catch (error) {
      // The engine goes on by now. What has ended already starts again.
      if (generation.retired) await this.restore();
      if (serviceEnded) {
        (await this.services.stage(this.generation.service(this.info))).commit();
        this.notifier.resume();
      }
      throw error;
    }
  }

  /** What its trackers have come to, for another process. */
  get trackerStates(): TrackerStates {
    return this.trackers.state;
  }

  /** Aborted once the daemon is told to stop. */
  get stopRequested(): AbortSignal {
    return this.stopping.signal;
  }

  /**
   * Brings a new configuration and new plugins into force; nobody leaves Master for it but those that are told to.
   * Only for whoever has its turn.
   * @param failOver Masters that give up after that
   * @throws Error why it could not; then everything is as before
   */
  async reload(start: Start, failOver: readonly RouterName[] = []): Promise<void> {
    this.expectWanted();
    await this.replace(start);
    if (failOver.length > 0) this.generation.failOver(failOver);
  }

  /** Has Masters give up, see {@link failOverFault}; everything else runs on. Only for whoever has its turn. */
  async failOver(names: readonly RouterName[]): Promise<void> {
    this.expectWanted();
    this.generation.failOver(names);
  }

  /**
   * Has virtual routers stand by, over reloads, restarts and crashes. Only for whoever has its turn.
   * @param lasts ms; 0: until somebody ends it
   */
  async standBy(routers: readonly RouterIdentity[], lasts: number): Promise<void> {
    this.expectWanted();
    await this.world.standby?.hold(routers, lasts);
    const slots = new Set(this.slotsOf(routers));
    const held = this.world.standby?.heldSlots(this.start.config.virtualRouters) ?? [];
    this.generation.standBy(held.filter(({ slot }) => slots.has(slot)));
  }

  /** Ends it. Only for whoever has its turn. */
  async release(routers: readonly RouterIdentity[]): Promise<void> {
    this.expectWanted();
    await this.world.standby?.release(routers);
    const slots = this.slotsOf(routers);
    this.generation.standBy(slots.map((slot) => ({ slot, held: false, until: 0 })));
  }

  /** Has Masters give up, as {@link failOver}. Only for whoever has its turn. */
  async failOverAll(routers: readonly RouterIdentity[]): Promise<void> {
    this.expectWanted();
    this.generation.failOverSlots(this.slotsOf(routers));
  }

  /** Whether it stands by, as an operator asked. */
  isHeld(router: RouterIdentity): boolean {
    return this.world.standby?.isHeld(router) ?? false;
  }

  /** Why a restart would not know who stands by; undefined: it would. */
  get standbyTrouble(): string | undefined {
    return this.world.standby?.trouble;
  }

  /** Nobody has taken over from these Masters that gave up: they are Master again. Only for whoever has its turn. */
  async takeBack(routers: readonly RouterIdentity[]): Promise<void> {
    this.expectWanted();
    await this.world.standby?.release(routers);
    this.generation.takeBack(this.slotsOf(routers));
  }

  /** The state table. */
  get table(): TableReader {
    return this.generation.table;
  }

  /** Logs all counters as one line. */
  logCounters(): void {
    const { table, start } = this.generation;
    this.log.info(readCounters(table, start.config.virtualRouters), 'counters');
  }

  /** What runs. */
  get start(): Start {
    return this.generation.start;
  }

  /** What is known of it without asking the engine. */
  get info(): DaemonInfo {
    return {
      version: packageVersion(),
      pid: process.pid,
      since: this.since,
      generation: this.number,
      lastReload: this.lastReload,
      plugins: this.start.listing,
      troubles: this.troubles,
    };
  }

  /** What is configured and does not run, apart from virtual routers: a line each. */
  get troubles(): readonly string[] {
    const { services, trackers, notifier, generation, own } = this;
    return [
      ...services.troubles,
      ...trackers.troubles,
      ...notifier.troubles,
      ...generation.troubles,
      ...own.values(),
    ];
  }

  /**
   * Tells of something that is to work and does not.
   * @param topic another text of the same topic takes its place
   * @param text one line; undefined: it works (again)
   */
  trouble(topic: string, text: string | undefined): void {
    if (text === this.own.get(topic)) return;
    if (text === undefined) this.own.delete(topic);
    else this.own.set(topic, text);
    this.services.told(this.info);
  }

  /** {@link troubles} of what has just been started are known. */
  servicesTried(): Promise<void> {
    return this.services.tried();
  }

  /** A reload is over: {@link lastReload} tells how it went. */
  reloaded(outcome: ReloadOutcome): void {
    this.lastReload = outcome;
    this.services.told(this.info);
  }

  /** Why a virtual router cannot be told to fail over; undefined if it can. */
  failOverFault(name: RouterName): FailOverFault | undefined {
    return failOverFault(name, this.generation);
  }

  /** Why these virtual routers cannot run here: another process runs one of them; undefined if they can. */
  async twinFault(start: Pick<Start, 'config'>): Promise<string | undefined> {
    try {
      await this.world.twins.expect(start.config.virtualRouters);
      return undefined;
    } catch (error) {
      return messageOf(error);
    } finally {
      this.world.twins.runs(this.start.config.virtualRouters);
    }
  }

  /** States and counters. */
  status(): GenerationStatus {
    const { table, start, board } = this.generation;
    const hooks = this.notifier.status(start.config.hooks);
    const status = readStatus(this.number, table, start.config.virtualRouters, board);
    return { ...status, ...(hooks.length > 0 && { hooks }) };
  }

  /**
   * By how many ms the engine is late with the most overdue timer of a virtual router.
   * @param now monotonic ms
   */
  lateness(now: number): number {
    return lateness(this.generation.table, now);
  }

  /** How many routers are in each state, for the log. */
  summary(): string {
    return this.generation.summary();
  }

  /** Advertises priority 0 wherever we are Master, then takes back what the kernel holds for us. */
  stop(): Promise<void> {
    this.stopping.abort();
    return this.turns.jump(async () => {
      const served = Promise.all([this.services.end(), this.trackers.end()]);
      let told: Promise<void> | undefined;
      await this.generation.stop(() => {
        told = this.notifier.conclude();
      });
      await Promise.all([served, told]);
      await this.notifier.end();
    });
  }

  /** Slots of those of these virtual routers that run here. */
  private slotsOf(routers: readonly RouterIdentity[]): number[] {
    const keys = new Set(routers.map(routerKey));
    const { virtualRouters } = this.start.config;
    return [...virtualRouters.keys()].filter((slot) => keys.has(routerKey(virtualRouters[slot]!)));
  }

  /** @throws CodedError if it was told to stop */
  private expectWanted(): void {
    if (this.stopping.signal.aborted) throw new CodedError('stopping', 'rvrrpd is stopping');
  }

  /** Loads everything. @throws Error why it cannot; nothing is left of the service then */
  private async prepare(next: Generation): Promise<Staged> {
    const staged = [
      this.services.stage(next.service(this.info)),
      this.trackers.stage(next.start),
      this.notifier.stage(next.start),
    ] as const;
    const waitingFor = (): string =>
      [next, this.services, this.trackers, this.notifier]
        .flatMap(({ unprepared }) => unprepared || [])
        .join(', ');
    try {
      await patiently(Promise.all([next.prepared(), ...staged]), waitingFor, this.stopping.signal);
    } catch (error) {
      for (const each of staged) each.then((ready: Staged) => ready.abandon()).catch(() => {});
      await this.giveUp();
      throw error;
    }
    const [service, trackers, hooks] = [await staged[0], await staged[1], await staged[2]];
    return {
      commit: () => {
        service.commit();
        trackers.commit();
        hooks.commit();
      },
      abandon: async () => {
        await Promise.all([service.abandon(), trackers.abandon(), hooks.abandon()]);
      },
    };
  }

  /** What is being made ready beside a generation is not wanted any more. */
  private async giveUp(): Promise<void> {
    await Promise.all([this.services.giveUp(), this.trackers.giveUp(), this.notifier.giveUp()]);
  }

  /** What happens in a generation is told to hooks. */
  private attend(generation: Generation): void {
    generation.onEvents = () => this.notifier.look();
    this.notifier.listen(generation);
  }

  /** Engines look at the trackers, in their own time. */
  private ringTrackers(): void {
    this.generation.ringTrackers();
    this.coming?.ringTrackers();
  }

  private async replace(start: Start): Promise<void> {
    await this.world.twins.expect(start.config.virtualRouters);
    const { slots, changed } = matchSlots(this.start, start);
    // What runs is not refused for what has come in its way meanwhile.
    const checked = [...slots.keys()].filter((slot) => slots[slot]! < 0 || changed[slot]);
    const { keeper, standby, startThread } = this.world;
    const held = standby?.heldSlots(start.config.virtualRouters);
    const cells = this.trackers.cells(start.config.trackers);
    const hooks = this.notifier.memory(start.config.hooks);
    const next = new Generation(start, this.log, startThread, checked, keeper, cells, held, hooks);
    this.attend(next);
    let staged: Staged | undefined;
    try {
      staged = await this.prepare(next);
      await this.succeed(next);
    } catch (error) {
      await staged?.abandon();
      await next.discard();
      this.notifier.forget(next);
      throw error;
    } finally {
      this.world.twins.runs(this.start.config.virtualRouters);
    }
    staged.commit();
  }

  /** A generation that is prepared takes over. @throws Error why it could not; then it is to be discarded */
  private async succeed(next: Generation): Promise<void> {
    const old = this.generation;
    this.coming = next;
    try {
      await patiently(
        next.takeOver(old),
        () => 'the new engine is taking in the state of its plugins',
        this.stopping.signal,
        HALFWAY,
      );
    } finally {
      this.coming = undefined;
    }
    this.generation = next;
    next.ringTrackers(); // what was rung for while the one before was still asked
    this.number++;
    this.world.standby?.follow(next.start.config.virtualRouters);
    void this.watch(next);
    try {
      await patiently(
        next.finishTakeOver(old),
        () => 'the new actuator is reading the state of the kernel',
        this.stopping.signal,
        HALFWAY,
      );
    } catch (error) {
      this.log.error(`the addresses of Masters are not looked after for now: ${messageOf(error)}`);
    }
    this.notifier.took(next);
  }

  /** The same once more, in place of a generation of which a worker has crashed. */
  private async renew(): Promise<void> {
    const { keeper, standby, startThread } = this.world;
    const held = standby?.heldSlots(this.start.config.virtualRouters);
    const cells = this.trackers.cells(this.start.config.trackers);
    const hooks = this.notifier.memory(this.start.config.hooks);
    const next = new Generation(this.start, this.log, startThread, [], keeper, cells, held, hooks);
    this.attend(next);
    try {
      await patiently(next.prepared(), () => next.unprepared, this.stopping.signal);
      await this.succeed(next);
    } catch (error) {
      await next.discard();
      this.notifier.forget(next);
      throw error;
    }
    const service = next.service(this.info);
    if (service) this.services.show(service.init.view);
  }

  /** {@link renew}, as long as it takes: the generation is not whole. */
  private async restore(): Promise<void> {
    for (let attempt = 0; !this.stopping.signal.aborted; attempt++) {
      try {
        await this.renew();
        return;
      } catch (error) {
        const pause = this.backOff.pause(attempt + 1);
        this.log.error(
          `the actuator cannot be started again: ${messageOf(error)}; trying again in ${pause / 1000} s`,
        );
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /**
   * Replaces the generation should one of its workers crash.
   * @param topic of the trouble that it is by then
   * @param failure what came of the last attempt
   */
  private async watch(
    generation: Generation,
    topic = `generation ${this.number}`,
    failure = '',
  ): Promise<void> {
    generation.onTrouble = () => this.services.told(this.info);
    const started = performance.now();
    const error = await generation.broken;
    if (this.stopping.signal.aborted) return;
    const pause = this.backOff.next(performance.now() - started);
    this.trouble(topic, `${firstLine(error.message)}${failure}`);
    this.log.error(`${error.message}; replacing it${pause > 0 ? ` in ${pause / 1000} s` : ''}`);
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    await this.turns
      .jump(async () => {
        if (this.stopping.signal.aborted) return;
        const replaced = this.generation !== generation; // by a reload in the meantime
        if (!replaced) await this.renew();
        this.trouble(topic, undefined);
        if (replaced) return;
        this.log.info(`replaced: ${this.summary()}`);
      })
      .catch(({ message }: Error) => {
        this.log.error(`cannot replace it: ${message}`);
        // It is still broken: after the next pause, once more.
        void this.watch(generation, topic, `, and cannot be replaced: ${message}`);
      });
  }
}

/** Of an error with its stack. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
