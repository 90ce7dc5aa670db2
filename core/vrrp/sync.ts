/**
 * The rule of a group of virtual routers that are Master together or not at all, over interfaces, families and versions
 * (`[[sync]]`). No RFC has it. Pure, beside the state machine: what happens to one member, and the states of all, say what
 * each of the others has to do.
 *
 * - A Backup whose Master_Down_Timer has expired waits, without a timer, until those of all the others have expired too.
 *   As long as one of them hears a Master that it follows, nobody becomes Master: where only one of two links is parted,
 *   the Master on the other is alive and has both, and two halves of two Masters would be worse. The last one to expire
 *   brings all of them to Master at once.
 * - Nobody becomes Master while a member is not fit: it is Down, or not started. Where a group is new, one member may be
 *   Master and another one stand by, for which nobody would ever be Master: it yields.
 * - A Master that gives way, or that cannot go on, makes all of them yield; those that are Master say so (priority 0), and
 *   all are as if they had just started. The one that gives way says so too, which the RFC's does not: the other Master
 *   may not have heard it, and would not know that it has to announce its addresses.
 * - A Master that says good-bye on one link says it for all of its group: each member waits its own Skew_Time. One that
 *   hears its Master after that knows better, and the group stays Backup.
 * - Where two Masters of equal priority have met, the addresses on one link may favour the one and on another the other,
 *   so that both would give way: what counts is the link that comes first ({@link rankMembers}) of those on which they hear
 *   each other.
 * - After two Masters have met, all members announce their addresses again: the other one may have done so on any link.
 *
 * With one priority for the group this comes to rest, whatever is parted: of the routers that are fit, the superior one
 * that no superior one is heard by becomes Master, and who hears it on any link stays Backup.
 */
import { type Action, type Event, type Outcome, transition, type VirtualRouter } from './machine.ts';
import { State } from './state.ts';
import { masterDownInterval } from './timers.ts';

/** What the rule looks at. */
export interface SyncMember {
  readonly state: State;
  /** A Backup's: 0 while it waits for the others, its timer has expired. */
  readonly deadline: number;
  /** It stands by, as an operator asked: a Backup that does not become Master. Absent: it does not. */
  readonly held?: boolean;
}

/** What has happened to a member. */
export type Happening =
  /** A Backup's Master_Down_Timer has expired; its state is still the same. */
  | 'expired'
  /** It was Master, and is not any more. */
  | 'left'
  /** It was Backup, and cannot run any more. */
  | 'stopped'
  /** A Backup has heard a Master, which it follows. */
  | 'followed'
  /** A Backup has heard priority 0. */
  | 'farewell'
  /** A Master has heard another one, which is inferior or leaves. */
  | 'met'
  /** Nothing in particular: what is now is looked at, as after another engine. */
  | 'nothing';

/** What the group has to do. */
export type Order =
  /** Every Backup becomes Master. */
  | 'take'
  /** The member whose timer has expired waits. */
  | 'wait'
  /** Every Master yields. */
  | 'yield'
  /** Every other Backup takes the farewell for its own Master's. */
  | 'heed'
  /** Every Master announces its addresses. */
  | 'announce'
  | 'none';

/** What happens to a virtual router that is in a group, or may be. */
export type SyncEvent =
  | Event
  /** It starts in a group: the address owner too is Backup at first, with a timer that has expired. */
  | { readonly type: 'join' }
  /** A Backup's Master_Down_Timer has expired, and it waits for the others. */
  | { readonly type: 'wait' }
  /** Those of all have expired: it becomes Master with the others. */
  | { readonly type: 'take' }
  /** A Master's group yields: as if VRRP were stopped and started again (RFC 3768 §6.4.3 and §6.4.1). */
  | { readonly type: 'yield' };

const NOTHING: readonly Action[] = [];
const STOP_MASTER: readonly Action[] = ['send-priority-zero', 'release-addresses'];

