/** Stand-by, its end, and fail-over of any number of virtual routers, as an operator asks on the control socket or the API. */
import { type RouterIdentity, routerKey } from '../config/identity.ts';
import type { VirtualRouterConfig } from '../config/model.ts';
import { CodedError, type ErrorCode } from '../shared/errors.ts';
import { counted } from '../shared/words.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';
import type { Daemon } from './daemon.ts';
import { Evacuation, type EvacuationResult } from './evacuation.ts';
import type { Logger } from './log.ts';
import type { RouterOrders } from './router-orders.ts';
import { type NamedGroups, selectionName, selectRouters } from './router-selection.ts';

/** Masters that give up in a second, unless it is said. */
export const DEFAULT_RATE = 10;
/** Names in a message; there may be thousands. */
const NAMED = 5;
/** An engine that does not do it within so many ms does it later. */
const SHOWN_WITHIN = 2000;

/** What to do, and how. */
export interface StandbyOptions {
  /** Over after so many ms; absent: until somebody ends it. */
  readonly lasts?: number;
  /** Although nobody may be there to take over; what cannot stand by is left out. */
  readonly force?: boolean;
  /** How many Masters a second give up; default {@link DEFAULT_RATE}. */
  readonly rate?: number;
  /** Who asks, for the log. */
  readonly by?: string;
  /** Only says whether it would be refused. */
  readonly dryRun?: boolean;
}

/** What came of it; virtual routers as `eth0/7`. */
export interface StandbyOutcome {
  /** It was done for all of them; with `force`, whether somebody has taken over or not. */
  readonly ok: boolean;
  /** Who stands by now, for `resume` no longer, or has failed over. */
  readonly routers: readonly string[];
  /** Of them, those that were Master. */
  readonly moved: readonly string[];
  /** Nobody has taken over: Master again, but with `force`. */
  readonly stuck: readonly string[];
  /** Nothing was done to them any more. */
  readonly left: readonly string[];
  /** What else is to be known. */
  readonly warnings: readonly string[];
  /** Why not all of it was done; absent: all was. */
  readonly error?: string;
  /** The code of that. */
  readonly code?: ErrorCode;
}

/** What of the daemon this needs. */
export interface StandbyDaemon extends Pick<Daemon, 'start' | 'table' | 'turns'> {
  readonly orders: Omit<RouterOrders, 'failOver'>;
}

/** What it needs beside that. */
export interface StandbyWorld {
  /** Monotonic ms. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /**
   * Whether another host on the link listens to the group, so that it may take over, although it has never advertised:
   * see listeners.ts.
   */
  hasListener(router: VirtualRouterConfig): boolean;
}

const NOTHING: EvacuationResult = { moved: [], stuck: [], left: [] };

/** The virtual routers of a request. */
interface Chosen {
  readonly config: VirtualRouterConfig;
  readonly slot: number;
}

/** See the file's comment. */
export class Standby {
  /** Those under way. */
  private readonly evacuations = new Set<Evacuation>();

  constructor(
    private readonly daemon: StandbyDaemon,
    private readonly log: Pick<Logger, 'info' | 'warn'>,
    private readonly world: StandbyWorld,
  ) {}

