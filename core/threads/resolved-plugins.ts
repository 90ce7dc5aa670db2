/** Plugins as the supervisor has resolved them, for the thread that loads them. Plain data, structured clone. */
import type { PluginKind } from '../plugin/contracts/index.ts';

/** A plugin that the supervisor has resolved and whose manifest it has checked. */
export interface ResolvedPlugin {
  /** Package name: `rvrrpd-plugin-…` or `@scope/rvrrpd-plugin-…`. */
  readonly package: string;
  readonly version: string;
  readonly kind: PluginKind;
  readonly names: readonly string[];
  readonly default: boolean;
  readonly provides: readonly string[];
  readonly needs: readonly string[];
  /** `auth` only: where its octets stand; absent: `data`. */
  readonly placement?: 'data' | 'trailer';
  /** Absolute path of its module, for `import()`. */
  readonly entry: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One plugin name for each virtual router and kind, after defaults: the keys to `plugins`. */
export interface RouterPlugins {
  readonly auth?: string;
  readonly filter?: string;
  readonly netdrv: string;
  readonly iftype: string;
}
