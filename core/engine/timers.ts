/** Two timers for each router of an engine: the protocol's, and that of its next announcement. */
import { Deadlines } from './deadlines.ts';

const PROTOCOL = 0;
const ANNOUNCE = 1;

/** Whose timer it is: a slot. */
export function slotOf(timer: number): number {
  return timer >> 1;
}

/** Whether a timer is that of a router's next announcement; otherwise it is the protocol's. */
export function isAnnouncement(timer: number): boolean {
  return (timer & 1) === ANNOUNCE;
}

/** The timers of one engine, by slot; all times are monotonic ms, 0: none. Nothing here allocates. */
export class Timers extends Deadlines {
  constructor(routers: number) {
    super(routers * 2);
  }

  /** When a router's Adver_Timer or Master_Down_Timer is looked at; the state table has when it expires. */
  protocolAt(slot: number): number {
    return this.at(slot * 2 + PROTOCOL);
  }

  /** Sets or moves it. */
  setProtocol(slot: number, deadline: number): void {
    this.set(slot * 2 + PROTOCOL, deadline);
  }

  /** When a router's next announcement is due. */
  setAnnouncement(slot: number, deadline: number): void {
    this.set(slot * 2 + ANNOUNCE, deadline);
  }
}
