/** Which authentication is expected of whom. Pure. */
import type { Authenticator } from '../plugin/contracts/index.ts';

/**
 * Whether the authentication of an advertisement holds: `right`; `wrong`, made with another secret;
 * `wrong-type`, of another type than the one expected; `unchecked`, nothing is known about its virtual router.
 */
export type Authentication = 'right' | 'wrong' | 'wrong-type' | 'unchecked';

/** What is expected of a virtual router: an authenticator, or none (authentication type 0). */
export type Key = Authenticator | 'none';

/** Authentication type 0: none (RFC 2338 §5.3.6). */
const NO_AUTHENTICATION = 0;

/** The keys of some virtual routers, or one for all. */
export class Keyring {
  /** @param keys one for every VRID, or by VRID */
  constructor(private readonly keys: Key | ReadonlyMap<number, Key>) {}

  /**
   * Checks an advertisement (VRRPv2).
   * @param message from the version octet on, its checksum zero
   * @param bodyLength octets of it before the authentication data
   */
  check(vrid: number, authType: number, message: Uint8Array, bodyLength: number): Authentication {
    const key =
      this.keys instanceof Map ? (this.keys as ReadonlyMap<number, Key>).get(vrid) : (this.keys as Key);
    if (key === undefined) return 'unchecked';
    if (key === 'none') return authType === NO_AUTHENTICATION ? 'right' : 'wrong-type';
    if (authType !== key.authType) return 'wrong-type';
    return key.verify(message, 0, bodyLength) ? 'right' : 'wrong';
  }
}
