/** What the trackers say, for whoever reads it: status, client API, log. */
import type { RouterTrack, VirtualRouterConfig } from '../config/model.ts';
import type { PriorityParts, RouterFault, RouterTracker, TrackerStatus } from '../plugin/contracts/index.ts';
import { inRange, weightOf } from '../vrrp/weights.ts';
import { CAUSES, Cause, causeParts } from './event-ring.ts';
import { Int, State } from './state-table.ts';
import type { TableReader } from './table-views.ts';
import { TrackCell, VERDICT_NAMES, type Verdict } from './track-cell.ts';

/** A tracker without what its plugin is told, which may be secret. */
export interface TrackerIdentity {
  readonly name: string;
  readonly type: string;
}

/** What trackers mean to a virtual router, as in a `RouterStatus`. */
export interface RouterTracking {
  readonly fault?: RouterFault;
  readonly trackers?: readonly RouterTracker[];
  readonly priorityParts?: PriorityParts;
}

const NOTHING: RouterTracking = {};

/** Which of the states of a transition, `Down`, is Fault. @param code its cause */
export function faultIn(code: number, from: number, to: number): 'from' | 'to' | undefined {
  const { cause } = causeParts(code);
  if (cause === Cause.TrackerFailed && to === State.Down) return 'to';
  return cause === Cause.TrackersUp && from === State.Down ? 'from' : undefined;
}

/** See the file's comment. */
export class TrackBoard {
  private readonly cells: readonly TrackCell[];
  private readonly indices: ReadonlyMap<string, number>;

  /** @param buffers memory of the trackers' cells, in the same order */
  constructor(
    private readonly trackers: readonly TrackerIdentity[],
    buffers: readonly SharedArrayBuffer[],
  ) {
    this.cells = buffers.map((buffer) => new TrackCell(buffer));
    this.indices = new Map(trackers.map(({ name }, index) => [name, index]));
  }

  /** Changes whenever anything does. */
  get version(): number {
    let version = 0;
    for (const cell of this.cells) version += cell.version;
    return version;
  }

  /** Every tracker as it is now. */
  status(): TrackerStatus[] {
    return this.trackers.map((_, index) => this.statusOf(index));
  }

  /** What trackers mean to a virtual router now. */
  of(config: VirtualRouterConfig, table: TableReader, slot: number): RouterTracking {
    const fault = this.faultOf(table, slot);
    const { track } = config;
    if (track === undefined) return fault === undefined ? NOTHING : { fault };
    const trackers = track.flatMap((each) => this.routerTracker(each));
    const owner = table.int(slot, Int.Priority) === 255;
    const parts = owner ? undefined : partsOf(config.priority, trackers);
    return {
      ...(fault && { fault }),
      trackers,
      ...(parts && { priorityParts: parts }),
    };
  }

  /** Why a virtual router has changed its state, or cannot run, in words. @param code a `Cause`, or a `trackerCause` */
  causeText(code: number): string {
    const { cause, tracker } = causeParts(code);
    const identity = this.trackers[tracker];
    if (identity === undefined) return CAUSES[cause] ?? '';
    const { name } = identity;
    if (cause === Cause.TrackerAwaited) return `waiting for tracker ${name}`;
    if (cause === Cause.TrackersUp) return `tracker ${name} does not fail any more`;
    return `tracker ${name} is down: ${this.cells[tracker]!.read().words}`;
  }

  /** The tracker of an index as an event has it. */
  eventOf(index: number, verdict: number): Pick<TrackerStatus, 'verdict' | 'words'> & { tracker: string } {
    const { name } = this.trackers[index]!;
    const { words } = this.cells[index]!.read();
    return { tracker: name, verdict: VERDICT_NAMES[verdict as Verdict], words };
  }

  /** `100 - 30 (web) = 70`; of one that no tracker changes, the priority alone. */
  priorityText({ priority, track = [] }: VirtualRouterConfig): string {
    const parts = partsOf(
      priority,
      track.flatMap((each) => this.routerTracker(each)),
    );
    return parts?.text ?? String(priority);
  }

  private faultOf(table: TableReader, slot: number): RouterFault | undefined {
    const code = table.int(slot, Int.Fault);
    const state = table.int(slot, Int.State);
    if (code === 0 || state === State.Backup || state === State.Master) return undefined;
    const identity = this.trackers[causeParts(code).tracker];
    return { reason: this.causeText(code), ...(identity && { tracker: identity.name }) };
  }

  private statusOf(index: number): TrackerStatus {
    const { name, type } = this.trackers[index]!;
    const { verdict, since, words, heldUntil } = this.cells[index]!.read();
    const held = heldUntil > 0 ? { heldUntil } : {};
    return { name, type, verdict: VERDICT_NAMES[verdict], since, words, ...held };
  }

  private routerTracker({ name, weight }: RouterTrack): RouterTracker | [] {
    const index = this.indices.get(name);
    if (index === undefined) return [];
    const status = this.statusOf(index);
    if (weight === undefined) return status;
    const { verdict, weight: found } = this.cells[index]!.read();
    return { ...status, weight, adds: weightOf(weight, verdict, found) };
  }
}

function partsOf(configured: number, trackers: readonly RouterTracker[]): PriorityParts | undefined {
  const parts = trackers.flatMap(({ name, adds = 0 }) => (adds === 0 ? [] : { tracker: name, adds }));
  if (parts.length === 0) return undefined;
  const sum = parts.reduce((total, { adds }) => total + adds, configured);
  const priority = inRange(sum);
  const terms = parts.map(({ tracker, adds }) => `${adds < 0 ? '-' : '+'} ${Math.abs(adds)} (${tracker})`);
  const bound = sum === priority ? '' : `, at ${sum < 1 ? 'least' : 'most'} `;
  const result = bound === '' ? `= ${priority}` : `= ${sum}${bound}${priority}`;
  return { configured, parts, priority, text: [String(configured), ...terms, result].join(' ') };
}
