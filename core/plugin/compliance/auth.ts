/**
 * Compliance tests for plugins of kind `auth`. A plugin's author calls {@link authCompliance} in their own test
 * suite; the built-in plugins do the same.
 */
import assert from 'node:assert/strict';
import type { Authenticator, AuthPlugin, PluginContext } from '../contracts/index.ts';
import { declared, type FromManifest } from './manifest.ts';

/** Registers a test: `test` of vitest or node:test, `it` of mocha or jest. */
export type TestRegistrar = (name: string, body: () => void) => unknown;

/** What the kit needs to know about the plugin. */
export interface AuthComplianceOptions extends FromManifest {
  readonly test: TestRegistrar;
  /** The plugin's default export. */
  readonly plugin: AuthPlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The Authentication Type octet that it must have under this name. */
  readonly authType: number;
  /** True: a change anywhere in the body must be noticed. False: only the trailer is checked. */
  readonly integrity: boolean;
  /** True: `verify` must not allocate. Only for plugins that call no cryptographic library. Default false. */
  readonly allocationFree?: boolean;
  /** Whole VRRP messages in hexadecimal, as they are on the wire, with the secret (UTF-8) they are made with. */
  readonly vectors: readonly { readonly secret: string; readonly message: string }[];
}

/** Octets of authentication data behind the body (RFC 2338 §5.3.10). */
const TRAILER = 8;
/** Offset of the checksum in the VRRP message (RFC 2338 §5.1). */
const CHECKSUM = 6;
/** Where the message starts in the test's buffer: it is not at 0 on a packet socket either. */
const START = 34;

