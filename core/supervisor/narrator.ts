/** Turns the engine's events into lines of the log. */
import { getSystemErrorName } from 'node:util';
import type { DaemonConfig, VirtualRouterConfig } from '../config/model.ts';
import { counted } from '../shared/words.ts';
import { causeText } from '../threads/cause-words.ts';
import { skewText } from '../threads/clock-words.ts';
import { type EngineEvent, EventType } from '../threads/event-ring.ts';
import { holdOverText, holdText } from '../threads/hold-words.ts';
import { listedAddresses } from '../threads/listed-addresses.ts';
import { macText, STATE_NAMES } from '../threads/state-table.ts';
import { faultIn, TrackBoard } from '../threads/track-board.ts';
import { addressText } from '../vrrp/address.ts';
import { CHECKSUM_SORT_NAMES } from '../vrrp/advertisement.ts';
import { DROP_REASONS, type DropReason } from '../vrrp/drop-reasons.ts';
import { HOLD_REASONS } from '../vrrp/hold.ts';
import type { Logger } from './log.ts';

/** What an operator would check, for each reason to drop a packet that a misconfigured peer causes. */
const ADVICE: Partial<Record<DropReason, string>> = {
  ttl: 'it was forwarded by a router, or forged',
  peer: 'it is none of its peers',
  version: 'use the same VRRP version on both sides',
  checksum: 'it was damaged on the way, or its sender computes the checksum otherwise',
  'unknown-vrid': 'no virtual router of this group is configured on the interface',
  source: 'no router has such an address, and only its owner sends from the virtual address',
  'own-source': 'the network loops our packets back, or another host has our address',
  'address-owner': 'we own the address: the other router must not use it',
  'auth-type': 'use the same auth_type on both sides',
  'auth-failed': 'use the same auth_secret on both sides',
  'auth-missing': 'have it send a trailer, or accept advertisements without one',
  'auth-malformed': 'it is no trailer of this type, or it was damaged on the way',
  'auth-unknown-key': 'have the same keys on both sides',
  'auth-replayed': 'somebody repeats its packets, or its clock was set back',
  interval: 'use the same advertisement interval on both sides',
};

/** By `ChecksumSort`: what a checksum covers, in words and as `checksum` has it. */
const COVERED = [
  'what there is',
  'the message alone (RFC 9568)',
  'the message and a pseudo-header (RFC 5798)',
];

/** Logs engine events with the fields that a machine would look for. */
export class Narrator {
  /** By slot. */
  private readonly names: readonly string[];

  constructor(
    private readonly log: Logger,
    private readonly routers: DaemonConfig['virtualRouters'],
    private readonly board = new TrackBoard([], []),
  ) {
    this.names = namesOf(routers);
  }