/** The state machine with what only happens in groups, see `transition`. */
export function transitionTogether(
  router: VirtualRouter,
  event: SyncEvent,
  now: number,
  out: Outcome,
): Outcome {
  const { state, priority } = router;
  const isOwner = priority === 255;
  switch (event.type) {
    case 'join':
      transition(router, STARTUP, now, out);
      if (state !== State.Master && out.state === State.Master) becomeBackup(router, isOwner, now, out);
      return out;
    case 'wait':
      out.state = state;
      out.deadline = 0;
      out.masterAdverInterval = router.masterAdverInterval;
      out.actions = NOTHING;
      return out;
    case 'take':
      return transition(router, TIMER, now, out);
    case 'yield':
      becomeBackup(router, isOwner, now, out);
      out.actions = STOP_MASTER;
      return out;
    default:
      return transition(router, event, now, out);
  }
}

const STARTUP: Event = { type: 'startup' };
const TIMER: Event = { type: 'timer' };

/** Nobody is heard by the address owner: it has nothing to wait for but the others. */
function becomeBackup(router: VirtualRouter, isOwner: boolean, now: number, out: Outcome): void {
  const { version, priority, advertisementInterval: interval, downTimerAdverts } = router;
  out.state = State.Backup;
  out.masterAdverInterval = interval;
  out.deadline = isOwner ? now : now + masterDownInterval(version, priority, interval, downTimerAdverts);
  out.actions = NOTHING;
}

/** Whether a member runs. */
export function isFit({ state }: SyncMember): boolean {
  return state === State.Backup || state === State.Master;
}

/** Whether a member is Master, or can become it. */
export function canBeMaster(member: SyncMember): boolean {
  return isFit(member) && !(member.state === State.Backup && member.held === true);
}

/** Whether a member holds its group back: it is not fit, or may still hear from its Master. */
export function holdsBack(member: SyncMember): boolean {
  return !isFit(member) || (member.state === State.Backup && member.deadline !== 0);
}

/**
 * The rule.
 * @param members all of them, as they are now
 * @param subject the one that something has happened to
 */
export function orderFor(
  members: readonly SyncMember[],
  subject: SyncMember | undefined,
  happening: Happening,
): Order {
  switch (happening) {
    case 'expired':
      for (const member of members) if (member !== subject && holdsBack(member)) return 'wait';
      return 'take';
    case 'left':
    case 'stopped':
    case 'followed':
      return has(members, State.Master) ? 'yield' : 'none';
    case 'farewell':
      return 'heed';
    case 'met':
      return 'announce';
    case 'nothing':
      if (has(members, State.Master)) return members.every(canBeMaster) ? 'none' : 'yield';
      return members.some(holdsBack) ? 'none' : 'take';
  }
}

function has(members: readonly SyncMember[], state: State): boolean {
  for (const member of members) if (member.state === state) return true;
  return false;
}

/** What all routers of a virtual router have in common. */
export interface RankedMember {
  readonly version: 2 | 3;
  readonly config: {
    readonly family: 4 | 6;
    readonly vrid: number;
    readonly addresses: readonly string[];
  };
}

/**
 * In which order the links count where Masters of equal priority meet: the same on all routers of the group, whatever
 * their interfaces are called and in whatever order their configurations name them.
 * @returns the rank of each member
 */
export function rankMembers(members: readonly RankedMember[]): number[] {
  const keys = members.map(({ version, config: { family, vrid, addresses } }) =>
    [family, version, String(vrid).padStart(3, '0'), ...[...addresses].sort()].join(' '),
  );
  const order = [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
  const ranks = new Array<number>(members.length).fill(0);
  for (const [rank, member] of order.entries()) ranks[member] = rank;
  return ranks;
}

/** What a whole group is. `Fault`: a member does not run for what its trackers say. */
export type SyncState = 'Init' | 'Backup' | 'Master' | 'Down' | 'Fault';

/** The state of a group: `Fault`, `Down` or `Init` if a member is, else `Master` once all are, and `Backup`. */
export function groupState(states: readonly SyncState[]): SyncState {
  for (const unfit of ['Fault', 'Down', 'Init'] as const) if (states.includes(unfit)) return unfit;
  return states.every((state) => state === 'Master') ? 'Master' : 'Backup';
}