  /**
   * Has virtual routers stand by.
   * @param names see `selectRouters`
   * @throws CodedError if it is refused: nothing has been done then
   */
  async standBy(names: readonly string[], options: StandbyOptions = {}): Promise<StandbyOutcome> {
    const { force = false, lasts = 0, rate = DEFAULT_RATE, by = 'root', dryRun = false } = options;
    const { daemon } = this;
    const chosen = this.choose(names);
    const owners = chosen.filter(({ slot }) => daemon.table.int(slot, Int.Priority) === 255);
    const able = chosen.filter((each) => !owners.includes(each));
    if (owners.length > 0 && (!force || able.length === 0)) {
      const what = `${this.list(owners)} owns its address: it is Master whenever it runs (RFC 3768 §6.4.1), and cannot stand by`;
      throw new CodedError(
        'router-state',
        owners.length < chosen.length ? `${what}; with force (--force) it is left out` : what,
      );
    }
    const lonely = force ? [] : able.filter((each) => this.isLonely(each));
    if (lonely.length > 0) {
      const who = `no other router of ${this.list(lonely)} has been heard of`;
      const what = 'nobody may be there to take over; with force (--force) it is done all the same';
      throw new CodedError('no-backup', `${who}: ${what}`);
    }
    if (dryRun)
      return this.outcome(
        '',
        able.map(({ config }) => config),
        NOTHING,
        false,
        [],
        true,
      );
    const time = lasts === 0 ? 'until resumed' : `for ${lasts / 1000} s`;
    this.log.info(`${by} asks for: stand-by of ${this.list(able)} ${time}${force ? ', forced' : ''}`);
    const masters = able.filter(({ slot }) => this.isMaster(slot)).map(({ config }) => config);
    const others = able.filter(({ slot }) => !this.isMaster(slot)).map(({ config }) => config);
    if (others.length > 0) {
      await daemon.turns.take(() => daemon.orders.standBy(others, lasts));
      await this.shown(others, true);
    }
    const result = await this.evacuate(masters, rate, force, (routers) =>
      daemon.orders.standBy(routers, lasts),
    );
    const warnings = owners.length > 0 ? [`${this.list(owners)} owns its address and was left out`] : [];
    if (daemon.orders.standbyTrouble !== undefined) warnings.push(daemon.orders.standbyTrouble);
    return this.outcome('stand-by', others, result, force, warnings);
  }

  /** Ends it, and what is under way of it. @throws CodedError if a name means nothing */
  async resume(
    names: readonly string[],
    { by = 'root', dryRun = false }: Pick<StandbyOptions, 'by' | 'dryRun'> = {},
  ): Promise<StandbyOutcome> {
    const chosen = this.choose(names);
    const { daemon } = this;
    const routers = chosen.map(({ config }) => config);
    if (dryRun)
      return this.outcome(
        '',
        routers.filter((router) => daemon.orders.isHeld(router)),
        NOTHING,
        false,
        [],
        true,
      );
    for (const evacuation of this.evacuations) evacuation.cancel(routers);
    this.log.info(`${by} asks for: resume ${this.list(chosen)}`);
    let held: readonly RouterIdentity[] = [];
    await daemon.turns.take(async () => {
      held = routers.filter((router) => daemon.orders.isHeld(router));
      await daemon.orders.release(held);
    });
    await this.shown(held, false);
    const warnings = held.length === 0 ? ['none of them stood by'] : [];
    if (daemon.orders.standbyTrouble !== undefined) warnings.push(daemon.orders.standbyTrouble);
    return this.outcome('resume', held, NOTHING, false, warnings);
  }

  /** Has Masters give up, which then stand by as after a fail-over. As {@link standBy}. */
  async failOver(names: readonly string[], { rate = DEFAULT_RATE, by = 'root' }: StandbyOptions = {}) {
    const chosen = this.choose(names);
    const { daemon } = this;
    const masters = chosen.filter(({ slot }) => this.isMaster(slot));
    if (masters.length === 0) throw new CodedError('router-state', `${this.list(chosen)}: not Master`);
    const able = masters.filter(({ slot }) => daemon.table.int(slot, Int.Priority) !== 255);
    const owners = masters.filter((each) => !able.includes(each));
    if (able.length === 0) {
      const what = 'owns its address: it is Master whenever it runs (RFC 3768 §6.4.1)';
      throw new CodedError('router-state', `${this.list(owners)} ${what}`);
    }
    this.log.info(`${by} asks for: fail over ${this.list(able)}`);
    const routers = able.map(({ config }) => config);
    const result = await this.evacuate(routers, rate, false, (some) => daemon.orders.failOverAll(some));
    const warnings = owners.length > 0 ? [`${this.list(owners)} owns its address and was left out`] : [];
    return this.outcome('fail-over', [], result, false, warnings);
  }

  /** Who stands by now, for the log; undefined: nobody. */
  get standing(): string | undefined {
    const held = this.choose([]).filter(({ config }) => this.daemon.orders.isHeld(config));
    return held.length === 0 ? undefined : this.list(held);
  }

  private choose(names: readonly string[]): Chosen[] {
    const { virtualRouters } = this.daemon.start.config;
    const slots = selectRouters(names, virtualRouters, this.groups());
    return slots.map((slot) => ({ slot, config: virtualRouters[slot]! }));
  }

