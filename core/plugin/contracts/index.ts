/**
 * The plugin API: every contract between the core and a plugin, a file for each kind. Types only, no code.
 *
 * A plugin is an npm package. The `"rvrrpd"` field of its `package.json` is its {@link PluginManifest}; its
 * default export is the contract of its kind ({@link Contracts}). A plugin's kind decides which thread it runs in
 * (see docs/architecture.md); nobody configures that.
 */
import type { ApiPlugin } from './api.ts';
import type { AuthPlugin } from './auth.ts';
import type { TrailerAuthPlugin } from './auth-trailer.ts';
import type { FilterPlugin } from './filter.ts';
import type { IftypePlugin } from './iftype.ts';
import type { NetdrvPlugin } from './netdrv.ts';
import type { NotifyPlugin } from './notify.ts';
import type { ProtocolPlugin } from './protocol.ts';
import type { TrackPlugin } from './track.ts';

export type { AddressFamily } from '../../vrrp/family.ts';
export type * from './api.ts';
export type * from './auth.ts';
export type * from './auth-trailer.ts';
export type * from './change.ts';
export type * from './context.ts';
export type * from './daemon.ts';
export type * from './filter.ts';
export type * from './iftype.ts';
export type * from './kernel.ts';
export type * from './manifest.ts';
export type * from './netdrv.ts';
export type * from './notify.ts';
export type * from './protocol.ts';
export type * from './track.ts';

/** The contract of each kind. `core/plugin/kinds.ts` has what else there is to say of them. */
export interface Contracts {
  readonly auth: AuthPlugin | TrailerAuthPlugin;
  readonly filter: FilterPlugin;
  readonly netdrv: NetdrvPlugin;
  readonly iftype: IftypePlugin;
  readonly protocol: ProtocolPlugin;
  readonly api: ApiPlugin;
  readonly track: TrackPlugin;
  readonly notify: NotifyPlugin;
}

/** What a plugin is for. */
export type PluginKind = keyof Contracts;

/** Any plugin's default export. */
export type Plugin = Contracts[PluginKind];
