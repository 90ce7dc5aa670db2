/**
 * The state machine of one virtual router (RFC 3768 §6.4; RFC 5798 §6.4 where VRRPv3 differs). Pure: no I/O,
 * no clock, no randomness. All times are in ms on one monotonic clock that the caller reads.
 */
import { State } from './state.ts';
import { masterDownInterval, nextDeadline, skewTime } from './timers.ts';

/** What a virtual router is configured to be, and is at the moment. */
export interface VirtualRouter {
  readonly version: 2 | 3;
  /** Priority in use, 1 to 254, or 255 for the address owner. */
  readonly priority: number;
  /** Preempt_Mode. */
  readonly preempt: boolean;
  /** Advertisement_Interval in ms. */
  readonly advertisementInterval: number;
  /** How many intervals the Master_Down_Interval has; undefined: 3, as the RFCs say. */
  readonly downTimerAdverts?: number | undefined;
  readonly state: State;
  /**
   * When the running timer expires: Adver_Timer in Master, Master_Down_Timer in Backup; 0 while none runs.
   * There is never more than one. A Backup has none while it waits for its group, see sync.ts.
   */
  readonly deadline: number;
  /** Master_Adver_Interval in ms: what the current Master advertises (VRRPv3), else the configured interval. */
  readonly masterAdverInterval: number;
}

/** What happens to a virtual router. */
export type Event =
  | { readonly type: 'startup' }
  | { readonly type: 'shutdown' }
  /** The running timer has expired. */
  | { readonly type: 'timer' }
  | ReceivedAdvertisement;

/** An advertisement that has passed every check of RFC 3768 §7.1. */
export interface ReceivedAdvertisement {
  readonly type: 'advertisement';
  /** 0 to 255. */
  readonly priority: number;
  /** The sender's Advertisement_Interval in ms. */
  readonly interval: number;
  /** The sender's primary address compared with ours: negative, 0 or positive, as a big-endian number. */
  readonly addressOrder: number;
  /** False: enough such advertisements were answered at once, see answer-limit.ts. Default true. */
  readonly answer?: boolean;
}

/** What the engine has to do, in order. */
export type Action =
  | 'send-advertisement'
  /** An advertisement with priority 0: "I stop" (RFC 3768 §5.3.4). */
  | 'send-priority-zero'
  /** Take the virtual addresses, and announce them once they are in place. */
  | 'acquire-addresses'
  /** Give the virtual addresses back. */
  | 'release-addresses'
  /** Announce the virtual addresses again: another Master has told the neighbours otherwise. */
  | 'announce-addresses';

/** The dynamic part of a virtual router after an event, and what to do about it. */
export interface Outcome {
  state: State;
  deadline: number;
  masterAdverInterval: number;
  actions: readonly Action[];
}

const NOTHING: readonly Action[] = [];
const SEND: readonly Action[] = ['send-advertisement'];
const BECOME_MASTER: readonly Action[] = ['send-advertisement', 'acquire-addresses'];
const GIVE_WAY: readonly Action[] = ['release-addresses'];
const ASSERT: readonly Action[] = ['announce-addresses'];
/** RFC 9568 §6.4.3: a Master answers an inferior advertisement at once, so that the other one gives way. */
const ASSERT_AND_SEND: readonly Action[] = ['send-advertisement', 'announce-addresses'];
const STOP_MASTER: readonly Action[] = ['send-priority-zero', 'release-addresses'];

/**
 * The whole of RFC 3768 §6.4.
 *
 * @param now the time of the event, in ms
 * @param out where to put the outcome; a caller on the hot path lends the same object each time, and takes everything
 *   out of it before it tells anybody who might bring about another transition
 * @returns `out`
 */
export function transition(
  router: VirtualRouter,
  event: Event,
  now: number,
  out: Outcome = { state: router.state, deadline: 0, masterAdverInterval: 0, actions: NOTHING },
): Outcome {
  out.state = router.state;
  out.deadline = router.deadline;
  out.masterAdverInterval = router.masterAdverInterval;
  out.actions = NOTHING;
  switch (router.state) {
    case State.Initialize:
    case State.Down:
      if (event.type === 'startup') startup(router, now, out);
      break;
    case State.Backup:
      backup(router, event, now, out);
      break;
    case State.Master:
      master(router, event, now, out);
      break;
  }
  return out;
}

/** RFC 3768 §6.4.1. */
function startup(router: VirtualRouter, now: number, out: Outcome): void {
  out.masterAdverInterval = router.advertisementInterval;
  if (router.priority === 255) becomeMaster(router, now, out);
  else becomeBackup(router, now, out);
}

/** RFC 3768 §6.4.2. */
function backup(router: VirtualRouter, event: Event, now: number, out: Outcome): void {
  switch (event.type) {
    case 'shutdown':
      stop(out);
      break;
    case 'timer':
      becomeMaster(router, now, out);
      break;
    case 'advertisement':
      if (event.priority === 0) {
        // Earlier, never later: whoever repeats it must not keep everybody from becoming Master.
        const skew = skewTime(router.version, router.priority, router.masterAdverInterval);
        out.deadline = Math.min(router.deadline, now + skew);
      } else if (!router.preempt || event.priority >= router.priority) {
        follow(router, event, now, out);
      }
      break;
  }
}

/** RFC 3768 §6.4.3. */
function master(router: VirtualRouter, event: Event, now: number, out: Outcome): void {
  switch (event.type) {
    case 'shutdown':
      stop(out);
      out.actions = STOP_MASTER;
      break;
    case 'timer':
      out.deadline = nextDeadline(router.deadline, router.advertisementInterval, now);
      out.actions = SEND;
      break;
    case 'advertisement':
      if (event.priority === 0) {
        if (event.answer === false) break; // the cadence goes on
        out.deadline = now + router.advertisementInterval;
        out.actions = SEND;
      } else if (
        event.priority > router.priority ||
        (event.priority === router.priority && event.addressOrder > 0)
      ) {
        out.state = State.Backup;
        follow(router, event, now, out);
        out.actions = GIVE_WAY;
      } else if (router.version === 3 && event.answer !== false) {
        out.deadline = now + router.advertisementInterval;
        out.actions = ASSERT_AND_SEND;
      } else {
        out.actions = ASSERT;
      }
      break;
  }
}

function becomeMaster(router: VirtualRouter, now: number, out: Outcome): void {
  out.state = State.Master;
  out.deadline = now + router.advertisementInterval;
  out.masterAdverInterval = router.advertisementInterval;
  out.actions = BECOME_MASTER;
}

function becomeBackup(router: VirtualRouter, now: number, out: Outcome): void {
  out.state = State.Backup;
  out.deadline = now + downInterval(router, out.masterAdverInterval);
}

/** Restarts the Master_Down_Timer by the advertisement of the Master that is followed. */
function follow(router: VirtualRouter, event: ReceivedAdvertisement, now: number, out: Outcome): void {
  out.masterAdverInterval = router.version === 3 ? event.interval : router.advertisementInterval;
  out.deadline = now + downInterval(router, out.masterAdverInterval);
}

function downInterval({ version, priority, downTimerAdverts }: VirtualRouter, interval: number): number {
  return masterDownInterval(version, priority, interval, downTimerAdverts);
}

function stop(out: Outcome): void {
  out.state = State.Initialize;
  out.deadline = 0;
}
