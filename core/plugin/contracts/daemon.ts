/** What of the daemon can be seen: its virtual routers, counters, plugins, configuration and events. */
import type { AddressFamily } from '../../vrrp/family.ts';
import type { PluginKind } from './index.ts';

/** What identifies a virtual router. */
export interface RouterName {
  /** The interface that VRRP runs on. */
  readonly interface: string;
  /** The virtual router identifier. */
  readonly group: number;
  /**
   * Address family. Absent in what names a virtual router: the only one with this interface and group. Since 0.3;
   * before, it is not looked at.
   */
  readonly family?: AddressFamily;
  /** VRRP version (since 1.1). Absent in what names a virtual router: the only one with the rest. */
  readonly version?: 2 | 3;
}

/** State of a virtual router, as operators know it. `Down`: it cannot run, see the log, or {@link RouterStatus.fault}. */
export type RouterState = 'Init' | 'Backup' | 'Master' | 'Down';

/** What a Master has beside its virtual addresses: `[[vrouter.address]]`, `[[vrouter.route]]`, `[[vrouter.rule]]`. */
export interface FurtherStatus {
  /** How many the configuration has. */
  readonly configured: number;
  /** How many of them a Master does not have in the kernel; 0 while it is none. They are tried again. */
  readonly missing: number;
  /** Name of the errno that the kernel refused the first of them with. Absent: none. */
  readonly refusal?: string;
}

/** A virtual router at one moment. */
export interface RouterStatus extends RouterName {
  readonly family: AddressFamily;
  readonly addresses: readonly string[];
  /** The prefix length that the configuration gives each of them (since 1.1). Absent: it gives none. */
  readonly prefixLengths?: readonly (number | undefined)[];
  /** In use: 255 for the address owner. */
  readonly priority: number;
  readonly preempt: boolean;
  readonly state: RouterState;
  /** When it entered the state, ms since the epoch; 0 if it never left the first one. */
  readonly since: number;
  /** `vifname`: what its virtual interface is called, if its interface type makes one. */
  readonly vifname: string;
  /** Its addresses are on the virtual interface `vifname` now. */
  readonly onVirtualInterface: boolean;
  /** It is Master, and the kernel has its addresses. Absent: not known. */
  readonly inPlace?: boolean;
  /** Name of the errno that the kernel refused its addresses with, or that it gave up being Master for. */
  readonly refusal?: string;
  /** What it has beside its virtual addresses (since 1.1). Absent: nothing. */
  readonly further?: FurtherStatus;
  /** Authentication type on the wire, 0 for none. */
  readonly authType: number;
  /** `auth_type` as configured (since 1.1). Absent: none. */
  readonly auth?: string;
  /** MAC of the interface: lower case, colons; empty if it is missing. */
  readonly hardwareAddress: string;
  /** Advertisement_Interval as configured, Master_Down_Interval and Skew_Time (RFC 3768 §6.1) in ms. */
  readonly advertisementInterval: number;
  readonly masterDownInterval: number;
  readonly skewTime: number;
  /**
   * What a Backup goes by in VRRPv3, and so do the other two times: the interval of the Master that it heard last, in ms
   * (since 1.1). Absent: its own.
   */
  readonly masterAdvertisementInterval?: number;
  /** Accept_Mode (since 1.1): whether a Master that is no owner takes what is addressed to it. Absent: it does. */
  readonly accept?: boolean;
  /** What the checksum of what it sends covers, VRRPv3 over IPv4 (since 1.1). Absent: there is no choice. */
  readonly checksum?: 'rfc9568' | 'pseudo-header';
  /** Who it speaks to without multicast (since 1.1). Absent: it speaks to the multicast group. */
  readonly peers?: readonly string[];
  /** The address that it is told to speak to them from (since 1.1). Absent: the interface's. */
  readonly source?: string;
  /** Name of the group (`[[sync]]`) whose routers are Master together or not at all (since 1.1). Absent: it is in none. */
  readonly sync?: string;
  /** A Backup that would be Master but for the others of its group (since 1.1). Absent: it is in none. */
  readonly waiting?: boolean;
  /**
   * `lease` in s (since 1.1): the addresses that a Master has in place end by themselves so long after the daemon showed life
   * last. Absent: they stay.
   */
  readonly lease?: number;
  /** It has been told to fail over: it does not preempt until it becomes Master again. */
  readonly standingBy: boolean;
  /** It stands by, as an operator asked: it does not become Master (since 1.1). Absent: it does not stand by. */
  readonly standby?: {
    /** When that is over, ms since the epoch; absent: when it is resumed. */
    readonly until?: number;
    /** Nobody is Master: none has been heard for a Master_Down_Interval. */
    readonly nobodyIsMaster: boolean;
  };
  /** Why it does not run although its interface can be used (since 1.1): `state` is `Down`, or `Init` if it never ran. */
  readonly fault?: RouterFault;
  /** The trackers that count for it (since 1.1). Absent: it names none. */
  readonly trackers?: readonly RouterTracker[];
  /** What the priority in use comes of (since 1.1). Absent: it is the one that is configured, or the owner's. */
  readonly priorityParts?: PriorityParts;
  /**
   * A Backup that must not become Master yet (since 1.1): the directive that says so (`start_delay`, `hearing`, …), and until
   * when at most, ms since the epoch. Absent: nothing holds it back.
   */
  readonly hold?: { readonly reason: string; readonly until: number };
}

