/** Tracker `address`: this host has an address, and may use it. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import {
  body,
  Group,
  linkByName,
  type Prefix,
  parsePrefix,
  Rtnetlink,
  watchRtnetlink,
} from 'rvrrpd-track-system';
import { type InterfaceAddress, isAddress, RTM_GETADDR, readAddress } from './addresses.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly address: string;
  readonly interface?: string;
}

/** The address that there must be. */
export interface Wanted {
  readonly text: string;
  readonly prefix: Prefix;
  /** Whether the prefix length matters. */
  readonly exact: boolean;
  readonly interface?: string;
}

/** @throws Error that names the directive, if it is no address */
export function wantedOf({ address, interface: name }: Settings): Wanted {
  try {
    const prefix = parsePrefix(address);
    return { text: address, prefix, exact: address.includes('/'), ...(name && { interface: name }) };
  } catch {
    throw new Error(
      `address = "${address}": must be an IPv4 or IPv6 address, with or without a prefix length, no zone`,
    );
  }
}

/**
 * The verdict.
 * @param found all interfaces' addresses of the same octets
 * @param device index of the interface that must have it; undefined: any
 */
export function judge(wanted: Wanted, found: readonly InterfaceAddress[], device?: number): Finding {
  const name = wanted.interface ?? 'this host';
  const own = found.filter((one) => device === undefined || one.device === device);
  if (own.length === 0) {
    const other = found.length > 0 ? ', another interface has it' : '';
    return { up: false, words: `${name} does not have ${wanted.text}${other}` };
  }
  const right = own.filter((one) => !wanted.exact || one.prefixLength === wanted.prefix.length);
  if (right.length === 0)
    return { up: false, words: `${name} has it with /${own[0]!.prefixLength}, not ${wanted.text}` };
  if (right.some(({ unusable }) => unusable === undefined))
    return { up: true, words: `${name} has ${wanted.text}` };
  return { up: false, words: `${wanted.text} is ${right[0]!.unusable} on ${name}` };
}

class AddressTracker implements Tracker {
  private readonly rtnetlink = new Rtnetlink();
  private watch: { close(): void } | undefined;

  constructor(private readonly wanted: Wanted) {}

  start(changed: () => void): void {
    const { family } = this.wanted.prefix;
    const groups = [Group.link, family === 4 ? Group.ipv4Address : Group.ipv6Address];
    this.watch = watchRtnetlink(groups, (message) => {
      const address = message && readAddress(message);
      if (!address || isAddress(address, this.wanted.prefix)) changed();
    });
  }

  async check(): Promise<Finding> {
    const { interface: name, prefix } = this.wanted;
    const link = name === undefined ? undefined : await linkByName(this.rtnetlink, name);
    if (name !== undefined && link === undefined)
      return { up: false, words: `there is no interface ${name}` };
    const header = new Uint8Array(8);
    header[0] = prefix.family === 4 ? AF_INET : AF_INET6;
    const found = await this.rtnetlink.dump(RTM_GETADDR, body(header), (message) => {
      const address = readAddress(message);
      return address !== undefined && isAddress(address, prefix) ? address : undefined;
    });
    return judge(this.wanted, found, link?.index);
  }

  stop(): void {
    this.watch?.close();
    this.rtnetlink.close();
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker =>
    new AddressTracker(wantedOf(context.settings as unknown as Settings)),
};

export default plugin;
