/** The configuration as the daemon uses it: every default filled in, every name resolved. Plain data. */
import type { AddressFamily, ApiSettings, KernelResource } from '../plugin/contracts/index.ts';

/** What a virtual router installs beside its addresses: routes and rules. */
export type ExtraResource = Extract<KernelResource, { kind: 'table-route' | 'rule' }>;

/** One `[[vrouter.address]]`: an address that a Master has beside its virtual ones. */
export interface FurtherAddress {
  readonly family: AddressFamily;
  /** Normalised. */
  readonly address: string;
  readonly prefixLength: number;
  /** Where it is. Absent: where the virtual addresses are. */
  readonly interface?: string;
  /** IPv4. Absent: `global`. */
  readonly scope?: 'link' | 'host';
  /** IPv4. Absent: the interface's name. */
  readonly label?: string;
  /** Advertisements list it, after the virtual addresses. Absent: they do not. */
  readonly advertised?: true;
}

/** Where a directive stands. */
export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The whole configuration. */
export interface DaemonConfig {
  /** Absolute path of the file that it was read from. */
  readonly file: string;
  readonly debug: 0 | 1 | 2 | 3 | 4 | 5;
  readonly timeZone: 'local' | 'utc';
  readonly timeFormat: 'disabled' | 'short' | 'rfc2822';
  /** Path of the PID file. */
  readonly pid: string;
  readonly workingDir: string;
  readonly mainLog: string;
  /** Absent: disabled. */
  readonly errorLog?: string;
  /** Name of the `api` plugin. Absent: the default one, if the file has an `[api]` table or the directive. */
  readonly clientApi?: string;
  readonly virtualRouters: readonly VirtualRouterConfig[];
  /** `[[track]]`. Absent: there is none. */
  readonly trackers?: readonly TrackerConfig[];
  /** `[[notify]]`. Absent: there is none. */
  readonly hooks?: readonly HookConfig[];
  /** `[protocols]`: the entries by protocol name. */
  readonly protocols: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** `[api]`, its defaults filled in. */
  readonly api: ApiSettings;
}

/** One `[[track]]`. */
export interface TrackerConfig {
  /** Where its table starts, for messages about it. */
  readonly position: Position;
  /** Unique: a tracker of the same name after a reload is the same tracker. */
  readonly name: string;
  /** Name of a `track` plugin's type. */
  readonly type: string;
  /** From one check to the next, in ms. */
  readonly interval: number;
  /** What a check may take, in ms. */
  readonly timeout: number;
  /** So many good checks in a row make it up. */
  readonly rise: number;
  /** So many failed ones in a row make it down. */
  readonly fall: number;
  /** What counts until there is a verdict. */
  readonly initial: 'up' | 'down' | 'wait';
  /** What was down must stay up for so many ms before that counts. */
  readonly hold: number;
  /** The plugin's own directives, its schema's defaults filled in. May be secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where its directives stand, by name. Absent until the plugin is known. */
  readonly positions?: Readonly<Record<string, Position>>;
}

/** One `[[notify]]`. */
export interface HookConfig {
  /** Where its table starts, for messages about it. */
  readonly position: Position;
  /** Unique: a hook of the same name after a reload has the same queue. */
  readonly name: string;
  /** Name of a `notify` plugin's type. */
  readonly type: string;
  /** Keys of the virtual routers that it is about, see `routerKey`. Absent: all. */
  readonly routers?: readonly string[];
  /** Names of the groups (`[[sync]]`) that it is about. Absent: all. */
  readonly groups?: readonly string[];
  /** The new states that are told. Absent: all. */
  readonly states?: readonly ('master' | 'backup' | 'fault' | 'down' | 'stop')[];
  /** Of events that wait for long only the newest of each router or group is told. */
  readonly latest: boolean;
  /** What a delivery may take, in ms. */
  readonly timeout: number;
  /** How often a delivery that has failed is tried again. */
  readonly retries: number;
  /** The plugin's own directives, its schema's defaults filled in. May be secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where its directives stand, by name. Absent until the plugin is known. */
  readonly positions?: Readonly<Record<string, Position>>;
}

/** A tracker as a virtual router names it. */
export interface RouterTrack {
  readonly name: string;
  /** Absent: while it fails the virtual router is in Fault. */
  readonly weight?: number;
}

/** `[vrouter.auth]`. What is in it is the plugin's affair: it may be secret. */
export interface AuthDirectives {
  /** Its defaults filled in. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each directive stands, by its name in the table (`active_key`, `keys.1`), for messages. */
  readonly positions: Readonly<Record<string, Position>>;
}

/** What holds a virtual router back from being Master, in ms; 0: nothing. */
export interface HoldSettings {
  /** `start_delay`: since the start of the daemon. */
  readonly start: number;
  /** `boot_delay`: since the machine's boot. */
  readonly boot: number;
  /** `link_delay`: since the interface came up. */
  readonly link: number;
  /** `link_debounce`: losses of carrier that are shorter are not acted upon. The same for all routers of an interface. */
  readonly debounce: number;
  /** `hearing`: at most so long, until something is heard on the interface. */
  readonly hearing: number;
  /** `preempt_delay`: while a Master of lower priority is there. */
  readonly preempt: number;
}