/** What a tracker says (since 1.1). `waiting`: there is no verdict yet. */
export type TrackerVerdict = 'up' | 'down' | 'waiting';

/** A tracker at one moment (since 1.1). */
export interface TrackerStatus {
  /** Of its `[[track]]` table. */
  readonly name: string;
  /** What selects its plugin. */
  readonly type: string;
  readonly verdict: TrackerVerdict;
  /** When the verdict has changed last, ms since the epoch. */
  readonly since: number;
  /** What its last check has said. */
  readonly words: string;
  /** It has recovered, and counts as up from then on, ms since the epoch (`hold`). Absent: it has not. */
  readonly heldUntil?: number;
}

/** A tracker as it counts for a virtual router (since 1.1). */
export interface RouterTracker extends TrackerStatus {
  /** As the virtual router has it. Absent: while it is down the virtual router is in Fault. */
  readonly weight?: number;
  /** What it adds to the priority at the moment. Absent: it has no weight. */
  readonly adds?: number;
}

/** Why a virtual router is in Fault (since 1.1). */
export interface RouterFault {
  /** For an operator: `tracker uplink is down: eth1 has no carrier`. */
  readonly reason: string;
  /** The tracker that it is about. */
  readonly tracker?: string;
}

/** What a priority comes of (since 1.1). */
export interface PriorityParts {
  readonly configured: number;
  /** What is added, in order; none of them is 0. */
  readonly parts: readonly { readonly tracker: string; readonly adds: number }[];
  /** In use, within 1 to 254. */
  readonly priority: number;
  /** `100 - 30 (web) = 70` */
  readonly text: string;
}

/** A group of virtual routers that are Master together or not at all (`[[sync]]`), at one moment. */
export interface SyncStatus {
  readonly name: string;
  /** `Fault`, `Down` or `Init` if one of its routers is, `Master` if all are. */
  readonly state: RouterState | 'Fault';
  /** When the state of one of its routers changed last, ms since the epoch; 0: never. */
  readonly since: number;
  readonly routers: readonly {
    /** As `[[sync]]` names it: `eth0/7`. */
    readonly name: string;
    readonly state: RouterState | 'Fault';
    /** A Backup that would be Master but for the others of the group: its Master_Down_Timer has expired. */
    readonly waiting: boolean;
  }[];
}

/** Packets that were dropped, by reason; reasons that never occurred are left out. */
export type DroppedCounters = Readonly<Partial<Record<string, number>>>;

/** Counters of one virtual router since the daemon's start. */
export interface RouterCounters extends RouterName {
  readonly state: RouterState;
  readonly priority: number;
  readonly counters: {
    readonly received: number;
    readonly sent: number;
    readonly priorityZeroReceived: number;
    readonly priorityZeroSent: number;
    readonly becameMaster: number;
    readonly leftMaster: number;
    readonly sendErrors: number;
    readonly addressListMismatches: number;
    /** Accepted without an authentication trailer, where one is checked but not required (since 1.1). */
    readonly unauthenticated?: number;
    /** Accepted although the clocks of sender and receiver differ by more than they should (since 1.1). */
    readonly clockSkews?: number;
    readonly dropped: DroppedCounters;
  };
}

/** Everything that is counted. */
export interface DaemonCounters {
  /** How often packets or a deadline have woken the engine. */
  readonly wakeUps: number;
  readonly routers: readonly RouterCounters[];
  /** Packets that belong to no virtual router. */
  readonly strangers: { readonly dropped: DroppedCounters };
}

