/** Kind `auth`. */
import type { PluginContext } from './context.ts';

/**
 * Kind `auth`, placement *data*: signs and verifies VRRPv2 advertisements. Runs in the engine: it must never block. For
 * the other placement see `TrailerAuthPlugin`.
 */
export interface AuthPlugin {
  readonly kind: 'auth';
  /**
   * Prepares one virtual router's authentication; key set-up belongs here, not into `sign`.
   * @param secret `auth_secret` of the virtual router as UTF-8; empty if the configuration has none.
   */
  create(context: PluginContext, secret: Uint8Array): Authenticator;
}

/**
 * One virtual router's authentication. The *body* is the VRRP message from the version octet up to and
 * including the last address, its checksum field zero; the 8-byte trailer (RFC 2338 §5.3.10) follows it.
 */
export interface Authenticator {
  /** The Authentication Type octet on the wire (RFC 2338 §5.3.6), 1 to 255. */
  readonly authType: number;
  /**
   * Writes the trailer of `packet[start, end)` to `packet[end, end + 8)`.
   * @throws Error if it cannot: the advertisement stays as it was; a router that has none yet does not run
   */
  sign(packet: Uint8Array, start: number, end: number): void;
  /**
   * Whether the trailer at `packet[end, end + 8)` belongs to the body `packet[start, end)`. In constant time.
   * It depends on the packet alone: an advertisement identical to the last one that held is not asked about
   * again. It should not allocate. An exception counts as false, and is logged.
   */
  verify(packet: Uint8Array, start: number, end: number): boolean;
  /**
   * What the next version of this plugin needs of this one at a reload, as structured clone can carry it.
   * Absent: nothing. Advertisements may still arrive between the export and the import.
   */
  exportState?(): unknown;
  /**
   * Takes over what `exportState` of the plugin of the same name, of any version, has given; not called if it
   * gave `undefined`.
   * @throws Error if it cannot: the reload is called off
   */
  importState?(state: unknown): void;
}
