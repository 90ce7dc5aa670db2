/**
 * Authentication `hmac-sha256`: an HMAC trailer behind each advertisement, of VRRPv2 and VRRPv3, IPv4 and IPv6, with
 * replay protection and keys that can be changed while all routers run (draft-cassen-vrrp-auth-hmac).
 */
import type { AuthRouter, PluginContext, TrailerAuthPlugin } from 'rvrrpd/plugin';
import { KeyError, readKeys } from './keys.ts';
import { HmacTrailer, type Settings, warmUp } from './trailer.ts';

/** `[vrouter.auth]`, as schema.json has it. */
interface Directives {
  readonly keys: Readonly<Record<string, string>>;
  readonly active_key?: number;
  readonly mode: 'receive-only' | 'permissive' | 'enforce';
  readonly anti_replay: 'time' | 'monotonic';
  readonly time_window?: number;
}

/** Seconds: `time_window` is this at least unless it says otherwise. */
const LEAST_WINDOW = 5;

function settingsOf(router: AuthRouter, warn: (message: string) => void): Settings {
  const {
    keys: texts,
    active_key,
    mode,
    anti_replay,
    time_window,
  } = router.directives as unknown as Directives;
  const keys = readKeys(texts, warn);
  const numbers = [...keys.keys()];
  const activeKey = active_key ?? numbers[0]!;
  if (active_key === undefined && numbers.length > 1 && mode !== 'receive-only')
    throw new KeyError(
      'active_key',
      `must be set where there are several keys: one of ${numbers.join(', ')}`,
    );
  if (!keys.has(activeKey))
    throw new KeyError('active_key', `must be the number of a key in keys: ${numbers.join(', ')}`);
  return {
    keys,
    activeKey: mode === 'receive-only' ? undefined : activeKey,
    requires: mode === 'enforce',
    timed: anti_replay === 'time',
    window: time_window ?? Math.max(LEAST_WINDOW, Math.ceil((3 * router.advertisementInterval) / 1000)),
  };
}

const plugin: TrailerAuthPlugin = {
  kind: 'auth',
  placement: 'trailer',
  create: (context: PluginContext, router: AuthRouter) => {
    warmUp(router.clock);
    return new HmacTrailer(
      router,
      settingsOf(router, (message) => context.log('warn', message)),
    );
  },
};

export default plugin;
