/** What happens, as services are told: the engine's events across generations, and reloads. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { DaemonInfo, RouterName, RouterState, ServiceEvent } from '../plugin/contracts/index.ts';
import { causeText } from '../threads/cause-words.ts';
import { skewText } from '../threads/clock-words.ts';
import { type EngineEvent, type EventReader, EventRing, EventType } from '../threads/event-ring.ts';
import { listedAddresses } from '../threads/listed-addresses.ts';
import type { ServiceView } from '../threads/service-messages.ts';
import { STATE_NAMES } from '../threads/state-table.ts';
import { faultIn, TrackBoard } from '../threads/track-board.ts';
import { addressText } from '../vrrp/address.ts';
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';
import { HOLD_REASONS } from '../vrrp/hold.ts';

/** Events are looked for this often, in ms: the engine does not know of services. */
const LOOK_INTERVAL = 100;
/** Events told at once. */
const EVENTS_AT_ONCE = 1000;

/** Called with events, and how many were lost before them. */
export type Listener = (events: readonly ServiceEvent[], lost: number) => void;

/** See the file's comment. */
export class EventFeed {
  private readonly listeners: Listener[] = [];
  private reader: EventReader;
  private routers: readonly VirtualRouterConfig[];
  private board: TrackBoard;
  /** Told with the next look. */
  private reloads: ServiceEvent[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** Begins with what happens from now on. */
  constructor({ events, virtualRouters, trackers, trackCells }: ServiceView) {
    this.reader = new EventRing(events).reader();
    this.routers = virtualRouters;
    this.board = new TrackBoard(trackers, trackCells);
  }

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
    this.timer ??= setInterval(() => this.look(), LOOK_INTERVAL).unref();
  }

  /** Goes on with another generation, after all that the one before had to tell. */
  follow({ events, virtualRouters, trackers, trackCells }: ServiceView): void {
    while (this.reader.pending) this.look();
    this.reader = new EventRing(events).reader('start');
    this.routers = virtualRouters;
    this.board = new TrackBoard(trackers, trackCells);
  }

  /** A reload is over. */
  reloaded({ lastReload, generation }: DaemonInfo): void {
    if (!lastReload || this.listeners.length === 0) return;
    this.reloads.push({ type: 'reload', ...lastReload, generation });
  }

  private look(): void {
    const events: ServiceEvent[] = [];
    const lost = this.reader.read((event) => {
      const told = this.translate(event);
      if (told) events.push(told);
    }, EVENTS_AT_ONCE);
    events.push(...this.reloads);
    this.reloads = [];
    if (events.length > 0 || lost > 0) for (const listener of this.listeners) listener(events, lost);
  }

  private translate(event: EngineEvent): ServiceEvent | undefined {
    const { type, slot, a, b, c, time, peer } = event;
    const router = this.routers[slot];
    const name: RouterName | undefined = router && {
      interface: router.interface,
      group: router.vrid,
      family: router.family,
      version: router.version,
    };
    if (type === EventType.Transition && name) {
      const cause = causeText(c, this.routers, this.board);
      const fault = faultIn(c, a, b);
      const states = { from: stateName(a), to: stateName(b) };
      return { type: 'transition', time, ...name, ...states, cause, ...(fault && { fault }) };
    }
    if (type === EventType.Tracker) return { type: 'tracker', time, ...this.board.eventOf(a, b) };
    if (type === EventType.Priority && name && router)
      return { type: 'priority', time, ...name, from: a, to: b, cause: this.board.priorityText(router) };
    if (type === EventType.ClockSkew && name)
      return { type: 'clock-skew', time, ...name, skew: a / 1000, peer: addressText(peer) };
    if ((type === EventType.Hold || type === EventType.HoldOver) && name)
      return { type: 'hold', time, ...name, reason: HOLD_REASONS[a]!, left: Math.round(b) / 1000 };
    if (type !== EventType.Dropped) return undefined;
    const sender = peer.length > 0 ? { peer: addressText(peer) } : {};
    const reason = DROP_REASONS[a]!;
    const detail =
      reason === 'address-list'
        ? { detail: addressLists(event, router) }
        : reason === 'auth-stale'
          ? { detail: `its clock is ${skewText(c)}` }
          : {};
    return { type: 'rejected', time, ...name, reason, count: b, ...sender, ...detail };
  }
}

/** What an advertisement listed, and what we have. */
function addressLists(event: EngineEvent, router: VirtualRouterConfig | undefined): string {
  return `it lists ${listedAddresses(event)}; ours: ${router?.addresses.join(', ') ?? 'none'}`;
}

function stateName(state: number): RouterState {
  return STATE_NAMES[state as 0 | 1 | 2 | 3];
}
