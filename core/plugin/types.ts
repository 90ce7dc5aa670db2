/**
 * The plugin API: every contract between the core and a plugin. Types only, no code.
 *
 * A plugin is an npm package. The `"rvrrpd"` field of its `package.json` is its {@link PluginManifest}; its
 * default export is the contract of its kind ({@link AuthPlugin}, {@link FilterPlugin}, …). A plugin's kind
 * decides which thread it runs in (see docs/architecture.md); nobody configures that.
 */

/** Version of this plugin API (semver). A manifest's `api` range must contain it. */
export type PluginApiVersion = '1.0.0';

/** What a plugin is for. */
export type PluginKind = 'auth' | 'filter' | 'netdrv' | 'iftype' | 'protocol' | 'api';

/**
 * A thing that a network driver can do beyond the minimum, and that a virtual router may need: `macvlan` links;
 * `ipv6` addresses and routes; an IPv4 address without a label of its own (`unlabelled-address`), which an
 * interface needs whose name leaves no room for one; the MTU of a route (`route-mtu`); metrics of routes above
 * 32766 (`route-metric`).
 */
export type DriverCapability = 'macvlan' | 'ipv6' | 'unlabelled-address' | 'route-mtu' | 'route-metric';

/** The `"rvrrpd"` field of a plugin's `package.json`. Checked before any code of the plugin runs. */
export interface PluginManifest {
  /** Semver range of the plugin API that it was written for, e.g. `^1.0.0`. */
  readonly api: string;
  readonly kind: PluginKind;
  /** The configuration values that it answers to, the values of `auth_type` for kind `auth`. */
  readonly names: readonly string[];
  /** True: used where the configuration names nothing for this kind. Default false. */
  readonly default?: boolean;
  /** `netdrv` only: what the driver can do. */
  readonly provides?: readonly DriverCapability[];
  /** `iftype` only: what the driver must be able to do. */
  readonly needs?: readonly DriverCapability[];
  /**
   * Path in the package of the JSON Schema (draft-07) of its `[plugins]` options. Absent: it takes none.
   * `default` fills in, `writeOnly` marks a secret, `expected` ends the complaint "must be …".
   */
  readonly optionsSchema?: string;
  /** `protocol` only: path of the JSON Schema of one `[[protocols.<name>]]` entry. Absent: not checked. */
  readonly configSchema?: string;
}

/** IP version of a virtual router's addresses. */
export type AddressFamily = 4 | 6;

