/** What a network of virtual routers can be told; there is one of state machines, and one of engines. */
import type { Action, Event } from '../../core/vrrp/machine.ts';
import { State } from '../../core/vrrp/state.ts';
import type { RouterSpec, Weather } from './scenario.ts';

/** See the file's comment. Routers are known by their index. */
export interface World {
  /** Virtual time in ms. */
  now(): number;
  /** Lets the time come to this. */
  run(until: number): void;
  start(who: number): void;
  /** An orderly stop. */
  stop(who: number): void;
  /** It is gone without a word. */
  crash(who: number): void;
  /** It cannot run any more, and says so: Down. */
  pull(who: number): void;
  reload(who: number, to: RouterSpec): void;
  /** A Master is told to give up, as if it were stopped and started with Preempt_Mode false. */
  failOver(who: number): void;
  /** Does not run until {@link resume}: what arrives waits, timers wait. */
  stall(who: number): void;
  resume(who: number): void;
  part(sides: readonly number[]): void;
  weather(weather: Weather): void;
}

/** Told everything that can be seen of a world, in order. Throws a {@link Fault} at what must not be. */
export interface Watch {
  /**
   * Something has happened to a router.
   * @param at what time it counts from: a packet's arrival
   * @param state afterwards
   * @param learned Master_Adver_Interval in ms afterwards
   * @param actions what it did, in order
   */
  event(
    who: number,
    event: Event,
    now: number,
    at: number,
    state: State,
    learned: number,
    actions: readonly Action[],
  ): void;
  crashed(who: number): void;
  /** It does not preempt until it is Master, or, false, it does so again. */
  standsBy(who: number, whether: boolean): void;
  reloaded(who: number, to: RouterSpec, now: number): void;
  stalled(who: number): void;
  /** A packet for a router that does not run waits. */
  waits(who: number): void;
  /** It goes on, and all that waited has been taken in. */
  caughtUp(who: number, now: number): void;
}

/**
 * Whether a router answers an advertisement out of turn, as long as its limit lets it: a Master one of priority 0, and
 * with VRRPv3 an inferior one (RFC 9568 §6.4.3). A superior one makes it Backup, and takes no answer.
 * @param order the sender's address compared with the router's
 */
export function asksForAnswer(
  version: 2 | 3,
  state: State,
  ours: number,
  priority: number,
  order: number,
): boolean {
  if (state !== State.Master) return false;
  const isSuperior = priority > ours || (priority === ours && order > 0);
  return priority === 0 || (version === 3 && !isSuperior);
}

/** Something that must not be. */
export class Fault extends Error {}
