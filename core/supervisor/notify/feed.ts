/**
 * What engines tell, as notices for hooks: one generation after the other, each to its end before the next, as an engine
 * writes nothing any more once the next one does.
 */
import { routerKey } from '../../config/identity.ts';
import type { DaemonConfig, HookConfig, VirtualRouterConfig } from '../../config/model.ts';
import type { NotifyState } from '../../plugin/contracts/index.ts';
import { causeText, memberNames } from '../../threads/cause-words.ts';
import {
  CAUSES,
  Cause,
  causeParts,
  type EngineEvent,
  type EventReader,
  EventType,
} from '../../threads/event-ring.ts';
import { Int, STATE_NAMES, type State } from '../../threads/state-table.ts';
import type { TableReader } from '../../threads/table-views.ts';
import { faultIn, type TrackBoard } from '../../threads/track-board.ts';
import { addressText } from '../../vrrp/address.ts';
import type { SyncState } from '../../vrrp/sync.ts';
import { type Change, groupsOf, History } from './history.ts';
import type { Notice } from './queue.ts';

/** What of a generation matters here. */
export interface EngineView {
  readonly start: { readonly config: Pick<DaemonConfig, 'virtualRouters' | 'hooks'> };
  readonly table: TableReader;
  readonly board: Pick<TrackBoard, 'of' | 'causeText'>;
  /** Of its events, from the first one on. */
  readonly reader: EventReader;
}

/** Told what is to be told to hooks. */
export interface FeedListener {
  notice(hooks: readonly HookConfig[], notice: Notice): void;
  /** So many records of events were lost. @param hooks of the generation */
  lost(hooks: readonly HookConfig[], count: number): void;
}

/** Events that are read before other things get their turn. */
const AT_ONCE = 1000;

/** See the file's comment. */
export class Feed {
  readonly history = new History();
  private sources: Source[] = [];
  private scheduled = false;

  /** @param host name of the host @param date ms since the epoch */
  constructor(
    private readonly listener: FeedListener,
    private readonly host: string,
    private readonly date: () => number = Date.now,
  ) {}

  /** A generation that may take over. */
  add(view: EngineView): void {
    this.sources.push(new Source(view));
  }

  /** One that has not. */
  remove(view: EngineView): void {
    this.sources = this.sources.filter((source) => source.view !== view || source.view.reader.pending);
  }

  /** It has taken over: what those before it have told is read, and they are forgotten. */
  settle(view: EngineView): void {
    this.drain();
    const at = this.sources.findIndex((source) => source.view === view);
    if (at > 0) this.sources.splice(0, at);
  }