/** Handed to a plugin's `create`. */
export interface PluginContext {
  /** The configuration value that selected it, one of its manifest's `names`. */
  readonly name: string;
  /** `[plugins]` options of this plugin, validated against the JSON Schema that it ships; `{}` if none. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Writes to the daemon's log. */
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

// ---------------------------------------------------------------------------------------------- auth

/** Kind `auth`: signs and verifies VRRPv2 advertisements. Runs in the engine: it must never block. */
export interface AuthPlugin {
  readonly kind: 'auth';
  /**
   * Prepares one virtual router's authentication; key set-up belongs here, not into `sign`.
   * @param secret `auth_secret` of the virtual router as UTF-8; empty if the configuration has none.
   */
  create(context: PluginContext, secret: Uint8Array): Authenticator;
}

/**
 * One virtual router's authentication. The *body* is the VRRP message from the version octet up to and
 * including the last address, its checksum field zero; the 8-byte trailer (RFC 2338 §5.3.10) follows it.
 */
export interface Authenticator {
  /** The Authentication Type octet on the wire (RFC 2338 §5.3.6), 1 to 255. */
  readonly authType: number;
  /**
   * Writes the trailer of `packet[start, end)` to `packet[end, end + 8)`.
   * @throws Error if it cannot: the advertisement stays as it was; a router that has none yet does not run
   */
  sign(packet: Uint8Array, start: number, end: number): void;
  /**
   * Whether the trailer at `packet[end, end + 8)` belongs to the body `packet[start, end)`. In constant time.
   * It depends on the packet alone: an advertisement identical to the last one that held is not asked about
   * again. It should not allocate. An exception counts as false, and is logged.
   */
  verify(packet: Uint8Array, start: number, end: number): boolean;
  /**
   * What the next version of this plugin needs of this one at a reload, as structured clone can carry it.
   * Absent: nothing. Advertisements may still arrive between the export and the import.
   */
  exportState?(): unknown;
  /**
   * Takes over what `exportState` of the plugin of the same name, of any version, has given; not called if it
   * gave `undefined`.
   * @throws Error if it cannot: the reload is called off
   */
  importState?(state: unknown): void;
}

// -------------------------------------------------------------------------------------------- filter

/** Kind `filter`: the kernel program that keeps packets which are not ours from waking the engine. */
export interface FilterPlugin {
  readonly kind: 'filter';
  create(context: PluginContext): SocketFilter;
}

/** Builds a socket filter. Runs in the engine, when an interface's set of virtual routers changes. */
export interface SocketFilter {
  /** The classic BPF program (Linux `struct sock_filter`) of a packet socket that sees Ethernet frames. */
  program(wanted: FilterSpec): readonly BpfInstruction[];
}

/**
 * What a socket filter must let through, whole: VRRP (IP protocol 112) of one family and these VRIDs. What is
 * wrong with an advertisement is not its business: the engine counts that by reason. Frames for another host or
 * another VLAN must not pass: the kernel marks both PACKET_OTHERHOST (`SKF_AD_PKTTYPE`).
 */
export interface FilterSpec {
  readonly family: AddressFamily;
  /** Ascending, without duplicates. */
  readonly vrids: readonly number[];
}

/** One classic BPF instruction, as in `struct sock_filter` (Linux Documentation/networking/filter). */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

// -------------------------------------------------------------------------------------------- netdrv

/** Kind `netdrv`: talks to the kernel about links, addresses and routes. Runs in the actuator. */
export interface NetdrvPlugin {
  readonly kind: 'netdrv';
  /** @throws Error that says what is missing and what to install or configure instead. */
  create(context: PluginContext): NetworkDriver;
}

/** A network driver: the kernel's state as it is, changes to it, and news of it. No policy. */
export interface NetworkDriver {
  /** Every link of the network namespace with its addresses, up or not. */
  links(): Promise<Link[]>;
  /**
   * Applies changes in order, each on its own: a failed one does not stop the next.
   * @returns one entry for each change: `null`, or why the kernel refused it. Never rejects for a refusal.
   */
  apply(changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]>;
  /**
   * Calls `listener` after links, addresses or (if the kernel tells) routes have changed, whoever changed
   * them, our own `apply` included. Several changes may be told at once.
   */
  watch(listener: (news: readonly KernelNews[]) => void): void;
  /** Stops watching and gives back every descriptor. */
  close(): void;
}

/** A network interface as the kernel sees it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Lower case, colons: `00:00:5e:00:01:07`. Empty for a link without one. */
  readonly mac: string;
  /** Set up by the administrator (IFF_UP). */
  readonly up: boolean;
  /** Has carrier and is operational (IFF_RUNNING). */
  readonly running: boolean;
  /** True for Ethernet (ARPHRD_ETHER), loopback excluded. */
  readonly ethernet: boolean;
  readonly mtu: number;
  /** `macvlan`, `vlan`, `veth`, …; empty for a physical interface. */
  readonly type: string;
  /** Index of the link it sits on; 0 for none. */
  readonly parent: number;
  readonly addresses: readonly LinkAddress[];
}

/** An address of a link. */
export interface LinkAddress {
  readonly family: AddressFamily;
  /** `10.0.0.1`, `fe80::1`. */
  readonly address: string;
  readonly prefixLength: number;
  /** IPv4 label (`eth0:1`), or the interface's name. Empty for IPv6. */
  readonly label: string;
  /** IFA_F_SECONDARY. */
  readonly secondary: boolean;
}

/**
 * Which interface the name `interface` means: names change hands. A driver that looks at it refuses the change with
 * ENODEV if the interface of that name has another index by now.
 */
export interface InterfaceIndex {
  /** Absent: whichever has the name. */
  readonly index?: number;
}

/** A change to the kernel's state. Interfaces are named, so that one made earlier in a batch can be used. */
export type KernelChange =
  | ({ readonly op: 'add-address' | 'remove-address' } & AddressResource & InterfaceIndex)
  | ({ readonly op: 'add-link' | 'remove-link' } & MacvlanResource)
  | ({ readonly op: 'set-mac'; readonly interface: string; readonly mac: string } & InterfaceIndex)
  | ({ readonly op: 'set-up'; readonly interface: string; readonly up: boolean } & InterfaceIndex)
  | ({ readonly op: 'add-route' | 'remove-route' } & RouteResource);

