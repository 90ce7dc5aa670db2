import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { authCompliance } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import plugin from '../src/index.ts';

const NAMES = ['p0-t8-sha256'];

for (const name of NAMES) {
  authCompliance({
    test,
    plugin,
    name,
    authType: 250,
    integrity: true,
    vectors: [
      // as deployed rVRRPd 0.1.3 routers send it
      { secret: 'thissecretnolongeris', message: '2101fe01fa01facf0a64640173e7f8e0d81638e6' },
      { secret: '', message: '21ff0102fa027c2ac0000201c0000202c85a0b47d3783bb2' },
    ],
  });
}

describe('p0-t8-sha256', () => {
  const context = { name: 'p0-t8-sha256', options: {}, log: () => {} };
  const create = (secret: Uint8Array) => plugin.create(context, secret);

  /** The trailer by its definition. */
  const expected = (secret: Uint8Array, body: Uint8Array): Buffer =>
    createHmac('sha256', secret).update(body).digest().subarray(0, 8);

  /** `body` at `start`, room for the trailer behind it. */
  const packetOf = (body: Uint8Array, start = 0): Uint8Array => {
    const packet = new Uint8Array(start + body.length + 8);
    packet.set(body, start);
    return packet;
  };

  test('signs whatever body and secret as defined', () => {
    const octets = fc.uint8Array({ maxLength: 1028 });
    fc.assert(
      fc.property(octets, octets, fc.nat(40), (secret, body, start) => {
        const packet = packetOf(body, start);
        const end = start + body.length;
        create(secret).sign(packet, start, end);
        expect(Buffer.from(packet.subarray(end))).toEqual(expected(secret, body));
        expect(create(secret).verify(packet, start, end)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('an octet changed anywhere is noticed, whatever was right before', () => {
    const one = create(Buffer.from('secret'));
    const body = Uint8Array.from([0x21, 7, 100, 1, 250, 1, 0, 0, 192, 0, 2, 1]);
    const packet = packetOf(body);
    one.sign(packet, 0, body.length);
    for (let round = 0; round < 2; round++) {
      expect(one.verify(packet, 0, body.length)).toBe(true);
      for (let index = 0; index < packet.length; index++) {
        const other = packet.slice();
        other[index]! ^= 0x80;
        expect(one.verify(other, 0, body.length), `octet ${index}`).toBe(false);
      }
      // the same octets, divided otherwise
      expect(one.verify(packet, 1, body.length)).toBe(false);
      expect(one.verify(packet.subarray(0, -1), 0, body.length - 1)).toBe(false);
    }
    expect(one.verify(packetOf(new Uint8Array(0)), 0, 0)).toBe(false);
  });

  test('a secret that changes after create does not change the authenticator', () => {
    const secret = Buffer.from('secret');
    const one = create(secret);
    secret.fill(0);
    const packet = packetOf(Uint8Array.from([1, 2, 3]));
    one.sign(packet, 0, 3);
    expect(Buffer.from(packet.subarray(3))).toEqual(
      expected(Buffer.from('secret'), Uint8Array.from([1, 2, 3])),
    );
  });

  test('the manifest names what is tested here', () => {
    expect(manifest.rvrrpd).toEqual({ api: '^1.0.0', kind: 'auth', names: NAMES });
  });
});
