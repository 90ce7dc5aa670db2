/** What signs and verifies for a virtual router: made of a plugin that was loaded, by the engine and by `--check`. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type {
  AuthClock,
  AuthMemory,
  AuthPlugin,
  AuthRouter,
  TrailerAuthPlugin,
} from '../plugin/contracts/index.ts';
import { whereIs } from '../threads/table-place.ts';
import type { GuardedAuthenticator } from './guard.ts';
import type { LoadedPlugin } from './loaded-plugin.ts';
import { type GuardedTrailer, guardTrailer } from './trailer-guard.ts';

/** One of them: in the message, or behind it. */
export interface Authentication {
  readonly authenticator?: GuardedAuthenticator;
  readonly trailer?: GuardedTrailer;
}

/**
 * Makes it.
 * @param memory that of the virtual router, asked for by those that sign behind the message
 * @throws PluginError if the plugin cannot, with file, line and directive where it says which
 */
export function authenticationOf(
  config: VirtualRouterConfig,
  { plugin, context, guard, resolved }: LoadedPlugin<AuthPlugin | TrailerAuthPlugin>,
  clock: AuthClock,
  memory: () => AuthMemory,
): Authentication {
  const secret = new TextEncoder().encode(config.authSecret);
  if (!('placement' in plugin) || plugin.placement !== 'trailer') {
    const { create } = plugin as AuthPlugin;
    return { authenticator: guard.authenticator(config, () => create.call(plugin, context, secret)) };
  }
  const told: AuthRouter = { ...describe(config), secret, clock, memory: memory() };
  const whose = { ...config, locate: (directive: string) => locate(config, directive) };
  return { trailer: guardTrailer(guard, resolved, whose, () => plugin.create(context, told)) };
}

/** What a plugin is told of a virtual router. */
function describe(config: VirtualRouterConfig): Omit<AuthRouter, 'secret' | 'clock' | 'memory'> {
  const { interface: name, vrid, family, version, advertisementIntervalCs, auth } = config;
  return {
    ...{ interface: name, group: vrid, family, version, advertisementInterval: advertisementIntervalCs * 10 },
    directives: auth?.values ?? {},
  };
}

/** `FILE:LINE: vrouter.auth.DIRECTIVE`, the line of what it would be in if the directive is not there. */
function locate({ position, auth }: VirtualRouterConfig, directive: string): string {
  const { positions = {} } = auth ?? {};
  const table = { table: `vrouter.auth.${directive}`, position: positions[''] ?? position, positions };
  return whereIs(table, directive);
}
