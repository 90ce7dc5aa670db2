/**
 * Authentication type P1: the trailer is 8 octets of SHAKE256 (FIPS 202) over the secret followed by the VRRP
 * message, its checksum zero. Deployed rVRRPd 0.1.3 routers send it as type 251.
 */
import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import type { Authenticator, AuthPlugin, PluginContext } from 'rvrrpd/plugin';

/** "P1" on the wire; not assigned by any RFC. */
const AUTH_TYPE = 251;
/** Octets of authentication data (RFC 2338 §5.3.10). */
const TRAILER = 8;
/** SHAKE256 gives as many octets as are asked for, and more of them start with the same. */
const OUTPUT = { outputLength: TRAILER } as const;

/** One virtual router's secret, absorbed. */
class PrefixedShake implements Authenticator {
  readonly authType = AUTH_TYPE;
  private readonly keyed: Hash;

  constructor(secret: Uint8Array) {
    this.keyed = createHash('shake256', OUTPUT).update(secret);
  }

  sign(packet: Uint8Array, start: number, end: number): void {
    packet.set(this.trailer(packet, start, end), end);
  }

  verify(packet: Uint8Array, start: number, end: number): boolean {
    if (end + TRAILER > packet.length) return false;
    return timingSafeEqual(this.trailer(packet, start, end), packet.subarray(end, end + TRAILER));
  }

  private trailer(packet: Uint8Array, start: number, end: number): Uint8Array {
    return this.keyed.copy(OUTPUT).update(packet.subarray(start, end)).digest();
  }
}

const plugin: AuthPlugin = {
  kind: 'auth',
  create: (_context: PluginContext, secret: Uint8Array): Authenticator => new PrefixedShake(secret),
};

export default plugin;
