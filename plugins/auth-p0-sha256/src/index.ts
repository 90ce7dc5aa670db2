/**
 * Authentication type P0: the trailer is the first 8 octets of HMAC-SHA-256 (RFC 2104, FIPS 198-1) over the
 * VRRP message, its checksum zero, keyed with the secret. Deployed rVRRPd 0.1.3 routers send it as type 250.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Authenticator, AuthPlugin, PluginContext } from 'rvrrpd/plugin';

/** "P0" on the wire; not assigned by any RFC. */
const AUTH_TYPE = 250;
/** Octets of authentication data (RFC 2338 §5.3.10). */
const TRAILER = 8;

/** One virtual router's key. */
class TruncatedHmac implements Authenticator {
  readonly authType = AUTH_TYPE;
  private readonly key: KeyObject;

  constructor(secret: Uint8Array) {
    this.key = createSecretKey(secret);
  }

  sign(packet: Uint8Array, start: number, end: number): void {
    packet.set(this.trailer(packet, start, end), end);
  }

  verify(packet: Uint8Array, start: number, end: number): boolean {
    if (end + TRAILER > packet.length) return false;
    return timingSafeEqual(this.trailer(packet, start, end), packet.subarray(end, end + TRAILER));
  }

  private trailer(packet: Uint8Array, start: number, end: number): Uint8Array {
    return createHmac('sha256', this.key).update(packet.subarray(start, end)).digest().subarray(0, TRAILER);
  }
}

const plugin: AuthPlugin = {
  kind: 'auth',
  create: (_context: PluginContext, secret: Uint8Array): Authenticator => new TruncatedHmac(secret),
};

export default plugin;
