/** Another station tells our neighbours that one of a Master's addresses is elsewhere: the Master contradicts. */
import { Num, State } from '../threads/state-table.ts';
import type { EngineTable } from '../threads/table-views.ts';
import { addressLength } from '../vrrp/advertisement.ts';
import { TARGET_ADDRESS_AT } from '../vrrp/announcement.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import type { Announcer } from './announcer.ts';
import { isArp, SENDER_ADDRESS_AT, senderMac } from './arp-watch.ts';
import type { Attachment } from './attachment.ts';
import { isNeighbourAdvertisement, toldMac } from './nd-watch.ts';
import { droppedField, type Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { Reception } from './reception.ts';
import type { EngineRouter } from './router.ts';
import type { Timers } from './timers.ts';

/** See the file's comment. */
export class Contest {
  private readonly routers: readonly EngineRouter[];
  private readonly table: EngineTable;
  private readonly observer: Observer;
  private readonly reception: Reception;
  private readonly timers: Timers;
  private readonly announcer: Announcer;

  constructor({ routers, table, observer, reception, timers, announcer }: Parts) {
    this.routers = routers;
    this.table = table;
    this.observer = observer;
    this.reception = reception;
    this.timers = timers;
    this.announcer = announcer;
  }

  /** A packet that may be about our addresses. Of IPv6 the socket for packets hears it too if it has no filter. */
  watch(attachment: Attachment, at: number, length: number, now: number): void {
    const { bytes, slotSize } = this.reception;
    if (isArp(bytes, at, length)) {
      this.hearClaim(attachment, at + SENDER_ADDRESS_AT, senderMac(bytes, at), now);
    } else if (isNeighbourAdvertisement(bytes, at, length)) {
      const mac = toldMac(bytes, at, Math.min(length, slotSize));
      if (mac >= 0) this.hearClaim(attachment, at + TARGET_ADDRESS_AT, mac, now);
    }
  }

  /** Somebody has told our neighbours that an address is at a MAC. */
  private hearClaim({ slotOfVrid, family }: Attachment, addressAt: number, mac: number, now: number): void {
    const { bytes } = this.reception;
    for (let index = 0; index < slotOfVrid.length; index++) {
      const slot = slotOfVrid[index]!;
      if (slot < 0) continue;
      const router = this.routers[slot]!;
      if (router.state !== State.Master || !router.addresses.has(bytes, addressAt)) continue;
      if (mac === router.virtualMacNumber || mac === this.table.num(slot, Num.HardwareAddress)) return;
      const when = this.announcer.contested(router, now);
      if (when === 0) return; // not announced yet: another Master may only just be leaving
      this.timers.setAnnouncement(slot, when);
      this.table.count(slot, droppedField(Drop['address-conflict']));
      const size = addressLength(family);
      this.observer.dropped(slot, Drop['address-conflict'], now, bytes, addressAt, size, mac);
      return;
    }
  }
}
