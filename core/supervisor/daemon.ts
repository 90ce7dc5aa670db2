/**
 * The daemon: the running generation, and how it gives way to the next. There is one way for everything: a
 * changed configuration, another version of a plugin, a worker that has crashed.
 */
import type { DaemonInfo, ReloadOutcome, RouterName } from '../plugin/contracts/index.ts';
import { CodedError, messageOf } from '../shared/errors.ts';
import { packageVersion } from '../shared/package-root.ts';
import { readCounters } from '../threads/counters.ts';
import type { TableReader } from '../threads/table-views.ts';
import type { AuthKeeper } from './auth-keeper.ts';
import { BackOff } from './back-off.ts';
import { Generation, type Start } from './generation.ts';
import type { Logger } from './log.ts';
import type { NotifierState } from './notify/notifier.ts';
import { patiently } from './patiently.ts';
import { PluginHosts, type StagedHosts } from './plugin-hosts.ts';
import { RouterOrders } from './router-orders.ts';
import type { ChangeHandler } from './service-host.ts';
import type { StandbyKeeper } from './standby-keeper.ts';
import { type GenerationStatus, readStatus } from './status.ts';
import { matchRouters, matchSlots, summariesOf } from './succession.ts';
import type { TrackerStates } from './track/trackers.ts';
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

/** A running daemon. */
export class Daemon {
  /** When it had started, ISO 8601. */
  readonly since = new Date().toISOString();
  /** How the last reload went, for whoever asks. */
  lastReload: ReloadOutcome | null = null;
  /** Whoever changes what runs waits for its turn here. */
  readonly turns: Turns;
  /** What virtual routers are told to do. */
  readonly orders: RouterOrders;
  private readonly log: Logger;
  /** A generation that is taking over: its engine looks at the trackers too. */
  private coming: Generation | undefined;
  /** Troubles of the daemon itself, by topic. */
  private readonly own = new Map<string, string>();
  private readonly backOff = new BackOff(PAUSES);
  /** Number of the running generation. */
  private number = 1;
  /** Aborted once it stops: what was under way is not waited for. */
  private readonly stopping = new AbortController();

  /** @param generation the first one */
  private constructor(
    private generation: Generation,
    private readonly hosts: PluginHosts,
    private readonly world: DaemonWorld,
  ) {
    const { log, keeper, standby } = world;
    this.log = log;
    this.hosts.onVerdict = () => this.ringTrackers();
    this.hosts.onTrouble = () => this.told();
    this.hosts.attend(this.generation);
    this.orders = new RouterOrders(() => this.running, standby);
    if (keeper) keeper.onTrouble = (text) => this.trouble('authentication', text);
    if (standby) {
      standby.onTrouble = (text) => this.trouble('stand-by', text);
      standby.onDue = (routers) => void this.turns.take(() => this.orders.release(routers)).catch(() => {});
    }
    this.turns = new Turns(() => world.collectGarbage());
    void this.turns.jump(async () => {}); // what reading the configuration has left behind
  }

