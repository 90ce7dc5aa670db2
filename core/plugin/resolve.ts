/** Which plugin does what: the names in the configuration against the manifests of the plugins there are. */

import type { ConfigDocument } from '../config/document.ts';
import { IssueList } from '../config/issue-list.ts';
import type { ConfigIssue, ConfigPath } from '../config/issues.ts';
import type { DaemonConfig, HookConfig, TrackerConfig, VirtualRouterConfig } from '../config/model.ts';
import { substituted } from '../config/substitute.ts';
import { nearest } from '../config/suggest.ts';
import { validate } from '../config/validate.ts';
import type { RouterPlugins } from '../threads/resolved-plugins.ts';
import type { PluginKind } from './contracts/index.ts';
import type { AvailablePlugin } from './discover.ts';
import { KINDS } from './kinds.ts';
import { type Need, needsOfRouter } from './needs.ts';
import { checkAuth } from './resolve-auth.ts';
import { checkHook } from './resolve-notify.ts';
import { checkTracker } from './resolve-track.ts';
import { type Offer, PluginTable } from './table.ts';

/** What a router, or the daemon, ends up with. */
export interface Resolution {
  /** By virtual router. With an error among `issues` an unknown name is empty: not to be run. */
  readonly routers: readonly RouterPlugins[];
  /** `api` plugin to start, under the name that selects it. Absent: none. */
  readonly api?: Offer;
  /** `track` plugin of each tracker, under the name that selects it. With an error among `issues` some may be missing. */
  readonly trackers: readonly Offer[];
  /** `notify` plugin of each hook, likewise. */
  readonly hooks: readonly Offer[];
  /** The configuration to run: `[protocols]` is reduced to those that a plugin answers to. */
  readonly config: DaemonConfig;
  readonly issues: readonly ConfigIssue[];
}

/** Finds each name's plugin. */
export function resolvePlugins(
  config: DaemonConfig,
  document: ConfigDocument,
  available: readonly AvailablePlugin[],
): Resolution {
  return new Resolver(config, document, available).resolve();
}

class Resolver {
  private readonly list: IssueList;
  private readonly table: PluginTable;
  /** The virtual routers, with what their authentication is told. */
  private readonly authenticated: VirtualRouterConfig[] = [];
  /** Things said once, not for each of thousands of routers. */
  private readonly said = new Set<string>();
  /** What virtual routers use. Thousands share one object, in each thread that it is copied to as well. */
  private readonly choices = new Map<string, RouterPlugins>();

  constructor(
    private readonly config: DaemonConfig,
    private readonly document: ConfigDocument,
    available: readonly AvailablePlugin[],
  ) {
    this.list = new IssueList(document);
    this.table = new PluginTable(available, this.list);
  }

  resolve(): Resolution {
    const filter = this.table.preferred('filter');
    const routers = this.config.virtualRouters.map((router, index): RouterPlugins => {
      const path = ['vrouter', router.table ?? index];
      const auth = this.authOf(router, path);
      const iftype = this.select('iftype', router.iftype, path);
      const netdrv = this.driver(router, iftype, path);
      return this.shared({
        ...(auth === undefined ? {} : { auth: auth.name }),
        ...(router.socketFilter && filter !== undefined ? { filter: filter.name } : {}),
        netdrv: netdrv?.name ?? '',
        iftype: iftype?.name ?? '',
      });
    });
    this.checkVirtualInterfaces(routers);
    const trackers = this.trackers();
    const hooks = this.hooks();
    const protocols = this.protocols();
    const api = this.api();
    return {
      routers,
      config: {
        ...this.config,
        protocols,
        virtualRouters: this.authenticated,
        ...(trackers && { trackers: trackers.map(({ tracker }) => tracker) }),
        ...(hooks && { hooks: hooks.map(({ hook }) => hook) }),
      },
      trackers: (trackers ?? []).flatMap(({ offer }) => offer ?? []),
      hooks: (hooks ?? []).flatMap(({ offer }) => offer ?? []),
      ...(api === undefined ? {} : { api }),
      issues: this.list.issues,
    };
  }

  /** The first choice that is the same. */
  private shared(choice: RouterPlugins): RouterPlugins {
    const key = JSON.stringify(choice);
    const known = this.choices.get(key) ?? choice;
    this.choices.set(key, known);
    return known;
  }