  tell(event: EngineEvent): void {
    const router = this.routers[event.slot];
    const fields = {
      interface: router?.interface,
      group: router?.vrid,
      family: router?.family,
      version: router?.version,
    };
    const who = this.names[event.slot] ?? 'no virtual router';
    const peer = event.peer.length > 0 ? addressText(event.peer) : 'an unknown sender';
    switch (event.type) {
      case EventType.Transition: {
        const fault = faultIn(event.c, event.a, event.b);
        const from = fault === 'from' ? 'Fault' : STATE_NAMES[event.a as 0 | 1 | 2 | 3];
        const to = fault === 'to' ? 'Fault' : STATE_NAMES[event.b as 0 | 1 | 2 | 3];
        const cause = causeText(event.c, this.routers, this.board);
        const level = to === 'Down' || to === 'Fault' ? 'warn' : 'info';
        this.log[level]({ ...fields, from, to, cause }, `${who}: ${from} -> ${to}: ${cause}`);
        break;
      }
      case EventType.Priority: {
        const text = router ? this.board.priorityText(router) : '';
        const both = { ...fields, from: event.a, to: event.b };
        this.log.info(both, `${who}: priority ${event.a} -> ${event.b}: ${text}`);
        break;
      }
      case EventType.Tracker: // its runner has told
        break;
      case EventType.Dropped: {
        const reason = DROP_REASONS[event.a]!;
        if (reason === 'address-conflict') {
          const mac = macText(event.c);
          const packet = router?.family === 6 ? 'neighbour advertisement' : 'ARP packet';
          const text = `${who}: ${mac} announces or answers for our address ${peer} (${counted(event.b, packet)}): announced again; another router or host has the address too`;
          this.log.warn({ ...fields, reason, peer, mac, count: event.b }, text);
          break;
        }
        const advice = this.advice(router, reason, event);
        const text = `${who}: dropped ${counted(event.b, 'packet')} from ${peer}: ${reason}${advice ? `: ${advice}` : ''}`;
        const both = reason === 'address-list' ? lists(router, event) : {};
        this.log.warn({ ...fields, reason, peer, count: event.b, ...both }, text);
        break;
      }
      case EventType.SendError: {
        const errno = getSystemErrorName(-event.a);
        this.log.warn(
          { ...fields, errno, count: event.b },
          `${who}: could not send ${counted(event.b, 'packet')}: ${errno}`,
        );
        break;
      }
      case EventType.Stalled: {
        const late = Math.round(event.a);
        this.log.warn(
          { ...fields, late },
          `${who}: this process did not run for ${late} ms: waiting for the Master again`,
        );
        break;
      }
      case EventType.AddressListMismatch: {
        const { listed, ours } = lists(router, event);
        const text =
          `${who}: ${peer} lists other addresses for this group (${counted(event.b, 'advertisement')}, obeyed): ` +
          `${listed}; ours: ${ours}: configure the same on all routers of the group`;
        this.log.warn({ ...fields, peer, count: event.b, listed, ours }, text);
        break;
      }
      case EventType.ClockSkew: {
        const text = `${who}: the clock of ${peer} is ${skewText(event.a)}: set the clocks (NTP), before its advertisements are dropped as auth-stale`;
        this.log.warn({ ...fields, peer, skew: event.a / 1000, count: event.b }, text);
        break;
      }
      case EventType.Unauthenticated:
        this.log.warn(
          { ...fields, peer },
          `${who}: ${peer} advertises without a trailer, which is accepted for now: counted as unauthenticated`,
        );
        break;
      case EventType.AdvertisementReceived:
        this.log.trace(
          { ...fields, peer, priority: event.a },
          `${who}: advertisement from ${peer}, priority ${event.a}`,
        );
        break;
      case EventType.AdvertisementSent:
        this.log.trace({ ...fields, priority: event.a }, `${who}: advertisement sent, priority ${event.a}`);
        break;
      case EventType.Checksum: {
        const heard = COVERED[event.a]!;
        const sent = COVERED[event.c]!;
        const both = {
          ...fields,
          peer,
          heard: CHECKSUM_SORT_NAMES[event.a],
          sent: CHECKSUM_SORT_NAMES[event.c],
        };
        if (event.a === event.c) {
          this.log.info(both, `${who}: sends checksums over ${sent} from now on, as ${peer} does`);
          break;
        }
        const text =
          `${who}: ${peer} sends checksums over ${heard}, and we are told to send them over ${sent}: routers that ` +
          'read one sort alone do not hear each other and are both Master; checksum = "auto" does as the others do';
        this.log.warn(both, text);
        break;
      }
      case EventType.PeerUnreachable: {
        const errno = getSystemErrorName(-event.a);
        const text = `${who}: peer ${peer} cannot be reached: ${errno}; it is told again when that has changed`;
        this.log.warn({ ...fields, peer, errno }, text);
        break;
      }
      case EventType.PeerReachable:
        this.log.info({ ...fields, peer }, `${who}: peer ${peer} can be reached again`);
        break;
      case EventType.Hold: {
        const reason = HOLD_REASONS[event.a]!;
        const text = `${who}: ${holdText(reason, event.b)}`;
        this.log.info({ ...fields, reason, left: event.b / 1000 }, text);
        break;
      }
      case EventType.HoldOver: {
        const reason = HOLD_REASONS[event.a]!;
        this.log.info({ ...fields, reason }, `${who}: ${holdOverText(reason)}`);
        break;
      }
      case EventType.Ownership: {
        const text =
          event.a === 1
            ? `${who}: the interface has the virtual address itself: address owner, priority 255`
            : `${who}: no longer the address owner: priority as configured`;
        this.log.info(fields, text);
        break;
      }
    }
  }

  /** What to do about packets that were dropped. */
  private advice(
    router: VirtualRouterConfig | undefined,
    reason: DropReason,
    event: EngineEvent,
  ): string | undefined {
    switch (reason) {
      case 'address-list':
        return otherGroup(router, event);
      case 'auth-stale':
        return `its clock is ${skewText(event.c)}, or somebody repeats its packets: set the clocks (NTP)`;
      case 'auth-failed':
        if (router?.auth) return 'it is forged, or its key of this number is another one';
    }
    return ADVICE[reason];
  }

  /** Tells that events were lost, because there were more than could be logged. */
  lost(count: number): void {
    this.log.warn({ count }, `${counted(count, 'event')} not logged: too many at once`);
  }
}

/** What a dropped advertisement listed, and what we have. */
function otherGroup(router: VirtualRouterConfig | undefined, event: EngineEvent): string {
  const { listed, ours } = lists(router, event);
  return (
    `another group uses this VRID: it lists ${listed}, and ours is ${ours}: give one of the groups another VRID, ` +
    'or all of its routers the same addresses'
  );
}

/** Both address lists, as text. */
function lists(
  router: VirtualRouterConfig | undefined,
  event: EngineEvent,
): { readonly listed: string; readonly ours: string } {
  return { listed: listedAddresses(event), ours: router?.addresses.join(', ') ?? '' };
}

/** `eth0 group 7`, with family and version where another one has the same interface and group. */
function namesOf(routers: DaemonConfig['virtualRouters']): string[] {
  const groups = new Map<string, VirtualRouterConfig[]>();
  for (const router of routers) {
    const name = `${router.interface} group ${router.vrid}`;
    const members = groups.get(name);
    if (members) members.push(router);
    else groups.set(name, [router]);
  }
  return routers.map((router) => {
    const name = `${router.interface} group ${router.vrid}`;
    const others = groups.get(name)!;
    const differs = (what: 'family' | 'version'): boolean =>
      others.some((other) => other[what] !== router[what]);
    const more = [
      ...(differs('family') ? [`IPv${router.family}`] : []),
      ...(differs('version') ? [`VRRPv${router.version}`] : []),
    ];
    return more.length > 0 ? `${name} (${more.join(', ')})` : name;
  });
}