  /**
   * Starts everything. When this resolves, every virtual router that can run does.
   * @param stop settles if the start is not wanted any more
   * @throws Error why it could not start; then nothing is running and the kernel is as it was
   */
  static async start(start: Start, stop: Promise<unknown>, world: DaemonWorld): Promise<Daemon> {
    const { log, change, startThread, twins } = world;
    const interrupted = interruption(stop);
    await twins.expect(start.config.virtualRouters);
    const all = [...start.config.virtualRouters.keys()];
    const hosts = new PluginHosts(log, change, startThread);
    const generation = makeGeneration(start, all, hosts, world);
    const daemon = new Daemon(generation, hosts, world);
    let staged: StagedHosts;
    try {
      staged = await Promise.race([interrupted, daemon.stage(generation)]);
    } catch (error) {
      await hosts.giveUp();
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
    const { log, change, startThread, twins } = world;
    const interrupted = interruption(stop);
    const { routers, trackers: known } = await Promise.race([
      interrupted,
      ancestor.introduce(start.config.file),
    ]);
    const { slots, changed, leaving } = matchRouters(routers, summariesOf(start));
    const checked = [...slots.keys()].filter((slot) => slots[slot]! < 0 || changed[slot]);
    const hosts = new PluginHosts(log, change, startThread);
    hosts.trackers.inherit(known);
    const generation = makeGeneration(start, checked, hosts, world);
    const daemon = new Daemon(generation, hosts, world);
    let staged: StagedHosts | undefined;
    try {
      staged = await Promise.race([interrupted, daemon.stage(generation)]);
      hosts.trackers.inherit(await Promise.race([interrupted, ancestor.receive(leaving)]));
      await twins.expect(start.config.virtualRouters);
      const waitingFor = (): string => 'the new engine is taking over from the other process';
      await patiently(generation.takeOver(ancestor), waitingFor, daemon.stopping.signal);
    } catch (error) {
      await staged?.abandon();
      await hosts.giveUp();
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
    if (left) hosts.services.inherit(left);
    try {
      if (told) hosts.notifier.inherit(told, start.config.hooks);
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
    const { running: generation, hosts } = this;
    const { services, trackers, notifier } = hosts;
    if (generation.crashed || generation.retired)
      throw new CodedError('worker-failed', 'a thread that broke down is being replaced');
    let serviceEnded = false;
    const serve = async (): Promise<Section[]> => {
      serviceEnded = true;
      const [left, told] = await Promise.all([services.handOver(), notifier.handOver()]);
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
      await give(generation, receiver, { ...goods, trackers: trackers.state, serve }, kill);
      this.stopping.abort(); // whoever waits for its turn has nothing to change here any more
      await Promise.all([trackers.end(), notifier.end()]);
      generation.tellRest();
    } catch (error) {
      // The engine goes on by now. What has ended already starts again.
      if (generation.retired) await this.restore();
      if (serviceEnded) {
        (await services.stage(this.generation.service(this.info))).commit();
        notifier.resume();
      }
      throw error;
    }
  }

  /** What its trackers have come to, for another process. */
  get trackerStates(): TrackerStates {
    return this.hosts.trackers.state;
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
    await this.replace(start);
    if (failOver.length > 0) this.generation.failOver(failOver);
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
    return [...this.hosts.troubles, ...this.generation.troubles, ...this.own.values()];
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
    this.told();
  }

  /** {@link troubles} of what has just been started are known. */
  servicesTried(): Promise<void> {
    return this.hosts.services.tried();
  }

  /** A reload is over: {@link lastReload} tells how it went. */
  reloaded(outcome: ReloadOutcome): void {
    this.lastReload = outcome;
    this.told();
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
    const hooks = this.hosts.notifier.status(start.config.hooks);
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
      const { services, trackers, notifier } = this.hosts;
      const served = Promise.all([services.end(), trackers.end()]);
      let told: Promise<void> | undefined;
      await this.generation.stop(() => {
        told = notifier.conclude();
      });
      await Promise.all([served, told]);
      await notifier.end();
    });
  }

  /** The running generation, for whoever wants something of it. @throws CodedError if it was told to stop */
  private get running(): Generation {
    if (this.stopping.signal.aborted) throw new CodedError('stopping', 'rvrrpd is stopping');
    return this.generation;
  }

  /** The service is told what there is to be known. */
  private told(): void {
    this.hosts.services.told(this.info);
  }

  /** Loads everything. @throws Error why it cannot; nothing is left beside the generation then */
  private stage(next: Generation): Promise<StagedHosts> {
    return this.hosts.stage(next, this.info, this.stopping.signal);
  }

  /** A generation that may take over. @param checked see {@link Generation} */
  private make(start: Start, checked: readonly number[]): Generation {
    const next = makeGeneration(start, checked, this.hosts, this.world);
    this.hosts.attend(next);
    return next;
  }

  /** Engines look at the trackers, in their own time. */
  private ringTrackers(): void {
    this.generation.ringTrackers();
    this.coming?.ringTrackers();
  }

  private async replace(start: Start): Promise<void> {
    const { slots, changed } = matchSlots(this.running.start, start);
    await this.world.twins.expect(start.config.virtualRouters);
    // What runs is not refused for what has come in its way meanwhile.
    const checked = [...slots.keys()].filter((slot) => slots[slot]! < 0 || changed[slot]);
    const next = this.make(start, checked);
    let staged: StagedHosts | undefined;
    try {
      staged = await this.stage(next);
      await this.succeed(next);
    } catch (error) {
      await staged?.abandon();
      await next.discard();
      this.hosts.notifier.forget(next);
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
    this.hosts.notifier.took(next);
  }

  /** The same once more, in place of a generation of which a worker has crashed. */
  private async renew(): Promise<void> {
    const next = this.make(this.start, []);
    try {
      await patiently(next.prepared(), () => next.unprepared, this.stopping.signal);
      await this.succeed(next);
    } catch (error) {
      await next.discard();
      this.hosts.notifier.forget(next);
      throw error;
    }
    const service = next.service(this.info);
    if (service) this.hosts.services.show(service.init.view);
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
    generation.onTrouble = () => this.told();
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

/** The workers of a generation with what the daemon keeps for it. @param checked see {@link Generation} */
function makeGeneration(
  start: Start,
  checked: readonly number[],
  hosts: PluginHosts,
  { log, startThread, keeper, standby }: DaemonWorld,
): Generation {
  const { cells, hooks } = hosts.memory(start.config);
  const held = standby?.heldSlots(start.config.virtualRouters);
  return new Generation(start, log, startThread, checked, keeper, cells, held, hooks);
}

/** Fails once a start is not wanted any more. */
function interruption(stop: Promise<unknown>): Promise<never> {
  const interrupted = stop.then((): never => {
    throw new CodedError('stopping', 'interrupted');
  });
  interrupted.catch(() => {}); // once it runs, nobody waits for it
  return interrupted;
}

/** Of an error with its stack. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
