/** What `--check` can tell of authentication: the keys that the start would be refused for, or would warn of. */

import type { DaemonConfig } from '../../config/model.ts';
import { authenticationOf } from '../../engine/authentication.ts';
import { type LoadedPlugin, loadNamed } from '../../engine/loaded-plugin.ts';
import type { AuthPlugin, PluginContext, TrailerAuthPlugin } from '../../plugin/contracts/index.ts';
import { messageOf } from '../../shared/errors.ts';
import { within } from '../../shared/within.ts';
import { AUTH_MEMORY } from '../../threads/auth-memory.ts';
import type { ResolvedPlugin, RouterPlugins } from '../../threads/resolved-plugins.ts';

/** After so many ms it is left to the start: a plugin may hang. */
const PATIENCE = 3000;

/** What was found. */
export interface AuthForesight {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Nothing is signed here. */
const CLOCK = { wall: () => Date.now(), monotonic: () => performance.now() };

/** Has the plugins make the authentication of each virtual router, as the engine does at the start. Never rejects. */
export async function foreseeAuthentication(init: {
  readonly config: Pick<DaemonConfig, 'virtualRouters'>;
  readonly plugins: readonly ResolvedPlugin[];
  readonly routerPlugins: readonly RouterPlugins[];
}): Promise<AuthForesight> {
  const errors = new Set<string>();
  const warnings = new Set<string>();
  const tell: PluginContext['log'] = (level, message) => {
    if (level === 'warn') warnings.add(message);
    if (level === 'error') errors.add(message);
  };
  const loaded = new Map<string, LoadedPlugin<AuthPlugin | TrailerAuthPlugin>>();
  const look = async (): Promise<void> => {
    for (const [slot, config] of init.config.virtualRouters.entries()) {
      const name = init.routerPlugins[slot]?.auth;
      // The first that answers to a name is the one, as in the engine.
      const resolved = init.plugins.find(
        ({ kind, names }) => kind === 'auth' && name !== undefined && names.includes(name),
      );
      if (resolved === undefined || name === undefined) continue;
      try {
        if (!loaded.has(name))
          for (const each of await loadNamed(resolved, 'auth', [name], tell)) loaded.set(...each);
        const auth = loaded.get(name)!;
        authenticationOf(config, auth, CLOCK, () => ({ bytes: new Uint8Array(AUTH_MEMORY), save: () => {} }));
      } catch (error) {
        errors.add(messageOf(error));
      }
    }
  };
  await within(look(), PATIENCE, () => {});
  return { errors: [...errors], warnings: [...warnings] };
}