/** How a reload or a change went. */
export interface ReloadOutcome {
  /** When it was over, ISO 8601. */
  readonly time: string;
  /** False: everything runs on as before. */
  readonly ok: boolean;
  /** Why not; absent if it went well. */
  readonly error?: string;
  /** The code of that, from the list in docs/operating.md. Since 0.3; absent before. */
  readonly code?: string;
  /** What was found in the configuration, warnings too, a line each: `error: FILE:LINE: …`. */
  readonly issues: readonly string[];
}

/** The daemon. */
export interface DaemonInfo {
  readonly version: string;
  readonly pid: number;
  /** When it had started, ISO 8601. */
  readonly since: string;
  /** 1 for the first generation, one more at each reload and at each replacement of a crashed worker. */
  readonly generation: number;
  /** Null: there was none. */
  readonly lastReload: ReloadOutcome | null;
  readonly plugins: readonly PluginListing[];
  /** What is configured and does not run, apart from virtual routers, a line each. Since 0.3; absent before. */
  readonly troubles?: readonly string[];
}

/** A plugin, as an operator sees it. */
export interface PluginListing {
  readonly package: string;
  readonly version: string;
  readonly kind: PluginKind;
  readonly names: readonly string[];
  /** `configuration`: from `[plugins]`. */
  readonly origin: 'built-in' | 'configuration';
  /** Something in the configuration selects it, or nothing does and it is the default. */
  readonly inUse: boolean;
}

/** The configuration in force. */
export interface RunningConfiguration {
  /** Absolute path of the file. */
  readonly file: string;
  /** As in the file, under the directives' names; defaults are not filled in, secrets are `"***"`. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The same with all defaults of the configuration's schema filled in. */
  readonly effective: Readonly<Record<string, unknown>>;
  /** Changes whenever the configuration does: letters and digits. */
  readonly tag: string;
  /** Temporary changes are in force: the next reload forgets them. */
  readonly temporary: boolean;
}

/** Something that happened. `time` in ms since the epoch. */
export type ServiceEvent =
  | (RouterName & {
      readonly type: 'transition';
      readonly time: number;
      readonly from: RouterState;
      readonly to: RouterState;
      /** Why, in words. */
      readonly cause: string;
      /** Which of both, `Down`, is Fault (since 1.1). Absent: none. */
      readonly fault?: 'from' | 'to';
    })
  /** Packets were rejected. At a bounded rate: `count` of them since the last such event. */
  | (Partial<RouterName> & {
      readonly type: 'rejected';
      readonly time: number;
      /** `auth-failed`, `ttl`, … */
      readonly reason: string;
      readonly count: number;
      /** Sender of the last one; absent if it is not known. */
      readonly peer?: string;
      /** For `address-list`: the virtual addresses that it listed, and ours; for `auth-stale`: how far its clock is off. */
      readonly detail?: string;
    })
  /** A sender's clock and ours differ by more than they should; its packets are accepted (since 1.1). */
  | (RouterName & {
      readonly type: 'clock-skew';
      readonly time: number;
      /** Seconds that its clock is ahead of ours. */
      readonly skew: number;
      readonly peer: string;
    })
  /** An operator's stand-by begins, or is over (since 1.1). */
  | (RouterName & {
      readonly type: 'standby';
      readonly time: number;
      readonly standby: boolean;
      /** When it will be over, ms since the epoch; absent: when it is resumed. */
      readonly until?: number;
    })
  /** In stand-by: nobody is Master, or somebody is again (since 1.1). */
  | (RouterName & { readonly type: 'masterless'; readonly time: number; readonly masterless: boolean })
  /** The verdict of a tracker is another one (since 1.1). */
  | {
      readonly type: 'tracker';
      readonly time: number;
      readonly tracker: string;
      readonly verdict: TrackerVerdict;
      /** What its last check has said. */
      readonly words: string;
    }
  /** Trackers have changed the priority in use (since 1.1). */
  | (RouterName & {
      readonly type: 'priority';
      readonly time: number;
      readonly from: number;
      readonly to: number;
      /** `100 - 30 (web) = 70` */
      readonly cause: string;
    })
  /** A virtual router must not become Master yet, or may before its time was over (since 1.1). */
  | (RouterName & {
      readonly type: 'hold';
      readonly time: number;
      /** The directive that says so. */
      readonly reason: string;
      /** For how many seconds at most; 0: it is over. */
      readonly left: number;
    })
  | ({ readonly type: 'reload' } & ReloadOutcome & { readonly generation: number });