/** `announce`: how a Master announces its addresses. What is absent has its default, see announcer.ts. */
export interface AnnounceSettings {
  /** Announcements of a series. */
  readonly count?: number;
  /** Pauses in ms before each of them but the first, the last one repeats; one at least. */
  readonly pauses?: readonly number[];
  /** A Master announces again every so many ms after a series; 0: never. */
  readonly refresh?: number;
  /** At most so many announcements a second on the interface, of all its routers; 0: no limit. */
  readonly rate?: number;
}

/** One `[[vrouter]]`, or one family of it: a table with addresses of both stands for two. */
export interface VirtualRouterConfig {
  /** Where its table starts, for messages about it. */
  readonly position: Position;
  /** Index of its table in `vrouter`. Absent: where it stands itself, as if each table stood for one. */
  readonly table?: number;
  /** `group`: the virtual router identifier, 0 to 255 (RFC 3768 §5.3.2 has 1 to 255). */
  readonly vrid: number;
  readonly interface: string;
  readonly family: AddressFamily;
  /** VRRP version. */
  readonly version: 2 | 3;
  /** `vip`: the virtual addresses of this family, normalised, at least one. IPv6: the first one is link-local. */
  readonly addresses: readonly string[];
  /** The prefix length written behind each of them; undefined where none is. Absent: behind none of them. */
  readonly prefixLengths?: readonly (number | undefined)[];
  /** As configured, 1 to 254; the address owner uses 255 instead. */
  readonly priority: number;
  /** `preemption` (Preempt_Mode). */
  readonly preempt: boolean;
  /** Advertisement_Interval in centiseconds; whole seconds for VRRPv2. */
  readonly advertisementIntervalCs: number;
  /** False: VRRPv2's advertisement lists the interface's own addresses after the virtual ones. */
  readonly rfc3768: boolean;
  /** Name of the `auth` plugin's type. Absent: no authentication. */
  readonly authType?: string;
  /** Empty if not configured. */
  readonly authSecret: string;
  /** `[vrouter.auth]`: what the plugin of `auth_type` is told. Absent: nothing. */
  readonly auth?: AuthDirectives;
  /** Name of the `netdrv` plugin. Absent: the default one. */
  readonly netdrv?: string;
  /** Name of the `iftype` plugin. Absent: the default one. */
  readonly iftype?: string;
  /** `vifname`, or `standby<group>`; see `vifnameOf`. */
  readonly vifname: string;
  /**
   * `address_check`: which of our virtual addresses an advertisement must list to be obeyed (RFC 3768 §7.1).
   * Absent: `any`.
   */
  readonly addressCheck?: 'any' | 'all' | 'none';
  /** `accept` (Accept_Mode, RFC 9568 §6.1): whether a Master that is no owner takes what is addressed to it. Absent: true. */
  readonly accept?: boolean;
  /**
   * `checksum`, VRRPv3 over IPv4 alone: whether the checksum covers the message only (`rfc9568`), or a pseudo-header too
   * (`pseudo-header`). Absent or `auto`: as the other routers of the group do.
   */
  readonly checksum?: 'auto' | 'rfc9568' | 'pseudo-header';
  /**
   * `peers` of this family, normalised, one at least: advertisements go to each of them, and are accepted from them alone.
   * IPv6: all of them are link-local, or none is. Absent: multicast.
   */
  readonly peers?: readonly string[];
  /** `source`: the address that peers know us by. Absent: the interface's primary one. */
  readonly source?: string;
  /** `min_ttl`: what the TTL or hop limit of a peer's packets must be at least. Absent: 255, none was forwarded. */
  readonly minTtl?: number;
  /** `track`. Absent: none. */
  readonly track?: readonly RouterTrack[];
  /** `track_interface`: whether it is Down while its interface has no carrier. Absent: true. */
  readonly trackInterface?: boolean;
  /** Absent: nothing holds it back. */
  readonly hold?: HoldSettings;
  /** `down_timer_adverts`: how many intervals the Master_Down_Interval has. Absent: 3, as the RFCs say. */
  readonly downTimerAdverts?: number;
  readonly announce?: AnnounceSettings;
  /** `socket_filter`. */
  readonly socketFilter: boolean;
  /** `[[vrouter.route]]` and `[[vrouter.rule]]`: what it installs while it is Master. Absent: nothing. */
  readonly extras?: readonly ExtraResource[];
  /** `[[vrouter.address]]`: what addresses it has while it is Master, beside its virtual ones. Absent: none. */
  readonly further?: readonly FurtherAddress[];
  /** `lease` in s: its addresses end so long after this daemon last showed life. Absent: they stay. */
  readonly lease?: number;
  /**
   * Name of the `[[sync]]` that it is in: its routers are Master together or not at all. Priority and preemption are the
   * group's already. Absent: it is in none.
   */
  readonly sync?: string;
}