  /** Something was written: reads it, some now, the rest soon. */
  look(): void {
    if (this.read(AT_ONCE) || this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.look();
    });
  }

  /** Reads all that there is. */
  drain(): void {
    while (!this.read(AT_ONCE));
  }

  /** Virtual routers that do not run any more, without an engine that could say so: those that are not among these. */
  retire(virtualRouters: readonly VirtualRouterConfig[], views: readonly EngineView[]): void {
    const stay = new Set(virtualRouters.map(routerKey));
    const sources = views.map((view) => new Source(view));
    for (const key of this.history.running) {
      if (stay.has(key)) continue;
      const source = sources.findLast((each) => each.slotOf(key) !== undefined);
      if (!source) continue;
      const slot = source.slotOf(key)!;
      const from = this.history.state.routers.get(key)!.state as SyncState;
      const what = { from, to: 'Init' as const, ends: true, time: this.date() };
      this.tell(source, slot, what, { cause: CAUSES[Cause.Shutdown], peer: undefined });
    }
  }

  /** @returns whether there is nothing left */
  private read(limit: number): boolean {
    const [source, next] = this.sources;
    if (!source) return true;
    // Looked at first: what the older one has written was written before.
    const isOver = next?.view.reader.pending === true;
    const { reader } = source.view;
    const events: EngineEvent[] = [];
    const lost = reader.read((event) => {
      if (event.type === EventType.Transition) events.push({ ...event });
    }, limit);
    if (lost > 0) this.listener.lost(source.hooks, lost); // they were the older ones
    for (const event of events) this.take(source, event);
    if (reader.pending) return false;
    if (!isOver) return true;
    this.sources.shift();
    return false;
  }

  private take(source: Source, { slot, a, b, c, time, peer }: EngineEvent): void {
    const fault = faultIn(c, a, b);
    const { routers, view } = source;
    if (routers[slot] === undefined) return;
    const step = {
      from: fault === 'from' ? ('Fault' as const) : nameOf(a),
      to: fault === 'to' ? ('Fault' as const) : nameOf(b),
      ends: causeParts(c).cause === Cause.Shutdown,
      time,
    };
    const why = {
      cause: causeText(c, routers, view.board),
      peer: peer.length > 0 ? addressText(peer) : undefined,
    };
    this.tell(source, slot, step, why);
  }

  private tell(
    source: Source,
    slot: number,
    step: Parameters<History['router']>[1],
    why: { readonly cause: string; readonly peer: string | undefined },
  ): void {
    const router = source.routers[slot]!;
    const { view } = source;
    const key = routerKey(router);
    const change = this.history.router(key, step);
    const { sync } = router;
    const members = source.groups.get(sync ?? '') ?? [];
    const whole =
      sync === undefined
        ? undefined
        : this.history.group(
            sync,
            members.map((member) => routerKey(source.routers[member]!)),
            step.time,
          );
    if (source.hooks.length === 0) return;
    const { priorityParts } = view.board.of(router, view.table, slot);
    const common = {
      ...{ format: 1 as const, host: this.host, time: new Date(step.time).toISOString() },
      ...{ cause: why.cause, ...(why.peer !== undefined && { peer: why.peer }) },
      priority: view.table.int(slot, Int.Priority),
      ...(priorityParts && { priorityParts }),
    };
    if (change) {
      const hooks = source.hooks.filter((hook) => wants(hook, change.state, hook.routers, key));
      if (hooks.length > 0) {
        const body = { ...common, type: 'router' as const, name: source.nameOf(slot), ...change };
        this.listener.notice(hooks, {
          key: `router ${key}`,
          body: { ...body, router: source.identityOf(slot) },
        });
      }
    }
    if (whole) this.tellGroup(source, sync!, members, whole, common);
  }

  private tellGroup(
    source: Source,
    name: string,
    members: readonly number[],
    change: Change,
    common: Pick<Notice['body'], 'format' | 'host' | 'time' | 'cause' | 'priority'>,
  ): void {
    const hooks = source.hooks.filter((hook) => wants(hook, change.state, hook.groups, name));
    if (hooks.length === 0) return;
    const routers = members.map((slot) => source.nameOf(slot));
    const body = { ...common, type: 'group' as const, name, ...change, routers };
    this.listener.notice(hooks, { key: `group ${name}`, body });
  }
}

function wants(
  { states }: HookConfig,
  state: NotifyState,
  chosen: readonly string[] | undefined,
  key: string,
): boolean {
  if (states && !states.includes(state.toLowerCase() as (typeof states)[number])) return false;
  return chosen === undefined || chosen.includes(key);
}

function nameOf(state: number): SyncState {
  return STATE_NAMES[state as State];
}

/** A generation, with what is looked up in it. */
class Source {
  readonly routers: readonly VirtualRouterConfig[];
  readonly hooks: readonly HookConfig[];
  readonly groups: ReadonlyMap<string, readonly number[]>;
  private names: readonly string[] | undefined;
  private slots: ReadonlyMap<string, number> | undefined;
  /** By slot: one object for all events of a router. */
  private readonly identities: (NonNullable<Notice['body']['router']> | undefined)[] = [];

  constructor(readonly view: EngineView) {
    const { virtualRouters, hooks = [] } = view.start.config;
    this.routers = virtualRouters;
    this.hooks = hooks;
    this.groups = groupsOf(virtualRouters);
  }

  nameOf(slot: number): string {
    this.names ??= memberNames(this.routers);
    return this.names[slot]!;
  }

  slotOf(key: string): number | undefined {
    this.slots ??= new Map(this.routers.map((router, slot) => [routerKey(router), slot]));
    return this.slots.get(key);
  }

  identityOf(slot: number): NonNullable<Notice['body']['router']> {
    const { interface: on, vrid: group, family, version, addresses, sync } = this.routers[slot]!;
    this.identities[slot] ??= {
      ...{ interface: on, group, family, version, addresses },
      ...(sync !== undefined && { sync }),
    };
    return this.identities[slot];
  }
}