  /** The plugin of its `auth_type`. A table of both families is complained about once. */
  private authOf(router: VirtualRouterConfig, path: ConfigPath): Offer | undefined {
    const isFirst = !this.said.has(`auth ${String(path[1])}`);
    this.said.add(`auth ${String(path[1])}`);
    const list = isFirst ? this.list : new IssueList(this.document);
    const { authType } = router;
    const offer = authType === undefined ? undefined : this.named('auth', authType, path, list);
    const trailers = this.table
      .all('auth')
      .flatMap(({ name, plugin }) => (plugin.placement === 'trailer' ? name : []));
    this.authenticated.push(checkAuth(router, { document: this.document, list, path, offer, trailers }));
    return offer;
  }

  /** The trackers, with what they are told, and their plugins. */
  private trackers(): { readonly tracker: TrackerConfig; readonly offer: Offer | undefined }[] | undefined {
    return this.config.trackers?.map((tracker, index) => {
      const path = ['track', index];
      // Without a type that has been said.
      const offer = tracker.type === '' ? undefined : this.named('track', tracker.type, path);
      if (offer === undefined) return { tracker, offer };
      return { tracker: checkTracker(tracker, offer, this.document, path, this.list), offer };
    });
  }

  /** The hooks, likewise. */
  private hooks(): { readonly hook: HookConfig; readonly offer: Offer | undefined }[] | undefined {
    return this.config.hooks?.map((hook, index) => {
      const path = ['notify', index];
      const offer = hook.type === '' ? undefined : this.named('notify', hook.type, path);
      if (offer === undefined) return { hook, offer };
      return { hook: checkHook(hook, offer, this.document, path, this.list), offer };
    });
  }

  /** The plugin that answers to `name`, or a complaint that lists what there is. */
  private named(
    kind: keyof RouterPlugins | 'track' | 'notify',
    name: string,
    table: ConfigPath,
    list = this.list,
  ): Offer | undefined {
    const offer = this.table.find(kind, name);
    if (offer === undefined) {
      const directive = KINDS[kind].directive;
      const advice = 'change it, or install a plugin that does and add it to [plugins]';
      list.error([...table, directive], `${this.unknown(kind, name, directive)}: ${advice}`);
    }
    return offer;
  }

  private unknown(kind: PluginKind, name: string, directive: string): string {
    const names = this.table.names(kind);
    const there = names.map((each) => JSON.stringify(each)).join(', ');
    const meant = nearest(name, names);
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    const choice = names.length === 0 ? '' : ` (there is ${there}${hint})`;
    return `no plugin answers to ${directive} ${JSON.stringify(name)} yet${choice}`;
  }

  private select(kind: 'netdrv' | 'iftype', name: string | undefined, router: ConfigPath): Offer | undefined {
    if (name !== undefined) return this.named(kind, name, router);
    const offer = this.table.preferred(kind);
    const directive = KINDS[kind].directive;
    if (offer === undefined) {
      this.once(
        `none ${kind}`,
        'error',
        [...router, directive],
        'is needed: no plugin of this kind is installed',
      );
    } else if (!offer.plugin.default) {
      const message = `is not configured: "${offer.name}" (${describe(offer)}) is used, as no plugin is the default`;
      this.once(`default ${kind}`, 'notice', [...router, directive], message);
    }
    return offer;
  }

  /** The network driver: as configured, unless the virtual router needs what that cannot do. */
  private driver(
    router: VirtualRouterConfig,
    iftype: Offer | undefined,
    place: ConfigPath,
  ): Offer | undefined {
    const name = router.netdrv;
    const needs = needsOfRouter(router, iftype && { name: iftype.name, needs: iftype.plugin.needs });
    const lacking = ({ plugin }: Offer): Need[] =>
      needs.filter(({ capability }) => !plugin.provides.includes(capability));
    const configured = name === undefined ? undefined : this.named('netdrv', name, place);
    if (name !== undefined && configured === undefined) return undefined; // it has been said
    const wanted = configured ?? this.table.preferred('netdrv');
    if (wanted === undefined || lacking(wanted).length === 0) return this.select('netdrv', name, place);
    const path = [...place, KINDS.netdrv.directive];
    const reasons = (list: readonly Need[]): string => list.map(({ because }) => because).join('; ');
    const other = this.table.all('netdrv').find((offer) => lacking(offer).length === 0);
    if (other === undefined) {
      const what = `${reasons(needs)}, which no installed network driver provides: install one that does`;
      this.list.error(path, what);
      return undefined;
    }
    const why = reasons(lacking(wanted));
    const message = `"${other.name}" (${describe(other)}) is used instead of "${wanted.name}": ${why}`;
    const severity = name === undefined ? 'notice' : 'warning';
    this.once(`instead ${message} ${severity}`, severity, path, message);
    return other;
  }