/** Why the kernel refused a change. */
export interface KernelRefusal {
  /**
   * Name of the error number: `EEXIST`, `ENODEV`, `EADDRNOTAVAIL`, … `EIO`: it is not known whether the change was
   * made, as its answer was lost.
   */
  readonly errno: string;
  /** The call and its arguments, for the log. */
  readonly message: string;
}

/** Something that changed in the kernel. */
export type KernelNews =
  | { readonly type: 'link'; readonly index: number; readonly name: string; readonly gone: boolean }
  | { readonly type: 'address'; readonly index: number; readonly address: string; readonly gone: boolean }
  | { readonly type: 'route'; readonly gone: boolean }
  /** News were lost (ENOBUFS): everything must be read again. */
  | { readonly type: 'overrun' };

// ------------------------------------------------------------------------------- iftype and protocol

/**
 * A thing that the kernel holds on behalf of Masters. The actuator installs it before its first user becomes
 * Master, takes it back after the last, and repairs it when somebody else removes it. What was there before
 * is never ours: it is neither changed back nor removed.
 */
export type KernelResource =
  | ({ readonly kind: 'address' } & AddressResource)
  | ({ readonly kind: 'link' } & MacvlanResource)
  | { readonly kind: 'mac'; readonly interface: string; readonly mac: string }
  | { readonly kind: 'up'; readonly interface: string }
  | ({ readonly kind: 'route' } & RouteResource)
  | SysctlResource;

/** An address on an interface. IPv4 scope is global, no broadcast address is set. */
export interface AddressResource {
  readonly interface: string;
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
  /**
   * IPv4 only: `<interface>:<suffix>`, 15 characters at most (man 7 netdevice, alias interfaces). Absent: the
   * interface's name, or a label of the driver's choice if it does not provide `unlabelled-address`.
   */
  readonly label?: string;
}

/** A macvlan link in bridge mode, made down. */
export interface MacvlanResource {
  readonly type: 'macvlan';
  readonly interface: string;
  readonly parent: string;
  readonly mac: string;
}

/** A unicast route in the main table. */
export interface RouteResource {
  readonly family: AddressFamily;
  /** `0.0.0.0` with prefix length 0 for the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway: string;
  /** Route priority; the kernel's default (0 for IPv4) if absent. */
  readonly metric?: number;
  /** RTAX_MTU in octets. */
  readonly mtu?: number;
}

/** A setting below /proc/sys; its previous value is put back when its last user leaves. */
export interface SysctlResource {
  readonly kind: 'sysctl';
  /** Path parts below /proc/sys: `['net', 'ipv4', 'conf', 'eth0.5', 'arp_ignore']`. */
  readonly path: readonly string[];
  readonly value: string;
  /** True: where the kernel has no such setting (a kernel without IPv6), nothing needs to be set. */
  readonly optional?: boolean;
}

/** Kind `iftype`: where a Master's addresses live. Runs in the actuator. */
export interface IftypePlugin {
  readonly kind: 'iftype';
  create(context: PluginContext): InterfaceType;
}

/** An interface type: a pure function from a virtual router to what the kernel must hold for it. */
export interface InterfaceType {
  plan(router: RouterOnInterface): MasterPlan;
  /** What the operator should know at start, one sentence each; `routers` are all those of this type. */
  advise?(routers: readonly RouterOnInterface[]): string[];
}

/** A virtual router, as an interface type sees it. */
export interface RouterOnInterface {
  readonly vrid: number;
  readonly family: AddressFamily;
  /** The virtual addresses, the first one first. */
  readonly addresses: readonly string[];
  /** The interface that VRRP runs on. */
  readonly interface: Link;
  /** `vifname`, or its default. */
  readonly vifname: string;
  /** 00:00:5e:00:01:VRID, or 00:00:5e:00:02:VRID for IPv6 (RFC 5798 §7.3). */
  readonly virtualMac: string;
  /** How many virtual routers of this interface type run on this interface, this one included. */
  readonly siblings: number;
}

/** What must be in the kernel while a virtual router is Master. */
export interface MasterPlan {
  /** Name of the interface that holds the addresses. */
  readonly interface: string;
  /** The MAC that gratuitous ARP announces. */
  readonly announce: 'virtual-mac' | 'interface-mac';
  /** In the order to install; taken back in reverse. */
  readonly resources: readonly KernelResource[];
}

