/** What the compliance kit for network drivers plays on: two interfaces and a witness that is not the driver. */
import assert from 'node:assert/strict';
import type {
  DriverCapability,
  KernelChange,
  KernelRefusal,
  NetdrvPlugin,
  NetworkDriver,
} from '../contracts/index.ts';

/** The interface that things are done to; {@link PEER} is the other end of it. Both are made for each test. */
export const DEV = 'rvc0';
/** Carries nothing. */
export const PEER = 'rvc1';
/** A name that no interface has. */
export const NOBODY = 'rvc9';
/** Own address of {@link DEV}. Its network is far smaller than its class, 10.0.0.0/8. */
export const OWN = '10.77.0.10';
/** A neighbour that routes can lead to. */
export const GATEWAY = '10.77.0.20';
/** The same over IPv6, for whoever gives {@link DEV} an IPv6 address of its own. */
export const OWN6 = '2001:db8:77::10';
/** A neighbour with an IPv6 address that routes can lead to. */
export const GATEWAY6 = '2001:db8:77::20';

/** What the kit needs to know of the driver and its surroundings. */
export interface StageOptions {
  /** The plugin's default export. */
  readonly plugin: NetdrvPlugin;
  /** One of the names that it answers to. */
  readonly name: string;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** `provides` of its manifest. */
  readonly provides: readonly DriverCapability[];
  /**
   * Runs a shell command as root in the network namespace that the driver works in, which must be one for these
   * tests alone, and returns its standard output. Throws if it fails. It needs `ip` (iproute2), `unshare` and `nsenter`
   * (util-linux).
   */
  readonly run: (command: string) => string;
  /** How long news may take, in ms. Default 3000. */
  readonly newsWithinMs?: number;
}

/** An address in `ip -j address`. */
export interface WitnessedAddress {
  readonly local: string;
  readonly prefixlen: number;
  readonly broadcast?: string;
  readonly scope: string;
  readonly label?: string;
  readonly secondary?: boolean;
  /** Flags of IPv6; what does not hold is left out. */
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
  readonly deprecated?: boolean;
  readonly nodad?: boolean;
  /** Not for ever. */
  readonly dynamic?: boolean;
  readonly optimistic?: boolean;
}

/** A driver on a stage. */
export class Stage {
  readonly driver: NetworkDriver;

  constructor(private readonly options: StageOptions) {
    this.driver = this.another();
  }

  /** Another driver of the same sort, which the caller closes: somebody else. */
  another(): NetworkDriver {
    const { plugin, name, options } = this.options;
    return plugin.create({ name, options: options ?? {}, log: () => {} });
  }

  /** Runs a shell command in the namespace. */
  run(command: string): string {
    return this.options.run(command);
  }

  provides(capability: DriverCapability): boolean {
    return this.options.provides.includes(capability);
  }

  /** Applies changes. @returns the name of the error number of each refusal, null for what was done */
  async apply(...changes: readonly KernelChange[]): Promise<(string | null)[]> {
    const answers = await this.refusals(...changes);
    return answers.map((refusal) => refusal?.errno ?? null);
  }

  /** Applies changes that must all be done. */
  async must(...changes: readonly KernelChange[]): Promise<void> {
    const refused = (await this.refusals(...changes)).filter((refusal) => refusal !== null);
    assert.deepEqual(refused, [], 'nothing is refused');
  }

  /** Applies changes. @returns what the driver says */
  async refusals(...changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]> {
    const answers = await this.driver.apply(changes);
    assert.equal(answers.length, changes.length, 'one answer for each change');
    for (const answer of answers) {
      if (answer === null) continue;
      assert.match(answer.errno, /^E[A-Z0-9]+$/, 'errno is the name of an error number');
      assert.ok(answer.message.length > answer.errno.length, 'the message says which call was refused');
    }
    return answers;
  }

