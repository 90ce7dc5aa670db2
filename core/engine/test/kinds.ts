/**
 * The versions and families that a router may have, for tests that say something about all of them: they are written
 * with addresses of IPv4, which a kind makes its own of.
 */
import { isIPv4 } from 'node:net';
import type { VirtualRouterConfig } from '../../config/model.ts';
import type { Link } from '../../plugin/contracts/index.ts';
import { addressBytes, addressText, virtualMac } from '../../vrrp/address.ts';
import { encodeGratuitousArp, encodeNeighbourAdvertisement } from '../../vrrp/announcement.ts';
import type { PacketRules } from '../../vrrp/packet-rules.ts';
import { masterDownInterval, skewTime } from '../../vrrp/timers.ts';
import {
  advertisement,
  alone,
  configuration,
  ethernet,
  type Station,
  type StationOptions,
} from './station.ts';

/** See the file's comment. */
export class Kind {
  readonly name: string;
  /** Advertisement interval in ms. */
  readonly interval: number;
  /** Octets of a frame before its message. */
  readonly messageAt: number;

  constructor(
    readonly version: 2 | 3,
    readonly family: 4 | 6,
    readonly intervalCs = 100,
  ) {
    this.name = `VRRPv${version} over IPv${family}, ${intervalCs / 100} s`;
    this.interval = intervalCs * 10;
    this.messageAt = family === 4 ? 34 : 54;
  }

  /** The address of this family that stands for one of IPv4, link-local if it is IPv6; a prefix length is kept or made. */
  readonly ip = (text: string): string => {
    const [address = '', prefix] = text.split('/');
    if (this.family === 4 || !isIPv4(address)) return text;
    const octets = new Uint8Array(16);
    octets.set([0xfe, 0x80]);
    octets.set(addressBytes(address), 12);
    const own = prefix === '32' ? '/128' : '/64';
    return `${addressText(octets)}${prefix === undefined ? '' : own}`;
  };

  /** Octets of an address that stands for one of IPv4. */
  readonly octets = (text: string): number[] => [...addressBytes(this.ip(text))];

  readonly configuration = (over: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig => {
    const { version, family, intervalCs } = this;
    const addresses = (over.addresses ?? [`198.51.100.${over.vrid ?? 1}`]).map(this.ip);
    return configuration({ version, family, advertisementIntervalCs: intervalCs, ...over, addresses });
  };

  readonly ethernet = (addresses: readonly string[], over: Partial<Link> = {}): Link =>
    ethernet(
      addresses.map((text) => this.ip(text.includes('/') ? text : `${text}/24`)),
      over,
    );

  readonly advertisement = (
    over: NonNullable<Parameters<typeof advertisement>[0]> = {},
    rules?: PacketRules,
  ): Uint8Array => {
    const { version, family, intervalCs } = this;
    const from = this.ip(over.from ?? '192.0.2.9');
    const addresses = (over.addresses ?? [`198.51.100.${over.vrid ?? 1}`]).map(this.ip);
    return advertisement({ version, family, intervalCs, ...over, from, addresses }, rules);
  };

  readonly alone = (options: StationOptions = {}): Station =>
    alone({ routers: [this.configuration()], links: [this.ethernet(['192.0.2.1'])], ...options });

  /** One that has just started. */
  readonly started = (options: StationOptions = {}): Station => {
    const station = this.alone(options);
    station.update();
    return station;
  };

  /** What another station tells of an address: ARP, or a neighbour advertisement. */
  readonly claim = (address: string, mac: string): Uint8Array => {
    const frame = new Uint8Array(this.family === 4 ? 42 : 86);
    if (this.family === 4) encodeGratuitousArp(frame, 0, address, mac);
    else encodeNeighbourAdvertisement(frame, 0, this.ip(address), mac);
    return frame;
  };

  readonly virtualMac = (vrid = 1): string => virtualMac(this.family, vrid);

  readonly down = (priority = 100): number => masterDownInterval(this.version, priority, this.interval);

  readonly skew = (priority = 100): number => skewTime(this.version, priority, this.interval);
}

/** All of them, and short intervals. */
export const KINDS = [new Kind(2, 4), new Kind(3, 4), new Kind(3, 6), new Kind(3, 4, 1), new Kind(3, 6, 1)];

/** Those with an interval of a second. */
export const SECONDS = KINDS.filter(({ interval }) => interval === 1000);