/** VRID 7, priority 100, 1 s, two addresses, checksum zero. */
const BODY = Uint8Array.from([0x21, 7, 100, 2, 0, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);

/** Registers the tests. None needs root, network or a clock. */
export function authCompliance(options: AuthComplianceOptions): void {
  const { plugin, test } = options;
  const { name } = declared('auth', options);
  const context: PluginContext = { name, options: options.options ?? {}, log: () => {} };
  const create = (secret: string): Authenticator => plugin.create(context, new TextEncoder().encode(secret));
  const title = (what: string): string => `auth compliance, ${name}: ${what}`;

  test(title('its default export is of kind auth'), () => {
    assert.equal(plugin.kind, 'auth');
    assert.equal(typeof plugin.create, 'function');
  });

  test(title('its Authentication Type is an octet other than 0, whatever the secret'), () => {
    for (const secret of ['', 'x', 'a secret of more than eight octets']) {
      const { authType } = create(secret);
      assert.ok(Number.isInteger(authType) && authType >= 1 && authType <= 255, `authType is ${authType}`);
      assert.equal(authType, options.authType);
    }
  });

  test(title('sign writes the eight octets of the trailer and nothing else'), () => {
    for (const fill of [0x00, 0xff]) {
      const packet = packetOf(BODY, fill);
      create('secret').sign(packet, START, START + BODY.length);
      const expected = packetOf(BODY, fill);
      expected.set(packet.subarray(START + BODY.length, START + BODY.length + TRAILER), START + BODY.length);
      assert.deepEqual(packet, expected);
    }
    // every octet is written: what was there before must not shine through
    assert.deepEqual(trailerOf(create('secret'), BODY, 0x00), trailerOf(create('secret'), BODY, 0xff));
  });

  test(title('sign depends on nothing but secret and body'), () => {
    const one = create('secret');
    const first = trailerOf(one, BODY);
    const other = Uint8Array.from(BODY);
    other[2] = 200;
    trailerOf(one, other);
    assert.deepEqual(trailerOf(one, BODY), first, 'an earlier packet must not matter');
    assert.deepEqual(trailerOf(create('secret'), BODY), first, 'nor must the instance');
    assert.deepEqual(trailerOf(one, BODY, 0x55), first, 'nor what surrounds the message');
  });

  test(title('verify accepts what another router with the same secret signed'), () => {
    for (const secret of ['', 'x', 'exactly8', 'a secret of more than eight octets', 'ünïcödé']) {
      const packet = signed(create(secret), BODY);
      assert.equal(create(secret).verify(packet, START, START + BODY.length), true, `secret "${secret}"`);
    }
  });

  test(title('verify refuses another secret'), () => {
    const packet = signed(create('secret'), BODY);
    for (const secret of ['', 'Secret', 'other']) {
      assert.equal(create(secret).verify(packet, START, START + BODY.length), false, `secret "${secret}"`);
    }
  });

  test(title('verify refuses a trailer with any one bit changed'), () => {
    const end = START + BODY.length;
    const one = create('secret');
    for (let bit = 0; bit < TRAILER * 8; bit++) {
      const packet = signed(one, BODY);
      packet[end + (bit >> 3)]! ^= 1 << (bit & 7);
      assert.equal(one.verify(packet, START, end), false, `bit ${bit}`);
    }
  });

  test(title('verify refuses a packet that ends before its trailer does'), () => {
    const end = START + BODY.length;
    for (const secret of ['', 'secret']) {
      const one = create(secret);
      const packet = signed(one, BODY);
      for (let length = end; length < end + TRAILER; length++) {
        assert.equal(
          one.verify(packet.slice(0, length), START, end),
          false,
          `${length - end} octets are left`,
        );
      }
    }
  });

  test(title('verify changes nothing in the packet'), () => {
    const one = create('secret');
    const packet = signed(one, BODY);
    const before = packet.slice();
    one.verify(packet, START, START + BODY.length);
    assert.deepEqual(packet, before);
    packet[START + BODY.length]! ^= 1;
    before[START + BODY.length]! ^= 1;
    one.verify(packet, START, START + BODY.length);
    assert.deepEqual(packet, before);
  });

  if (options.integrity) {
    test(title('verify refuses a body with any one bit changed'), () => {
      const end = START + BODY.length;
      const one = create('secret');
      for (let bit = 0; bit < BODY.length * 8; bit++) {
        const packet = signed(one, BODY);
        packet[START + (bit >> 3)]! ^= 1 << (bit & 7);
        assert.equal(one.verify(packet, START, end), false, `bit ${bit}`);
      }
    });
  }

  if (options.allocationFree === true) {
    test(title('verify does not allocate'), () => {
      assert.ok(allocatedBy(create('secret')) < ROUNDS, 'less than an octet for each packet');
    });
  }

  for (const { secret, message } of options.vectors) {
    test(title(`it makes and accepts ${message} with the secret "${secret}"`), () => {
      const octets = fromHex(message);
      const body = octets.slice(0, -TRAILER);
      body.fill(0, CHECKSUM, CHECKSUM + 2);
      assert.equal(octets[4], create(secret).authType, 'Authentication Type of the message');
      const trailer = trailerOf(create(secret), body);
      assert.equal(toHex(trailer), toHex(octets.subarray(-TRAILER)));
      const packet = packetOf(body, 0);
      packet.set(trailer, START + body.length);
      assert.equal(create(secret).verify(packet, START, START + body.length), true);
    });
  }
}

const ROUNDS = 100_000;

/** Octets that the heap grew by during {@link ROUNDS} calls: the least of a few tries, as others allocate too. */
function allocatedBy(one: Authenticator): number {
  const packet = signed(one, BODY);
  const end = START + BODY.length;
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8; attempt++) {
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < ROUNDS; round++) one.verify(packet, START, end);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0 && grown < least) least = grown; // less than 0: garbage was collected meanwhile
  }
  return least;
}

function packetOf(body: Uint8Array, fill: number): Uint8Array {
  const packet = new Uint8Array(START + body.length + TRAILER + 5).fill(fill);
  packet.set(body, START);
  return packet;
}

function signed(one: Authenticator, body: Uint8Array, fill = 0): Uint8Array {
  const packet = packetOf(body, fill);
  one.sign(packet, START, START + body.length);
  return packet;
}

function trailerOf(one: Authenticator, body: Uint8Array, fill = 0): Uint8Array {
  const end = START + body.length;
  return signed(one, body, fill).slice(end, end + TRAILER);
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

function toHex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}