  /** The addresses of an interface as `ip` lists them. */
  addresses(device = DEV, family: 4 | 6 = 4): WitnessedAddress[] {
    const [link] = JSON.parse(this.run(`ip -j -${family} addr show dev ${device}`)) as {
      addr_info?: WitnessedAddress[];
    }[];
    return link?.addr_info ?? [];
  }

  /** Everything of the namespace that a driver could change, but for names of addresses (labels). */
  state(): string {
    const text = this.run(
      'ip -j addr; ip -j -d route show table all; ip -j -6 route show table all; ip -j neigh show proxy; ip -j rule',
    );
    return text.replace(/"(valid|preferred)_life_time":\d+,?|"label":"[^"]*",?|"tentative":true,?/g, '');
  }

  /**
   * Calls `found` until it gives something.
   * @param moreMs how much longer than other news it may take
   * @throws AssertionError if news stay away for too long
   */
  async soon<T>(what: string, found: () => T | undefined | false, moreMs = 0): Promise<T> {
    const deadline = performance.now() + (this.options.newsWithinMs ?? 3000) + moreMs;
    for (;;) {
      const result = found();
      if (result !== undefined && result !== false) return result;
      if (performance.now() > deadline) assert.fail(`${what}: not told in time`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends the driver and takes the interfaces down. */
  strike(): void {
    try {
      this.driver.close();
    } finally {
      this.run(`ip link del ${DEV}`);
    }
  }
}

/** The table that routes of a table of their own are in; rules have this priority and those after it. */
export const TABLE = 7700;

/** A shell command that waits until `ip link` shows something: the kernel looks at a carrier when it has time. */
export function untilLink(text: string, device: string): string {
  return `for i in $(seq 200); do ip link show dev ${device} | grep -q '${text}' && break; sleep 0.05; done`;
}

/** Runs a test on a stage of its own, and takes it down whatever happens. */
export async function onStage(options: StageOptions, body: (stage: Stage) => Promise<void>): Promise<void> {
  // What goes with no interface is still there after a driver that has not taken it back.
  options.run(
    `for family in -4 -6; do
       ip $family route flush table ${TABLE} 2>/dev/null || true
       seq -f 'rule del pref %.0f' ${TABLE} ${TABLE + 9} | ip $family -force -batch - >/dev/null 2>&1 || true
     done`,
  );
  // IPv6 link-local addresses come late and go late: they would make two looks at the same state differ.
  options.run(
    `ip link del ${DEV} 2>/dev/null || true; ip link set lo up
     ip link add ${DEV} type veth peer name ${PEER}
     for dev in ${DEV} ${PEER}; do ip link set $dev addrgenmode none 2>/dev/null || true; done
     ip link set ${PEER} up; ip link set ${DEV} up; ip addr add ${OWN}/24 dev ${DEV}
     ${untilLink('state UP', DEV)}; ${untilLink('state UP', PEER)}`,
  );
  const stage = new Stage(options);
  try {
    await body(stage);
  } finally {
    stage.strike();
  }
}

/** A change of an address of {@link DEV}. */
export function address(
  op: 'add-address' | 'remove-address',
  text: string,
  more: {
    readonly prefixLength?: number;
    readonly label?: string;
    readonly interface?: string;
    readonly scope?: 'global' | 'link' | 'host';
  } = {},
): KernelChange {
  const family = text.includes(':') ? 6 : 4;
  return { op, interface: DEV, family, address: text, prefixLength: family === 6 ? 128 : 32, ...more };
}

/** A change of a route, by way of {@link GATEWAY} or, IPv6, {@link GATEWAY6}. */
export function route(
  op: 'add-route' | 'remove-route',
  network: string,
  more: { readonly gateway?: string; readonly metric?: number; readonly mtu?: number } = {},
): KernelChange {
  const [destination, length] = network.split('/') as [string, string];
  const [family, gateway] = destination.includes(':') ? ([6, GATEWAY6] as const) : ([4, GATEWAY] as const);
  return { op, family, destination, prefixLength: Number(length), gateway, ...more };
}
