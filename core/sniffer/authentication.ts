/** The authentication plugins, as the sniffer uses them: what each type octet is called, and who has which key. */

import type { VirtualRouterConfig } from '../config/model.ts';
import type { Authenticator, AuthPlugin } from '../plugin/contracts/index.ts';
import { loadPlugin } from '../plugin/load.ts';
import { messageOf } from '../shared/errors.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { type Key, Keyring } from './keyring.ts';

/** Makes an authenticator of a secret. */
export type MakeAuthenticator = (secret: Uint8Array) => Authenticator;

/** Every authentication type that the plugins answer to. */
export class AuthTypes {
  private constructor(
    private readonly makers: ReadonlyMap<string, MakeAuthenticator>,
    /** Names, by the octet that they are on the wire. */
    readonly namesByOctet: ReadonlyMap<number, readonly string[]>,
  ) {}

  /**
   * Loads all plugins of kind `auth`.
   * @param plugins in order of precedence, where two answer to one name
   * @param complain told of a plugin that cannot be used: the others can
   */
  static async load(
    plugins: readonly ResolvedPlugin[],
    complain: (message: string) => void,
  ): Promise<AuthTypes> {
    const makers = new Map<string, MakeAuthenticator>();
    const octets = new Map<number, string[]>();
    // What signs behind the message needs more than a secret: see `trailer` of a sighting.
    for (const resolved of plugins.filter(
      ({ kind, placement }) => kind === 'auth' && placement !== 'trailer',
    )) {
      try {
        const plugin = (await loadPlugin(resolved, 'auth')) as AuthPlugin;
        for (const name of resolved.names) {
          if (makers.has(name)) continue;
          const { package: from, options } = resolved;
          const log = (_level: string, message: string): void => complain(`${from}: ${message}`);
          const make: MakeAuthenticator = (secret) => plugin.create({ name, options, log }, secret);
          const { authType } = make(new Uint8Array());
          makers.set(name, make);
          octets.set(authType, [...(octets.get(authType) ?? []), name]);
        }
      } catch (error) {
        complain(messageOf(error));
      }
    }
    return new AuthTypes(makers, octets);
  }

  /** The names that there are. */
  get names(): readonly string[] {
    return [...this.makers.keys()];
  }

  /** One key for every virtual router. @returns undefined if no plugin answers to this name */
  keyringFor(name: string, secret: Uint8Array): Keyring | undefined {
    const make = this.makers.get(name);
    return make && new Keyring(make(secret));
  }

  /** The keys of virtual routers of a configuration. One whose plugin cannot be used stays unchecked. */
  keyringOf(routers: readonly Pick<VirtualRouterConfig, 'vrid' | 'authType' | 'authSecret'>[]): Keyring {
    const encoder = new TextEncoder();
    const keys = new Map<number, Key>();
    for (const { vrid, authType, authSecret } of routers) {
      const make = this.makers.get(authType ?? '');
      if (authType === undefined) keys.set(vrid, 'none');
      else if (make) keys.set(vrid, make(encoder.encode(authSecret)));
    }
    return new Keyring(keys);
  }
}
