/** The groups of routers of one engine: has the rule of core/vrrp/sync.ts decide, and makes it happen. */
import { Cause, groupCause } from '../threads/event-ring.ts';
import { State } from '../threads/state-table.ts';
import {
  canBeMaster,
  type Happening,
  holdsBack,
  type Order,
  orderFor,
  rankMembers,
  type SyncEvent,
} from '../vrrp/sync.ts';
import type { EngineRouter } from './router.ts';
import { SyncTie } from './sync-tie.ts';

const JOIN: SyncEvent = { type: 'join' };
const TAKE: SyncEvent = { type: 'take' };
const WAIT: SyncEvent = { type: 'wait' };
const YIELD: SyncEvent = { type: 'yield' };
const FAREWELL: SyncEvent = { type: 'advertisement', priority: 0, interval: 0, addressOrder: 0 };

/** A group announces again at most once in this many ms, however many of its members meet another Master. */
const ANNOUNCE_INTERVAL = 1000;

/** Why the others of a group do what they do, by what has happened to one. */
const CAUSES: Readonly<Partial<Record<Happening, number>>> = {
  left: Cause.GroupYielded,
  stopped: Cause.GroupUnfit,
  followed: Cause.GroupFollows,
  nothing: Cause.GroupUnfit,
};

/** What the engine does to one router, regardless of its group. */
export interface Mover {
  move(
    router: EngineRouter,
    event: SyncEvent,
    now: number,
    cause: number,
    into?: typeof State.Initialize | typeof State.Down,
  ): void;
  announceAgain(router: EngineRouter, now: number): void;
  /** It is no Master any more, and says so (priority 0). */
  sayGoodBye(router: EngineRouter, now: number): void;
  /** Until when a Backup whose timer has expired must not become Master all the same; 0: it may. */
  heldUntil(router: EngineRouter, now: number): number;
  /** Sets the timer of a Backup that had none. */
  setTimer(router: EngineRouter, deadline: number): void;
}

class SyncGroup {
  readonly members: EngineRouter[] = [];
  readonly places = new Map<number, number>();
  tie!: SyncTie;
  /** How many members are Master. */
  masters = 0;
  /** The member that held the group back last: as a rule it still does. */
  holder: EngineRouter | undefined;
  /** Members are being moved: what comes of it waits until that is over. */
  moving = false;
  announced = Number.NEGATIVE_INFINITY;
  /** What is still to be looked at. */
  pending: Happening = 'nothing';
  pendingSubject: EngineRouter | undefined;

  /** The last one: timers that expire together do so in the order of the members, as a rule. */
  findHolder(except: EngineRouter): void {
    this.holder = undefined;
    for (let at = this.members.length - 1; at >= 0; at--) {
      const member = this.members[at]!;
      if (member === except || !holdsBack(member)) continue;
      this.holder = member;
      return;
    }
  }

  countMasters(): void {
    this.masters = 0;
    for (const { state } of this.members) if (state === State.Master) this.masters++;
  }
}

/** See the file's comment. On the steady path nothing is allocated, and no other member is looked at. */
export class SyncGroups {
  /** By slot. */
  private readonly groupOf: (SyncGroup | undefined)[];
  private readonly groups: readonly SyncGroup[];
  private dissolved = false;

  constructor(
    routers: readonly EngineRouter[],
    private readonly mover: Mover,
  ) {
    const byName = new Map<string, SyncGroup>();
    this.groupOf = routers.map((router) => {
      const { sync } = router.config;
      if (sync === undefined) return undefined;
      const group = byName.get(sync) ?? new SyncGroup();
      byName.set(sync, group);
      group.places.set(router.slot, group.members.push(router) - 1);
      return group;
    });
    this.groups = [...byName.values()];
    for (const group of this.groups) {
      const longest = Math.max(...group.members.map(({ advertisementInterval }) => advertisementInterval));
      group.tie = new SyncTie(rankMembers(group.members), longest);
    }
  }

  /** The members of a router's group; undefined: it is in none. */
  membersWith({ slot }: EngineRouter): readonly EngineRouter[] | undefined {
    return this.dissolved ? undefined : this.groupOf[slot]?.members;
  }

  /** From here on every router is for itself: all stop, or another engine has them. */
  dissolve(): void {
    this.dissolved = true;
  }

  /** After {@link dissolve}: the other engine has not taken them. */
  form(): void {
    this.dissolved = false;
  }

  /**
   * How an advertisement's sender compares with a Master of the same priority, for its group: one that is not to be obeyed
   * yet is as one from a lower address.
   */
  orderOf({ slot, state }: EngineRouter, addressOrder: number, now: number): number {
    const group = this.groupOf[slot];
    if (!group || this.dissolved || state !== State.Master) return addressOrder;
    const member = group.places.get(slot)!;
    if (addressOrder > 0) return group.tie.loses(member, now) ? addressOrder : -1;
    group.tie.wins(member, now);
    return addressOrder;
  }

