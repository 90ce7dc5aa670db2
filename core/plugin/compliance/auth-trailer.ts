/**
 * Compliance tests for plugins of kind `auth` with `"placement": "trailer"`. A plugin's author calls
 * {@link authTrailerCompliance} in their own test suite; the built-in plugin does the same.
 */
import assert from 'node:assert/strict';
import type {
  AuthRouter,
  PluginContext,
  TrailerAuthenticator,
  TrailerAuthPlugin,
} from '../contracts/index.ts';
import type { TestRegistrar } from './auth.ts';
import { declared, type FromManifest } from './manifest.ts';

/** A trailer as it is on the wire. */
export interface TrailerVector {
  /** The virtual router. Default: group 7, VRRPv3 over IPv4. */
  readonly router?: Partial<Pick<AuthRouter, 'group' | 'family' | 'version'>>;
  /** `[vrouter.auth]`; default: those of the options. */
  readonly directives?: Readonly<Record<string, unknown>>;
  /** The sender's clock, ms since 1970. */
  readonly time: number;
  /** The sender's address, message and trailer in hexadecimal, as they are on the wire. */
  readonly source: string;
  readonly message: string;
  readonly trailer: string;
}

/** What the kit needs to know about the plugin. */
export interface AuthTrailerComplianceOptions extends FromManifest {
  readonly test: TestRegistrar;
  /** The plugin's default export. */
  readonly plugin: TrailerAuthPlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** `[vrouter.auth]` of a router that sends and requires trailers, as the schema leaves it. Default: none. */
  readonly directives?: Readonly<Record<string, unknown>>;
  readonly vectors?: readonly TrailerVector[];
}

/** Octets of `AuthMemory`. */
const MEMORY = 1024;
/** Offset of the checksum in the VRRP message. */
const CHECKSUM = 6;
/** Where the message is in the test’s buffer; the address of its sender stands before it. */
const START = 34;
/** ms since 1970 when the tests begin. */
const BEGIN = 1_800_000_000_000;

