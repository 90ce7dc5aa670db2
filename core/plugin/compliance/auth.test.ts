import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Authenticator, AuthPlugin } from '../contracts/index.ts';
import { type AuthComplianceOptions, authCompliance } from './auth.ts';

const TRAILER = 8;

/** A right plugin with integrity: HMAC-SHA-256 over the body, truncated. */
function right(secret: Uint8Array): Authenticator {
  const mac = (packet: Uint8Array, start: number, end: number) =>
    createHmac('sha256', secret).update(packet.subarray(start, end)).digest().subarray(0, TRAILER);
  return {
    authType: 200,
    sign: (packet, start, end) => packet.set(mac(packet, start, end), end),
    verify: (packet, start, end) =>
      packet.length >= end + TRAILER && mac(packet, start, end).equals(packet.subarray(end, end + TRAILER)),
  };
}

/** The tests of the kit that fail for a plugin, without their common beginning. */
function failures(
  create: (secret: Uint8Array) => Authenticator,
  more: Partial<AuthComplianceOptions> = {},
  kind = 'auth',
): string[] {
  const failed: string[] = [];
  authCompliance({
    test: (name, body) => {
      try {
        body();
      } catch {
        failed.push(name.replace('auth compliance, x: ', ''));
      }
    },
    plugin: {
      kind,
      create: (_context: unknown, secret: Uint8Array) => create(secret),
    } as unknown as AuthPlugin,
    name: 'x',
    authType: 200,
    integrity: true,
    vectors: [],
    ...more,
  });
  return failed;
}

test('a right plugin passes', () => {
  expect(failures(right)).toEqual([]);
});

test('the tests have names of their own', () => {
  const names: string[] = [];
  const plugin: AuthPlugin = { kind: 'auth', create: (_, secret) => right(secret) };
  const test = (name: string) => names.push(name);
  authCompliance({
    test,
    plugin,
    name: 'x',
    authType: 200,
    integrity: true,
    allocationFree: true,
    vectors: [],
  });
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(8);
});

describe('a broken plugin fails', () => {
  /** A right plugin but for this. */
  const but = (change: (one: Authenticator, secret: Uint8Array) => Partial<Authenticator>) =>
    failures((secret) => {
      const one = right(secret);
      return { ...one, ...change(one, secret) };
    });

  test('of another kind', () => {
    expect(failures(right, {}, 'filter')).toEqual(['its default export is of kind auth']);
  });

  test.each([0, 256, 1.5, 201])('authType %d', (authType) => {
    expect(but(() => ({ authType }))).toEqual([
      'its Authentication Type is an octet other than 0, whatever the secret',
    ]);
  });

  test('writes beyond the trailer', () => {
    const found = but((one) => ({
      sign: (packet, start, end) => {
        one.sign(packet, start, end);
        packet[end + TRAILER] = 1;
      },
    }));
    expect(found).toContain('sign writes the eight octets of the trailer and nothing else');
  });

  test('leaves octets of the trailer as they were', () => {
    const found = but((one) => ({
      sign: (packet, start, end) => {
        const last = packet[end + 7]!;
        one.sign(packet, start, end);
        packet[end + 7] = last;
      },
    }));
    expect(found).toContain('sign writes the eight octets of the trailer and nothing else');
  });

  test('keeps state between packets', () => {
    let count = 0;
    const found = but((one) => ({
      sign: (packet, start, end) => {
        one.sign(packet, start, end);
        packet[end]! ^= count++;
      },
    }));
    expect(found).toContain('sign depends on nothing but secret and body');
  });

  test('accepts everything', () => {
    expect(but(() => ({ verify: () => true }))).toEqual([
      'verify refuses another secret',
      'verify refuses a trailer with any one bit changed',
      'verify refuses a packet that ends before its trailer does',
      'verify refuses a body with any one bit changed',
    ]);
  });

  test('accepts nothing', () => {
    expect(but(() => ({ verify: () => false }))).toEqual([
      'verify accepts what another router with the same secret signed',
    ]);
  });

  test('compares seven octets', () => {
    const found = but((one) => ({
      verify: (packet, start, end) => {
        const copy = packet.slice(0, end + TRAILER);
        const signed = packet.slice(0, end + TRAILER);
        if (signed.length === end + TRAILER) one.sign(signed, start, end);
        copy[end + 7] = signed[end + 7]!;
        return one.verify(copy, start, end);
      },
    }));
    expect(found).toEqual(['verify refuses a trailer with any one bit changed']);
  });

  test('reads beyond the end of a packet', () => {
    const found = failures(
      (secret) => {
        const word = new Uint8Array(TRAILER);
        word.set(secret.subarray(0, TRAILER));
        return {
          authType: 200,
          sign: (packet, _start, end) => packet.set(word, end),
          verify: (packet, _start, end) => word.every((octet, index) => (packet[end + index] ?? 0) === octet),
        };
      },
      { integrity: false },
    );
    expect(found).toEqual(['verify refuses a packet that ends before its trailer does']);
  });

  test('changes the packet while verifying', () => {
    const found = but((one) => ({
      verify: (packet, start, end) => {
        const verdict = one.verify(packet, start, end);
        packet.fill(0, end, end + TRAILER);
        return verdict;
      },
    }));
    expect(found).toContain('verify changes nothing in the packet');
  });

  test('ignores the body although it claims integrity', () => {
    const found = but((one) => ({
      sign: (packet, start, _end) => one.sign(packet, start, start),
    }));
    expect(found.length).toBeGreaterThan(0);
  });

  test('allocates although it claims not to', () => {
    // a word as in the tests above, and copies of it: cheap enough to be called as often as the kit does
    const create = (secret: Uint8Array): Authenticator => {
      const word = Buffer.alloc(TRAILER, secret.length > 0 ? secret : 0);
      return {
        authType: 200,
        sign: (packet, _start, end) => packet.set(word, end),
        verify: (packet, _start, end) => word.equals(packet.slice(end, end + TRAILER)),
      };
    };
    const found = failures(create, { allocationFree: true, integrity: false });
    expect(found).toEqual(['verify does not allocate']);
  });

  test('does not make the vectors', () => {
    const message = '2101fe01c801000000000000000000000000000000';
    const found = failures(right, { vectors: [{ secret: 's', message }] });
    expect(found).toEqual([`it makes and accepts ${message} with the secret "s"`]);
  });
});
