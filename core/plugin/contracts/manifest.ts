/** The `"rvrrpd"` field of a plugin's `package.json`. */
import type { PluginKind } from './index.ts';

/** Version of this plugin API (semver). A manifest's `api` range must contain it. */
export type PluginApiVersion = '1.1.0';

/**
 * A thing that a network driver can do beyond the minimum, and that a virtual router may need: `macvlan` links;
 * `ipv6` addresses and routes; an IPv4 address without a label of its own (`unlabelled-address`), which an
 * interface needs whose name leaves no room for one; the MTU of a route (`route-mtu`); metrics of routes above
 * 32766 (`route-metric`); guards, which `accept = false` needs (`address-guard`, since 1.1);
 * routes of any sort, and rules (`table-route`, `rule`, since 1.1); IPv4 addresses of another scope than `global`, and
 * addresses that end by themselves unless they are renewed (`address-scope`, `address-lifetime`, since 1.1).
 */
export type DriverCapability =
  | 'macvlan'
  | 'ipv6'
  | 'unlabelled-address'
  | 'route-mtu'
  | 'route-metric'
  | 'address-guard'
  | 'table-route'
  | 'rule'
  | 'address-scope'
  | 'address-lifetime';

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
  /**
   * Path of the JSON Schema of its own part of the configuration. `protocol`: one `[[protocols.<name>]]` entry; absent: not
   * checked. `auth` with `placement` `trailer` (since 1.1): `[vrouter.auth]`; `track` (since 1.1): a `[[track]]` table without
   * the core's directives; absent: it takes no directives. A `default` that it has for `interval`, `timeout`, `rise`, `fall` or
   * `hold` of `[[track]]` is the default of its types. `notify` (since 1.1): a `[[notify]]` table, likewise, with defaults for
   * `timeout` and `retries`.
   */
  readonly configSchema?: string;
  /**
   * `auth` only, since 1.1: where its octets stand. `data`, the default: in the authentication data of VRRPv2; `trailer`:
   * behind the message, of any version.
   */
  readonly placement?: 'data' | 'trailer';
}