/** VRRPv3, VRID 7, priority 100, 1 s, two addresses, checksum zero. */
const MESSAGE = Uint8Array.from([0x31, 7, 100, 2, 0, 100, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
const FROM = Uint8Array.from([192, 0, 2, 9]);

/** Clocks and a memory of a router. */
class Stage {
  readonly memory = new Uint8Array(MEMORY);
  monotonic = 1_000_000;
  /** What the wall clock shows. */
  wall = BEGIN;

  pass(ms: number): void {
    this.monotonic += ms;
    this.wall += ms;
  }
}

/** Registers the tests. None needs root, network or a clock. */
export function authTrailerCompliance(options: AuthTrailerComplianceOptions): void {
  const { plugin, test } = options;
  const { name } = declared('auth', options);
  const context: PluginContext = { name, options: options.options ?? {}, log: () => {} };
  const title = (what: string): string => `auth trailer compliance, ${name}: ${what}`;
  const create = (
    stage: Stage,
    { router = {}, directives = options.directives ?? {} }: Partial<TrailerVector> = {},
    memory: Uint8Array = stage.memory,
  ): TrailerAuthenticator =>
    plugin.create(context, {
      ...{ interface: 'eth0', group: 7, family: 4, version: 3, advertisementInterval: 1000, ...router },
      ...{ secret: new Uint8Array(), directives },
      clock: { wall: () => stage.wall, monotonic: () => stage.monotonic },
      memory: { bytes: memory, save: () => {} },
    });
  const send = (
    by: TrailerAuthenticator,
    message: Uint8Array = MESSAGE,
    from: Uint8Array = FROM,
  ): Uint8Array => {
    const packet = packetOf(message, from, by.length);
    by.sign(packet, START, START + message.length, START - from.length);
    return packet;
  };
  const verdict = (
    of: TrailerAuthenticator,
    packet: Uint8Array,
    length = MESSAGE.length,
    from: Uint8Array = FROM,
  ) => of.verify(packet, START, START + length, START - from.length);
  /** Two routers with clocks of their own that agree. */
  const two = () => {
    const stages = { sender: new Stage(), receiver: new Stage() };
    return { stages, sender: create(stages.sender), receiver: create(stages.receiver) };
  };

  test(title('its default export is of kind auth, placement trailer'), () => {
    assert.equal(plugin.kind, 'auth');
    assert.equal(plugin.placement, 'trailer');
    assert.equal(typeof plugin.create, 'function');
  });

  test(
    title(
      'its trailer has a length that the engine can tell, and the router of these tests sends and requires it',
    ),
    () => {
      const { length, sends, requires } = create(new Stage());
      assert.ok(
        Number.isInteger(length) && length >= 2 && length <= 256 && length % 2 === 0,
        `length ${length}`,
      );
      assert.deepEqual([sends, requires], [true, true]);
    },
  );

  test(title('sign writes the trailer and nothing else, whatever was there before'), () => {
    for (const fill of [0x00, 0xff]) {
      const one = create(new Stage());
      const packet = packetOf(MESSAGE, FROM, one.length, fill);
      const before = packet.slice();
      one.sign(packet, START, START + MESSAGE.length, START - FROM.length);
      const end = START + MESSAGE.length;
      before.set(packet.subarray(end, end + one.length), end);
      assert.deepEqual(packet, before);
    }
  });

  test(title('each trailer is another one, also within one moment and after the clock was set back'), () => {
    const { stages, sender } = two();
    const seen = new Set<string>();
    for (const step of [0, 1000, -2000, -3_600_000, 3_600_000]) {
      stages.sender.wall += step;
      for (let i = 0; i < 10; i++) seen.add(send(sender).join());
    }
    assert.equal(seen.size, 50);
  });

  test(title('verify takes what another router has sent, once'), () => {
    const { stages, sender, receiver } = two();
    const packets = [0, 1, 2].map(() => {
      stages.sender.pass(100);
      stages.receiver.pass(100);
      return send(sender);
    });
    for (const packet of packets) assert.equal(verdict(receiver, packet), 'genuine');
    for (const packet of packets) assert.equal(verdict(receiver, packet), 'replayed');
  });

  test(
    title('verify refuses a message or trailer with any one bit changed, and learns nothing from it'),
    () => {
      const { sender, receiver, stages } = two();
      const packet = send(sender);
      const end = START + MESSAGE.length;
      const memory = stages.receiver.memory.slice();
      for (let bit = START * 8; bit < (end + sender.length) * 8; bit++) {
        const at = bit >> 3;
        if (at === START + CHECKSUM || at === START + CHECKSUM + 1) continue; // the engine has made it zero
        const wrong = packet.slice();
        wrong[at]! ^= 1 << (bit & 7);
        assert.ok(
          !['genuine', 'skewed'].includes(verdict(receiver, wrong)),
          `bit ${bit & 7} of octet ${at - START}`,
        );
      }
      assert.deepEqual(stages.receiver.memory, memory);
      assert.equal(verdict(receiver, packet), 'genuine');
    },
  );

  test(title('verify refuses what was sent for another virtual router, version or by another sender'), () => {
    const { sender, stages } = two();
    const packet = send(sender);
    for (const router of [{ group: 8 }, { version: 2 } as const])
      assert.equal(verdict(create(stages.receiver, { router }, new Uint8Array(MEMORY)), packet), 'invalid');
    packet[START - 1]! ^= 1;
    assert.equal(verdict(create(stages.receiver), packet), 'invalid');
  });

  test(title('verify changes nothing in the packet, and does not read beyond its end'), () => {
    const { sender, receiver } = two();
    const packet = send(sender);
    const end = START + MESSAGE.length;
    for (let length = end; length < end + sender.length; length++)
      assert.ok(
        !['genuine', 'skewed'].includes(verdict(receiver, packet.slice(0, length))),
        `${length} octets`,
      );
    const before = packet.slice();
    verdict(receiver, packet);
    assert.deepEqual(packet, before);
  });

  test(title('reload: the next one goes on with the memory, to the last packet'), () => {
    const { stages, sender, receiver } = two();
    const last = send(sender);
    assert.equal(verdict(receiver, last), 'genuine');
    const heirs = [stages.sender, stages.receiver].map((stage) => {
      const memory = new Uint8Array(MEMORY);
      const heir = create(stage, {}, memory);
      memory.set(stage.memory);
      heir.adopt?.('reload'); // for trial
      memory.set(stage.memory);
      heir.adopt?.('reload');
      return heir;
    });
    assert.equal(verdict(heirs[1]!, last), 'replayed');
    const next = send(heirs[0]!);
    assert.notDeepEqual(next, last);
    assert.equal(verdict(heirs[1]!, next), 'genuine');
  });

  test(
    title('restart: what was accepted after the copy was made is not accepted again, what comes then is'),
    () => {
      const { stages, sender, receiver } = two();
      const pass = (ms: number): void => {
        for (const stage of [stages.sender, stages.receiver]) stage.pass(ms);
      };
      assert.equal(verdict(receiver, send(sender)), 'genuine');
      const copy = stages.receiver.memory.slice();
      pass(1000);
      const since = send(sender);
      assert.equal(verdict(receiver, since), 'genuine');
      pass(200);
      const memory = new Uint8Array(MEMORY);
      memory.set(copy);
      const heir = create(stages.receiver, {}, memory);
      heir.adopt?.('restart');
      assert.equal(verdict(heir, since), 'replayed');
      pass(1);
      assert.equal(verdict(heir, send(sender)), 'genuine');
    },
  );

  test(
    title(
      'restart of one that has run: what others have sent and accepted meanwhile is neither sent nor accepted',
    ),
    () => {
      const { stages, sender, receiver } = two();
      const pass = (ms: number): void => {
        for (const stage of [stages.sender, stages.receiver]) stage.pass(ms);
      };
      assert.equal(verdict(receiver, send(sender)), 'genuine');
      pass(1000);
      // A process that is to replace it has a copy, and is gone.
      const copy = stages.sender.memory.slice();
      const meanwhile = send(create(stages.sender, {}, copy));
      assert.equal(
        verdict(create(stages.receiver, {}, stages.receiver.memory.slice()), meanwhile),
        'genuine',
      );
      pass(1);
      sender.adopt?.('restart');
      receiver.adopt?.('restart');
      assert.equal(verdict(receiver, meanwhile), 'replayed');
      pass(1);
      const next = send(sender);
      assert.notDeepEqual(next, meanwhile);
      assert.equal(verdict(receiver, next), 'genuine');
    },
  );

  test(title('memory that something else has left does no harm'), () => {
    const stage = new Stage();
    stage.memory.fill(0xa5);
    const receiver = create(stage);
    receiver.adopt?.('restart');
    const packet = send(create(new Stage()));
    assert.equal(verdict(receiver, packet), 'genuine');
    assert.equal(verdict(receiver, packet), 'replayed');
  });

  for (const vector of options.vectors ?? []) {
    test(title(`it makes and accepts ${vector.message} ${vector.trailer}`), () => {
      const [from, message, trailer] = [vector.source, vector.message, vector.trailer].map(fromHex) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      message.fill(0, CHECKSUM, CHECKSUM + 2);
      const stage = new Stage();
      stage.wall = vector.time;
      const packet = send(create(stage, vector), message, from);
      const end = START + message.length;
      assert.equal(toHex(packet.subarray(end, end + trailer.length)), vector.trailer);
      const receiver = create(stage, vector, new Uint8Array(MEMORY));
      assert.equal(verdict(receiver, packet, message.length, from), 'genuine');
    });
  }
}

function packetOf(message: Uint8Array, from: Uint8Array, trailer: number, fill = 0): Uint8Array {
  const packet = new Uint8Array(START + message.length + trailer).fill(fill);
  packet.set(from, START - from.length);
  packet.set(message, START);
  return packet;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

function toHex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}
