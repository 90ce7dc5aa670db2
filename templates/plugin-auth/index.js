/**
 * Authentication type "example-hmac-sha512": the trailer is the first 8 octets of HMAC-SHA-512 (RFC 2104) over
 * the VRRP message, its checksum zero, keyed with the secret.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';

/** @import { Authenticator, AuthPlugin } from 'rvrrpd/plugin' */

/** On the wire. RFC 2338 has 0 to 2, rvrrpd's own types are 250 and 251: choose one that your routers do not use. */
const AUTH_TYPE = 230;
/** Octets of authentication data (RFC 2338 §5.3.10). */
const TRAILER = 8;

/**
 * One virtual router's authentication.
 * @implements {Authenticator}
 */
class TruncatedHmac {
  authType = AUTH_TYPE;
  /** How many advertisements have been refused. A reload must not forget it: see `exportState`. */
  refused = 0;

  /** @param {Uint8Array} secret `auth_secret` of the virtual router */
  constructor(secret) {
    // Here rather than in `sign`, which runs in the middle of everything.
    this.key = createSecretKey(secret);
  }

  /**
   * @param {Uint8Array} packet
   * @param {number} start
   * @param {number} end
   */
  sign(packet, start, end) {
    packet.set(this.trailer(packet, start, end), end);
  }

  /**
   * @param {Uint8Array} packet
   * @param {number} start
   * @param {number} end
   */
  verify(packet, start, end) {
    // A packet may end anywhere. The comparison takes the same time wherever the first difference is.
    const holds =
      end + TRAILER <= packet.length &&
      timingSafeEqual(this.trailer(packet, start, end), packet.subarray(end, end + TRAILER));
    if (!holds) this.refused++;
    return holds;
  }

  /** What the next version needs of this one, as plain data. */
  exportState() {
    return { refused: this.refused };
  }

  /**
   * Takes over from a version before or after this one: what it does not know it leaves alone.
   * @param {unknown} state
   */
  importState(state) {
    const { refused } = /** @type {{ refused?: unknown }} */ (state);
    if (typeof refused === 'number') this.refused = refused;
  }

  /**
   * @param {Uint8Array} packet
   * @param {number} start
   * @param {number} end
   */
  trailer(packet, start, end) {
    return createHmac('sha512', this.key).update(packet.subarray(start, end)).digest().subarray(0, TRAILER);
  }
}

/** @type {AuthPlugin} */
const plugin = {
  kind: 'auth',
  create: (_context, secret) => new TruncatedHmac(secret),
};

export default plugin;
