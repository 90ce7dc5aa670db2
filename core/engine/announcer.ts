/** When and how a Master tells its neighbours where the virtual addresses are. */
import type { AnnounceSettings } from '../config/model.ts';
import { Int, Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { AnnounceLimit } from './announce-limit.ts';
import type { EngineRouter } from './router.ts';
import type { Transmitter } from './transmitter.ts';

/**
 * Pauses in ms before each announcement of a series but the first, unless `announce.pauses` says otherwise. One may be lost, a port of a switch may
 * not forward yet, and another router may have announced itself last: spread out, one of them arrives.
 */
const PAUSES = [500, 1000, 2000, 5000];

/** A series starts again at most once in this many ms, however many inferior advertisements arrive. */
const RESTART_INTERVAL = 1000;

/** Sends each address of a Master as a gratuitous ARP or neighbour advertisement, several times over some seconds. */
export class Announcer {
  /** The value of `Wanted` that each slot's series belongs to. */
  private readonly announced: Int32Array;
  /** The value of `FurtherInPlace` that has been announced. */
  private readonly further: Int32Array;
  /** When each slot's series has started, monotonic ms. */
  private readonly started: Float64Array;
  /** When each slot's last announcement against another station was, or will be, monotonic ms. */
  private readonly asserted: Float64Array;
  private readonly limit: AnnounceLimit;

  constructor(
    private readonly table: EngineTable,
    private readonly transmitter: Transmitter,
  ) {
    this.announced = new Int32Array(table.slots);
    this.further = new Int32Array(table.slots);
    this.started = new Float64Array(table.slots);
    this.limit = new AnnounceLimit(table.slots);
    this.asserted = new Float64Array(table.slots).fill(-RESTART_INTERVAL);
  }

  /** Whether a Master's addresses have come into place since the last call: its series starts now. */
  hasComeIntoPlace(router: EngineRouter, now: number): boolean {
    const { slot } = router;
    const wanted = this.table.int(slot, Int.Wanted);
    if (!this.isInPlace(router)) {
      this.announced[slot] = 0; // what has gone and comes back is announced again
      return false;
    }
    const further = this.table.int(slot, Int.FurtherInPlace);
    if (this.announced[slot] === wanted && this.further[slot] === further) return false;
    this.announced[slot] = wanted;
    this.further[slot] = further;
    this.limit.reset(slot);
    this.restart(slot, now);
    return true;
  }

  /** Goes on with another engine's series. @returns when the next one is due, monotonic ms; 0: never */
  resume(router: EngineRouter, now: number): number {
    const { slot } = router;
    if (!this.isInPlace(router)) return 0;
    this.announced[slot] = this.table.int(slot, Int.Wanted);
    this.further[slot] = this.table.int(slot, Int.FurtherInPlace);
    const due = this.table.num(slot, Num.AnnounceDeadline);
    // There may not have been one before, or a longer one.
    const { refresh = 0 } = router.config.announce ?? {};
    const next = refresh > 0 && (due === 0 || due > now + refresh) ? now + refresh : due;
    this.table.setNum(slot, Num.AnnounceDeadline, next);
    return next;
  }

  /** Starts the series again. @returns false if it has only just started, or the addresses are not in place */
  again(router: EngineRouter, now: number): boolean {
    const { slot } = router;
    if (!this.isInPlace(router) || now - this.started[slot]! < RESTART_INTERVAL) return false;
    this.restart(slot, now);
    return true;
  }

  /**
   * Another station has told the neighbours otherwise: one announcement more, at once or, so that two stations that
   * contradict each other stay bounded, a while after the last such one.
   * @returns when the next announcement is due, monotonic ms; 0: the addresses are not in place
   */
  contested(router: EngineRouter, now: number): number {
    const { slot } = router;
    if (!this.isInPlace(router)) return 0;
    const due = this.table.num(slot, Num.AnnounceDeadline);
    if (due !== 0 && due <= now) return due; // it is about to be sent: another claim does not put it off
    if (this.asserted[slot]! <= now)
      this.asserted[slot] = Math.max(now, this.asserted[slot]! + RESTART_INTERVAL);
    const next = due > now ? Math.min(due, this.asserted[slot]!) : this.asserted[slot]!;
    this.table.setNum(slot, Num.AnnounceDeadline, next);
    return next;
  }

  /**
   * Queues one announcement of each address, or of as many as `announce.rate` allows now.
   * @returns when the next one is due, monotonic ms; 0: never
   */
  announce(router: EngineRouter, now: number): number {
    const { slot } = router;
    const attachment = router.announcing ?? router.attachment;
    if (!attachment || !this.isInPlace(router)) return 0;
    const virtual = this.table.int(slot, Int.Announce) === 0;
    const mac = virtual ? router.virtualMac : attachment.link.mac;
    const { announced } = router.addresses;
    const { announce } = router.config;
    const { rate = 0 } = announce ?? {};
    const link = attachment.link.index;
    let first = 0;
    let end = announced.length;
    if (rate > 0) {
      const turn = this.limit.turn(slot, link, rate, now);
      if (turn > now) return this.due(slot, turn);
      first = this.limit.take(slot, rate, announced.length);
      end = Math.min(first + AnnounceLimit.share(rate), announced.length);
    }
    for (let index = first; index < end; index++) {
      const { address, family, interface: on } = announced[index]!;
      const place = on === undefined ? attachment : router.announcingOn?.get(on);
      if (!place) continue; // that interface is not there
      const at = on === undefined ? mac : place.link.mac;
      if (family === 4) this.transmitter.gratuitousArp(place.descriptor, address, at, slot);
      else this.transmitter.neighbourAdvertisement(place.descriptor, address, at, slot);
    }
    if (rate > 0 && this.limit.isInRound(slot)) return this.due(slot, this.limit.turn(slot, link, rate, now));
    const step = this.table.int(slot, Int.AnnounceStep);
    this.table.setInt(slot, Int.AnnounceStep, step + 1);
    const pause = pauseAfter(step, announce);
    return this.due(slot, pause === 0 ? 0 : now + pause);
  }

  private due(slot: number, next: number): number {
    this.table.setNum(slot, Num.AnnounceDeadline, next);
    return next;
  }

  private isInPlace({ slot, state }: EngineRouter): boolean {
    return state === State.Master && this.table.int(slot, Int.Applied) === this.table.int(slot, Int.Wanted);
  }

  private restart(slot: number, now: number): void {
    this.started[slot] = now;
    this.table.setInt(slot, Int.AnnounceStep, 0);
  }
}

/** The pause in ms after the announcement of this number, from 0 on; 0: it was the last one. */
function pauseAfter(step: number, { pauses = PAUSES, count, refresh = 0 }: AnnounceSettings = {}): number {
  if (step + 1 < (count ?? pauses.length + 1)) return pauses[Math.min(step, pauses.length - 1)]!;
  return refresh;
}