/** Kind `protocol`: `[protocols]`, what a Master installs and takes back. Runs in the actuator. */
export interface ProtocolPlugin {
  readonly kind: 'protocol';
  create(context: PluginContext): Protocol;
}

/** A protocol: a pure function from its configuration to what the kernel must hold while anyone is Master. */
export interface Protocol {
  /** @param entries the `[[protocols.<name>]]` tables, validated. */
  plan(entries: readonly Readonly<Record<string, unknown>>[]): readonly KernelResource[];
}

// ----------------------------------------------------------------------------------------------- api

/**
 * Kind `api`: a service that shows the daemon to the outside, such as the client API. Each runs in a thread of
 * its own, where it may be slow, and even get stuck: nothing else notices. One that crashes is started again.
 */
export interface ApiPlugin {
  readonly kind: 'api';
  /**
   * Prepares the service. It must not listen or connect anywhere yet: another one may still be running.
   * @throws Error if it cannot: the daemon does not start, or its reload is called off
   */
  create(context: ServiceContext): Service;
}

/** A service. */
export interface Service {
  /** Begins to serve. If it cannot, it is tried again, less and less often. */
  start(): void | Promise<void>;
  /** Ends it, within half a second: after that its thread is ended all the same. */
  stop(): void | Promise<void>;
  /**
   * Makes ready for a configuration that may come into force: reads and opens what it needs, and takes nothing
   * into use. Absent: at each reload the service is ended, and another one started.
   * @returns what takes it into use, called when it is in force; until then {@link ServiceContext} shows the
   * configuration before. It may never be called: the reload can still be called off
   * @throws Error if the service cannot work with it: the reload is called off
   */
  reconfigure?(settings: ServiceSettings): PreparedSettings | Promise<PreparedSettings>;
  /** What the next version of the plugin needs of this one at a reload, as structured clone can carry it. */
  exportState?(): unknown;
  /** Takes over what `exportState` of the plugin of the same package has given, before `start`. */
  importState?(state: unknown): void;
}

/** What {@link Service.reconfigure} has made ready. */
export interface PreparedSettings {
  /** Takes it into use. */
  commit(): void | Promise<void>;
  /** Gives it back: the reload was called off. */
  abandon?(): void | Promise<void>;
}

/** The configuration of a service. */
export interface ServiceSettings {
  /** `[plugins]` options, as in {@link PluginContext}. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The `[api]` table, defaults filled in. */
  readonly api: ApiSettings;
}

/** `[api]` (docs/configuration.md). */
export interface ApiSettings {
  /** Lines of `{{ALG}}name:level:salt:hash`. To check a password, see {@link ServiceContext.authenticate}. */
  readonly users: readonly string[];
  /** Absent: to be made up, at random. */
  readonly secret?: string;
  /** Where to listen: `address:port`, an IPv6 address in brackets. */
  readonly host: string;
  readonly tls: boolean;
  /** Paths of private key and certificate chain, PEM. */
  readonly tlsKey: string;
  readonly tlsCert: string;
}

/** Handed to a service plugin. Reading it never disturbs the virtual routers, however often it is done. */
export interface ServiceContext extends PluginContext, ServiceSettings {
  /** Every virtual router as it is now. The same array as last time if nothing in it has changed. */
  routers(): readonly RouterStatus[];
  /** Everything that is counted. */
  counters(): DaemonCounters;
  /** The daemon, and how its last reload went. */
  daemon(): DaemonInfo;
  /** The configuration in force. The same object as last time if nothing has changed. */
  configuration(): RunningConfiguration;
  /** Calls `listener` with what happens from now on, a few times a second at most. */
  subscribe(listener: (events: readonly ServiceEvent[], lost: number) => void): void;
  /**
   * Checks a password against `[api]` `users`, in a time that does not tell whether there is such a user. It
   * may take some tenths of a second, which other threads spend.
   * @returns the user's access level, 0 to 9; undefined if name or password are wrong
   */
  authenticate(user: string, password: string): Promise<number | undefined>;
  /**
   * Changes the configuration of the running daemon, all of it or nothing, as a reload does: no virtual router
   * that it does not concern notices.
   */
  change(request: ChangeRequest): Promise<ChangeOutcome>;
  /** Path of a file that is the plugin's own: it outlives the daemon, and goes with the next boot. */
  readonly stateFile: string;
}