  /**
   * Something happens to a router: it is moved, and the others of its group as that demands. Whoever is told of a
   * transition may bring about another one of the same group in the middle: what follows of that waits until the first is
   * whole.
   * @returns false: it is in no group, and nothing was done
   */
  step(
    router: EngineRouter,
    event: SyncEvent,
    now: number,
    cause: number,
    into?: typeof State.Initialize | typeof State.Down,
  ): boolean {
    const group = this.groupOf[router.slot];
    if (!group || this.dissolved) return false;
    const before = router.state;
    if (event.type === 'timer' && before === State.Backup) {
      this.expire(group, router, now, cause);
      return true;
    }
    const isOutermost = !group.moving;
    group.moving = true;
    this.mover.move(router, event.type === 'startup' ? JOIN : event, now, cause, into);
    if (isOutermost) group.moving = false;
    const happening = whatHappened(group, router, before, event);
    if (isOutermost && before !== router.state) group.countMasters();
    // The RFC's Master gives way in silence. The one that it gives way to may not have heard it, and has to announce.
    if (happening === 'left') this.mover.sayGoodBye(router, now);
    if (happening !== 'nothing') this.follow(group, router, happening, now);
    if (isOutermost && group.pending !== 'nothing') this.catchUp(group, now);
    return true;
  }

  /** What follows of what happens from now on waits for {@link release}: one cause may stop several members. */
  hold(): void {
    for (const group of this.groups) group.moving = true;
  }

  release(now: number): void {
    for (const group of this.groups) {
      group.moving = false;
      group.countMasters();
      this.catchUp(group, now);
    }
  }

  /** Looks at all groups as they are: members may have come and gone while nobody followed their steps. */
  review(now: number): void {
    if (this.dissolved) return;
    for (const group of this.groups) {
      group.countMasters();
      const order = orderFor(group.members, undefined, 'nothing');
      if (order === 'none') continue;
      const unfit = group.members.find((member) => !canBeMaster(member));
      this.obey(group, unfit ?? group.members[0]!, order, 'nothing', now);
    }
  }

  private expire(group: SyncGroup, router: EngineRouter, now: number, cause: number): void {
    const { holder } = group;
    // Hundreds may expire together: each asks the one that is still to come, not all of them.
    const waits = group.moving || (holder !== undefined && holder !== router && holdsBack(holder));
    if (!waits && orderFor(group.members, router, 'expired') === 'take' && !this.isHeld(group, now)) {
      this.take(group, router, now, cause);
      return;
    }
    if (!waits) group.findHolder(router);
    this.mover.move(router, WAIT, now, cause);
  }

  /** Whether a member that waits has been held back since its timer has expired: then it has one again. */
  private isHeld({ members }: SyncGroup, now: number): boolean {
    let held = false;
    for (const member of members) {
      if (member.state !== State.Backup) continue;
      const until = this.mover.heldUntil(member, now);
      if (until <= now) continue;
      this.mover.setTimer(member, until);
      held = true;
    }
    return held;
  }

  /** The first one for its own reason, the others because of it. */
  private take(group: SyncGroup, first: EngineRouter, now: number, cause: number): void {
    group.moving = true;
    this.mover.move(first, TAKE, now, cause);
    const why = groupCause(Cause.GroupMaster, first.slot);
    for (const member of group.members) {
      if (group.pending !== 'nothing') break; // one has stopped meanwhile
      if (member !== first && member.state === State.Backup) this.mover.move(member, TAKE, now, why);
    }
    group.moving = false;
    group.countMasters();
    this.catchUp(group, now);
  }

  private follow(group: SyncGroup, router: EngineRouter, happening: Happening, now: number): void {
    if (group.moving) {
      const matters = happening === 'left' || happening === 'stopped' || happening === 'followed';
      if (!matters || group.pending !== 'nothing') return;
      group.pending = happening;
      group.pendingSubject = router;
      return;
    }
    this.obey(group, router, orderFor(group.members, router, happening), happening, now);
  }

  private obey(
    group: SyncGroup,
    router: EngineRouter,
    order: Order,
    happening: Happening,
    now: number,
  ): void {
    if (order === 'take') {
      if (!this.isHeld(group, now)) this.take(group, router, now, Cause.MasterDown);
      return;
    }
    const isOften = order === 'announce' && now - group.announced < ANNOUNCE_INTERVAL;
    if (order === 'none' || order === 'wait' || isOften) return;
    if (order === 'announce') group.announced = now;
    const why = groupCause(CAUSES[happening] ?? Cause.GroupYielded, router.slot);
    group.moving = true;
    for (const member of group.members) {
      const { state } = member;
      if (order === 'announce' && state === State.Master) this.mover.announceAgain(member, now);
      else if (order === 'yield' && state === State.Master) this.mover.move(member, YIELD, now, why);
      else if (order === 'heed' && member !== router && state === State.Backup && member.deadline > now)
        this.mover.move(member, FAREWELL, now, why);
    }
    group.moving = false;
    group.countMasters();
    this.catchUp(group, now);
  }

  /** What has happened while members were moved. */
  private catchUp(group: SyncGroup, now: number): void {
    const { pending, pendingSubject: subject } = group;
    group.pending = 'nothing';
    group.pendingSubject = undefined;
    if (pending !== 'nothing' && subject) this.follow(group, subject, pending, now);
  }
}

/** What has become of a router, as its group sees it. */
function whatHappened(group: SyncGroup, router: EngineRouter, before: State, event: SyncEvent): Happening {
  const { state } = router;
  if (before === State.Master && state !== State.Master) return state === State.Backup ? 'left' : 'stopped';
  if (before === State.Backup && state !== State.Backup && state !== State.Master) return 'stopped';
  if (event.type !== 'advertisement') return 'nothing';
  if (state === State.Master) {
    const isMeeting = event.priority <= router.priority;
    return isMeeting ? 'met' : 'nothing';
  }
  if (event.priority === 0) return 'farewell';
  const follows = !router.preempt || event.priority >= router.priority;
  return group.masters > 0 && follows ? 'followed' : 'nothing';
}
