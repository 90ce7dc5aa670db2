/**
 * Authentication type 1, simple text password (RFC 2338 §5.3.6 and §10.2): the trailer is the secret itself.
 * It keeps apart routers that were configured for different groups by mistake, and nobody who can read the
 * LAN's traffic.
 */
import type { Authenticator, AuthPlugin, PluginContext } from 'rvrrpd/plugin';

/** Simple Text Password (RFC 2338 §5.3.6). */
const AUTH_TYPE = 1;
/** Octets of authentication data (RFC 2338 §5.3.10). */
const TRAILER = 8;

/** One virtual router's password. */
class SimplePassword implements Authenticator {
  readonly authType = AUTH_TYPE;
  private readonly trailer = new Uint8Array(TRAILER);

  constructor(secret: Uint8Array) {
    this.trailer.set(secret.subarray(0, TRAILER));
  }

  sign(packet: Uint8Array, _start: number, end: number): void {
    packet.set(this.trailer, end);
  }

  verify(packet: Uint8Array, _start: number, end: number): boolean {
    if (end + TRAILER > packet.length) return false;
    // All octets are looked at, whichever differs first: timingSafeEqual would need a view, an allocation.
    let difference = 0;
    for (let index = 0; index < TRAILER; index++) {
      difference |= packet[end + index]! ^ this.trailer[index]!;
    }
    return difference === 0;
  }
}

const plugin: AuthPlugin = {
  kind: 'auth',
  create: (_context: PluginContext, secret: Uint8Array): Authenticator => new SimplePassword(secret),
};

export default plugin;