/** What identifies a virtual router. */
export interface RouterName {
  /** The interface that VRRP runs on. */
  readonly interface: string;
  /** The virtual router identifier. */
  readonly group: number;
}

/** State of a virtual router, as operators know it. `Down`: it cannot run, see the log. */
export type RouterState = 'Init' | 'Backup' | 'Master' | 'Down';

/** A virtual router at one moment. */
export interface RouterStatus extends RouterName {
  readonly family: AddressFamily;
  readonly addresses: readonly string[];
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
  /** Authentication type on the wire, 0 for none. */
  readonly authType: number;
  /** MAC of the interface: lower case, colons; empty if it is missing. */
  readonly hardwareAddress: string;
  /** Advertisement_Interval, Master_Down_Interval and Skew_Time (RFC 3768 §6.1) in ms. */
  readonly advertisementInterval: number;
  readonly masterDownInterval: number;
  readonly skewTime: number;
  /** It has been told to fail over: it does not preempt until it becomes Master again. */
  readonly standingBy: boolean;
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

/** A change of the configuration. */
export type ConfigurationChange =
  /** Sets a directive; a table is replaced as a whole. `value` undefined: removes it. Not for `vrouter`. */
  | { readonly op: 'set'; readonly path: readonly string[]; readonly value?: unknown }
  /** Adds a `[[vrouter]]`, behind the others. */
  | { readonly op: 'add-router'; readonly table: Readonly<Record<string, unknown>> }
  /** Changes directives of a `[[vrouter]]`: JSON Merge Patch (RFC 7396), `null` removes. */
  | {
      readonly op: 'change-router';
      readonly router: RouterName;
      readonly patch: Readonly<Record<string, unknown>>;
    }
  | { readonly op: 'remove-router'; readonly router: RouterName };

/** What to change, and how. */
export interface ChangeRequest {
  /** In this order. */
  readonly changes: readonly ConfigurationChange[];
  /** Masters that give up; they stand by then, and become Master again only if nobody else is. */
  readonly failOver?: readonly RouterName[];
  /** Only if the configuration in force still has this {@link RunningConfiguration.tag}. */
  readonly onlyIf?: string;
  /** Not written to the file: the next reload or start forgets it. */
  readonly temporary?: boolean;
  /** Only says what would come of it. */
  readonly dryRun?: boolean;
  /** Who asked for it, for the log. */
  readonly by?: string;
}

/** What came of a change. */
export type ChangeOutcome =
  | {
      readonly ok: true;
      /** Of the configuration in force now. */
      readonly tag: string;
      /** The configuration after the change, secrets hidden, also after a dry run. */
      readonly data: Readonly<Record<string, unknown>>;
      /** Warnings. */
      readonly issues: readonly ChangeIssue[];
    }
  | {
      readonly ok: false;
      readonly reason: ChangeRefusal;
      /** For the operator. */
      readonly message: string;
      readonly issues: readonly ChangeIssue[];
    };

/**
 * Why nothing was changed. `stale`: `onlyIf` does not hold. `missing`, `exists`: there is no such virtual router,
 * or there is one already. `invalid`: see `issues`. `conflict`: the file was edited since it was loaded, or the
 * virtual router cannot do what it is asked in its state. `failed`: a plugin or the kernel refused, or the file
 * cannot be written.
 */
export type ChangeRefusal = 'stale' | 'missing' | 'exists' | 'invalid' | 'conflict' | 'failed';

/** What is wrong with a configuration, or remarkable. */
export interface ChangeIssue {
  readonly severity: 'error' | 'warning' | 'notice';
  /** `vrouter[2].priority`; empty if it is about the whole. */
  readonly directive: string;
  /** As written; absent: there is none, or it is a secret. */
  readonly value?: string;
  /** What is wrong and what would be right. */
  readonly message: string;
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
      /** For `address-list`: the virtual addresses that it listed, and ours. */
      readonly detail?: string;
    })
  | ({ readonly type: 'reload' } & ReloadOutcome & { readonly generation: number });

/** Any plugin's default export. */
export type Plugin = AuthPlugin | FilterPlugin | NetdrvPlugin | IftypePlugin | ProtocolPlugin | ApiPlugin;