  /** Groups that the configuration names: `[[sync]]`. */
  private groups(): NamedGroups {
    const groups = new Map<string, number[]>();
    for (const [slot, { sync }] of this.daemon.start.config.virtualRouters.entries()) {
      if (sync === undefined) continue;
      const members = groups.get(sync);
      if (members) members.push(slot);
      else groups.set(sync, [slot]);
    }
    return groups;
  }

  /** Waits until the engine has done it, so that whoever asks next sees it. */
  private async shown(routers: readonly RouterIdentity[], held: boolean): Promise<void> {
    const { daemon, world } = this;
    const keys = new Set(routers.map(routerKey));
    const isShown = (router: VirtualRouterConfig, slot: number): boolean =>
      !keys.has(routerKey(router)) || (daemon.table.int(slot, Int.Held) === 1) === held;
    const end = world.now() + SHOWN_WITHIN;
    while (!daemon.start.config.virtualRouters.every(isShown) && world.now() < end) await world.sleep(5);
  }

  private isMaster(slot: number): boolean {
    return this.daemon.table.int(slot, Int.State) === State.Master;
  }

  /** Whether nobody may be there to take over: it matters to a Master, and a Backup that hears none is about to be one. */
  private isLonely({ slot, config }: Chosen): boolean {
    const { table } = this.daemon;
    const state = table.int(slot, Int.State);
    if (state !== State.Master && state !== State.Backup) return false;
    if (this.daemon.orders.isHeld(config) || table.num(slot, Num.OtherHeard) !== 0) return false;
    return !this.world.hasListener(config);
  }

  private async evacuate(
    masters: readonly RouterIdentity[],
    rate: number,
    forced: boolean,
    giveUp: (routers: readonly RouterIdentity[]) => Promise<void>,
  ): Promise<EvacuationResult> {
    const { daemon, world } = this;
    const evacuation = new Evacuation(
      {
        get routers() {
          return daemon.start.config.virtualRouters;
        },
        get table(): TableReader {
          return daemon.table;
        },
        giveUp: (routers) => daemon.turns.take(() => giveUp(routers)),
        takeBack: (routers) => daemon.turns.take(() => daemon.orders.takeBack(routers)),
        now: () => world.now(),
        sleep: (ms) => world.sleep(ms),
      },
      masters,
      rate,
      forced,
    );
    this.evacuations.add(evacuation);
    try {
      return await evacuation.run();
    } finally {
      this.evacuations.delete(evacuation);
    }
  }

  private outcome(
    what: string,
    others: readonly RouterIdentity[],
    { moved, stuck, left }: EvacuationResult,
    force: boolean,
    warnings: readonly string[],
    quiet = false,
  ): StandbyOutcome {
    const names = (routers: readonly RouterIdentity[]): string[] =>
      routers.map((router) => this.name(router));
    const error: string[] = [];
    if (stuck.length > 0 && !force) error.push(`nobody took over ${some(names(stuck))}: Master again`);
    if (left.length > 0) error.push(`${some(names(left))} left as before`);
    const told = [...warnings];
    if (stuck.length > 0 && force) told.push(`nobody has taken over ${some(names(stuck))} so far`);
    const text = `${what}: ${counted(others.length + moved.length + (force ? stuck.length : 0), 'virtual router')}`;
    const all = [text, ...error, ...told].join('; ');
    if (!quiet) this.log[error.length + told.length > 0 ? 'warn' : 'info'](all);
    return {
      ok: error.length === 0,
      routers: names([...others, ...moved, ...(force ? stuck : [])]),
      ...{ moved: names(moved), stuck: names(stuck), left: names(left), warnings: told },
      ...(error.length > 0 && {
        error: error.join('; '),
        code: stuck.length > 0 ? 'not-taken-over' : 'router-state',
      }),
    };
  }

  private name(router: RouterIdentity): string {
    return selectionName(router, this.daemon.start.config.virtualRouters);
  }

  /** Some names, and how many more there are. */
  private list(chosen: readonly Chosen[]): string {
    return some(chosen.map(({ config }) => this.name(config)));
  }
}

function some(names: readonly string[]): string {
  const more = names.length - NAMED;
  const text = names.slice(0, NAMED).join(', ');
  return more > 0 ? `${text} and ${more} more` : text;
}
