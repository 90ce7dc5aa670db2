import { expect, test } from 'vitest';
import { checkProgram, runProgram } from '../plugin/index.ts';
import { addressBytes } from '../vrrp/address.ts';
import { encodeNeighbourAdvertisement, ICMPV6_AT, icmpv6Sum } from '../vrrp/announcement.ts';
import { foldChecksum } from '../vrrp/checksum.ts';
import { isNeighbourAdvertisement, ndProgram, toldMac } from './nd-watch.ts';

const MAC = '02:00:00:00:00:99';
const VIP = 'fe80::5e00:207';

function frameOf(address = VIP): Uint8Array {
  const frame = new Uint8Array(86);
  encodeNeighbourAdvertisement(frame, 0, address, MAC);
  return frame;
}

/** The frame with octets replaced, its ICMPv6 checksum made right again. */
function changed(frame: Uint8Array, at: number, ...octets: number[]): Uint8Array {
  const copy = frame.slice();
  copy.set(octets, at);
  copy.fill(0, ICMPV6_AT + 2, ICMPV6_AT + 4);
  const checksum = foldChecksum(icmpv6Sum(copy, 0, copy[19]!));
  copy.set([checksum >> 8, checksum & 0xff], ICMPV6_AT + 2);
  return copy;
}

function passes(addresses: readonly string[], frame: Uint8Array): boolean {
  const words = ndProgram(Uint8Array.from(addresses.flatMap((address) => [...addressBytes(address)])));
  const program = Array.from({ length: words.length / 4 }, (_, i) => {
    const [code = 0, jt = 0, jf = 0, k = 0] = words.subarray(i * 4, i * 4 + 4);
    return { code, jt, jf, k };
  });
  checkProgram(program);
  return runProgram(program, frame) > 0;
}

test('the filter: neighbour advertisements of our addresses pass, nothing else', () => {
  const ours = [VIP, '2001:db8::1'];
  expect(passes(ours, frameOf())).toBe(true);
  expect(passes(ours, frameOf('2001:db8::1'))).toBe(true);
  expect(passes(ours, frameOf('2001:db8::2'))).toBe(false);
  expect(passes([], frameOf())).toBe(false);
  for (const [at, octet] of [
    [12, 0x08],
    [20, 112],
    [ICMPV6_AT, 135],
  ] as const) {
    expect(passes(ours, changed(frameOf(), at, octet)), `octet ${at}`).toBe(false);
  }
});

test('255 addresses are compared; with more, every neighbour advertisement passes', () => {
  const many = Array.from({ length: 256 }, (_, at) => `2001:db8::1:${at.toString(16)}`);
  expect(passes(many.slice(0, 255), frameOf('2001:db8::1:fe'))).toBe(true);
  expect(passes(many.slice(0, 255), frameOf('2001:db8::1:ff'))).toBe(false);
  expect(passes(many, frameOf())).toBe(true);
  expect(passes(many, changed(frameOf(), ICMPV6_AT, 135))).toBe(false);
});

test('the MAC is that of the option, without one the sender’s', () => {
  expect(toldMac(frameOf(), 0, 86)).toBe(0x020000000099);
  const other = changed(frameOf(), 6, 2, 0, 0, 0, 0, 0x55);
  expect(toldMac(other, 0, 86)).toBe(0x020000000099);
  const without = changed(other, 19, 24); // the payload ends before the option
  expect(toldMac(without, 0, 86)).toBe(0x020000000055);
});

test('what no host would believe tells nothing', () => {
  const wrong: [string, Uint8Array][] = [
    ['forwarded', changed(frameOf(), 21, 254)],
    ['code', changed(frameOf(), ICMPV6_AT + 1, 1)],
    ['checksum', Uint8Array.from(frameOf(), (octet, at) => (at === 80 ? octet ^ 1 : octet))],
    ['option of length 0', changed(frameOf(), ICMPV6_AT + 25, 0)],
    ['too short', changed(frameOf(), 19, 20)],
  ];
  for (const [what, frame] of wrong) expect(toldMac(frame, 0, 86), what).toBe(-1);
  for (let length = 0; length < 86; length++) expect(toldMac(frameOf(), 0, length)).toBe(-1);
  expect(isNeighbourAdvertisement(frameOf(), 0, 86)).toBe(true);
  for (let length = 0; length < 78; length++)
    expect(isNeighbourAdvertisement(frameOf(), 0, length)).toBe(false);
});
