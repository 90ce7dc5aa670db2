/**
 * What keeps a virtual router from becoming Master although the protocol would let it: delays that its operator asked for.
 * Beside the state machine, which knows nothing of it, and as pure. All times are in ms on the machine's clock.
 *
 * A router that is held back is Backup, the address owner too, which by the RFC never is: a Backup listens, follows the
 * Master that there is, counts and answers for it in `status`. A router in Initialize would do none of that.
 */
import type { Outcome, ReceivedAdvertisement, VirtualRouter } from './machine.ts';
import { State } from './state.ts';
import { type SyncEvent, transitionTogether } from './sync.ts';
import { masterDownInterval, skewTime } from './timers.ts';

/** Why a router is held back, by the directive that says so. */
export const HOLD_REASONS = [
  'start_delay',
  'boot_delay',
  'link_delay',
  'link_debounce',
  'hearing',
  'preempt_delay',
] as const;
/** One of {@link HOLD_REASONS}. */
export type HoldReason = (typeof HOLD_REASONS)[number];

/** Indices of {@link HOLD_REASONS}. */
export const Hold = { Start: 0, Boot: 1, Link: 2, Debounce: 3, Hearing: 4, Preempt: 5 } as const;

/** A virtual router with what holds it back. */
export interface HeldRouter extends VirtualRouter {
  /** It does not become Master before, whoever else is or is not; 0: that is over. */
  readonly holdUntil: number;
  /** How long a Master of lower priority is let be; 0: it is preempted as the RFC says. */
  readonly preemptDelay: number;
  /** When one that was heard may be preempted; 0: none was. */
  readonly preemptAt: number;
  /** Until when the Master of lower priority that was heard last counts as alive; 0: none was. */
  readonly inferiorUntil: number;
}

/** What of that is other after an event. */
export interface HeldOutcome extends Outcome {
  preemptAt: number;
  inferiorUntil: number;
}

/** Until when a Backup whose timer has expired must wait all the same; 0: it need not. */
export function heldBackUntil({ holdUntil, preemptAt, inferiorUntil }: HeldRouter, now: number): number {
  if (holdUntil > now) return holdUntil;
  // A Master of lower priority that has died meanwhile is taken over at once.
  return preemptAt > now && inferiorUntil > now ? Math.min(preemptAt, inferiorUntil) : 0;
}

/**
 * `transition` of machine.ts, and of sync.ts, for a router that may be held back; see there. A group that takes the role is
 * not held back any more: its members have waited for each other's delays.
 * @returns `out`
 */
export function heldTransition(
  router: HeldRouter,
  event: SyncEvent,
  now: number,
  out: HeldOutcome,
): HeldOutcome {
  const wasBackup = router.state === State.Backup;
  const isOwner = router.priority === 255;
  const waits = wasBackup && event.type === 'timer' ? heldBackUntil(router, now) : 0;
  if (waits > 0) stay(router, waits, out);
  else if (isOwner && event.type === 'startup' && !wasBackup && startsHeld(router, now))
    startOwner(router, now, out);
  // Its owner's address is nobody else's: it follows no Master, not even one that says it owns it too.
  else if (isOwner && wasBackup && event.type === 'advertisement' && event.priority > 0)
    stay(router, router.deadline, out);
  else transitionTogether(router, event, now, out);

  out.preemptAt = 0;
  out.inferiorUntil = 0;
  if (!wasBackup || out.state !== State.Backup) return out;
  out.preemptAt = router.preemptAt;
  out.inferiorUntil = router.inferiorUntil;
  if (event.type === 'advertisement') hear(router, event, now, out);
  return out;
}

/** Nothing changes but when it is looked at again. */
function stay(router: HeldRouter, deadline: number, out: HeldOutcome): void {
  out.state = router.state;
  out.deadline = deadline;
  out.masterAdverInterval = router.masterAdverInterval;
  out.actions = NOTHING;
}
const NOTHING: HeldOutcome['actions'] = [];

function startsHeld({ holdUntil, preemptDelay }: HeldRouter, now: number): boolean {
  return holdUntil > now || preemptDelay > 0;
}

/** Whether there is a Master, which `preempt_delay` is about, is known after a Master_Down_Interval. */
function startOwner(router: HeldRouter, now: number, out: HeldOutcome): void {
  const interval = router.advertisementInterval;
  const listens = router.preemptDelay > 0 ? now + downInterval(router, interval) : 0;
  out.state = State.Backup;
  out.deadline = Math.max(router.holdUntil, listens);
  out.masterAdverInterval = interval;
  out.actions = NOTHING;
}

/** What an advertisement tells a Backup of the Master that there is. */
function hear(router: HeldRouter, event: ReceivedAdvertisement, now: number, out: HeldOutcome): void {
  const { version, priority, preempt } = router;
  if (event.priority === 0) {
    // It may be that Master's good-bye: from then on what the state machine says counts.
    out.inferiorUntil = Math.min(
      router.inferiorUntil,
      now + skewTime(version, priority, router.masterAdverInterval),
    );
    return;
  }
  if (priority !== 255 && (!preempt || event.priority >= priority)) {
    out.preemptAt = 0; // it is followed
    out.inferiorUntil = 0;
    return;
  }
  const interval = version === 3 ? event.interval : router.advertisementInterval;
  out.inferiorUntil = now + downInterval(router, interval);
  if (router.preemptDelay > 0 && router.preemptAt === 0) {
    out.preemptAt = now + router.preemptDelay;
    // It waits for its group alone: now for this too.
    if (router.deadline === 0) out.deadline = Math.min(out.preemptAt, out.inferiorUntil);
  }
}

function downInterval({ version, priority, downTimerAdverts }: HeldRouter, interval: number): number {
  return masterDownInterval(version, priority, interval, downTimerAdverts);
}

/**
 * When the timer of a Backup expires that could hear nothing until now: its Master, if there is one, has a whole
 * Master_Down_Interval to be heard. The address owner has no need of that, unless it lets Masters be.
 */
export function deadlineOfListener(router: HeldRouter, now: number): number {
  if (router.priority === 255 && router.preemptDelay === 0) return Math.max(now, router.holdUntil);
  return now + downInterval(router, router.masterAdverInterval);
}