  /**
   * The default `standby<group>` is unique on one interface only. An interface type that needs a capability
   * of the driver makes an interface of its own; to the others the name means nothing.
   */
  private checkVirtualInterfaces(routers: readonly RouterPlugins[]): void {
    const { virtualRouters } = this.config;
    const physical = new Set(virtualRouters.map((router) => router.interface));
    const first = new Map<string, number>();
    const pairs = new Map<string, number>();
    for (const [index, router] of virtualRouters.entries()) {
      const { iftype: name } = routers[index]!;
      const key = `${router.vrid} ${router.family} ${router.interface}`;
      const twin = pairs.get(key);
      if (twin === undefined) pairs.set(key, index);
      else this.checkPair(index, twin, routers);
      const iftype = this.table.find('iftype', name);
      if (iftype === undefined || iftype.plugin.needs.length === 0) continue;
      const path = this.vifnamePath(index);
      const isDefault = !this.document.places.has(path);
      const other = first.get(router.vifname);
      const its = `its default "${router.vifname}"`;
      if (other === undefined) first.set(router.vifname, index);
      else if (other !== twin && (isDefault || !this.document.places.has(this.vifnamePath(other)))) {
        const subject = isDefault ? `must be set: ${its}` : 'must be another name: this one';
        this.list.error(path, `${subject} is already the virtual interface of ${this.tableOf(other)}`);
      }
      if (isDefault && physical.has(router.vifname)) {
        this.list.error(path, `must be set: ${its} is an interface that VRRP runs on`);
      }
    }
  }

  /** Both versions of a group have one virtual MAC address: what has it must be one interface, of one kind. */
  private checkPair(index: number, twin: number, routers: readonly RouterPlugins[]): void {
    const [mine, its] = [routers[index]!.iftype, routers[twin]!.iftype];
    const both = `${this.tableOf(twin)}: both versions of a group share one virtual MAC address`;
    if (mine !== its) {
      const path = [...this.vifnamePath(index).slice(0, 2), KINDS.iftype.directive];
      if (mine !== '' && its !== '') this.list.error(path, `must be "${its}", as in ${both}`);
      return;
    }
    const { vifname } = this.config.virtualRouters[twin]!;
    const makesOne = (this.table.find('iftype', mine)?.plugin.needs.length ?? 0) > 0;
    if (!makesOne || this.config.virtualRouters[index]!.vifname === vifname) return;
    this.list.error(this.vifnamePath(index), `must be "${vifname}", as in ${both}`);
  }

  private vifnamePath(index: number): ConfigPath {
    return ['vrouter', this.config.virtualRouters[index]!.table ?? index, 'vifname'];
  }

  /** `vrouter[2] (line 12)`, to point at a virtual router's table. */
  private tableOf(index: number): string {
    return this.list.whereIs(this.vifnamePath(index).slice(0, 2));
  }

  /** Checks `[protocols]` against the schemas of their plugins, and leaves out those without one. */
  private protocols(): DaemonConfig['protocols'] {
    const answered: Record<string, (typeof this.config.protocols)[string]> = {};
    for (const [name, entries] of Object.entries(this.config.protocols)) {
      const path: ConfigPath = ['protocols', name];
      const offer = this.table.find('protocol', name);
      if (offer === undefined) {
        this.list.warn(path, `${this.unknown('protocol', name, 'protocol')}: its entries are ignored`);
        continue;
      }
      const { configSchema } = offer;
      answered[name] = entries;
      if (configSchema === undefined) continue;
      answered[name] = entries.map((entry, index) =>
        substituted(this.document, [...path, index], configSchema, entry),
      );
      for (const [index, entry] of entries.entries()) {
        const at = [...path, index];
        for (const { issue } of validate(this.document, at, configSchema, structuredClone(entry))) {
          this.list.issues.push(issue);
        }
      }
    }
    return answered;
  }

  /** The client API, if the file asks for one: by name, or by having an `[api]` table. */
  private api(): Offer | undefined {
    const { clientApi } = this.config;
    if (clientApi === undefined && !this.document.places.has(['api'])) return undefined;
    const offer = clientApi === undefined ? this.table.preferred('api') : this.table.find('api', clientApi);
    if (offer === undefined) {
      const path = clientApi === undefined ? ['api'] : ['client_api'];
      const what =
        clientApi === undefined
          ? 'no plugin of kind api is installed'
          : this.unknown('api', clientApi, 'client_api');
      this.list.warn(path, `${what}: the API is not started`);
    }
    return offer;
  }

  private once(key: string, severity: ConfigIssue['severity'], path: ConfigPath, message: string): void {
    if (this.said.has(key)) return;
    this.said.add(key);
    this.list.add(severity, path, message);
  }
}

/** `rvrrpd-plugin-x 1.0.0`. */
function describe({ plugin }: Offer): string {
  return `${plugin.package} ${plugin.version}`;
}
