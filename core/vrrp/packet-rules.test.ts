/** Packets by the rules of a virtual router: its version, where to, how far, what is behind the addresses. */
import { describe, expect, test } from 'vitest';
import { addressBytes, macBytes } from './address.ts';
import { type AdvertisementFields, ChecksumSort, emptyAdvertisement } from './advertisement.ts';
import { DROP_REASONS } from './drop-reasons.ts';
import {
  decodeFor,
  decodeHeader,
  emptyFrame,
  encodeFixedParts,
  encodeFrame,
  frameLength,
  sealFrame,
} from './frame.ts';
import { GROUPS, type PacketRules, packetRules } from './packet-rules.ts';

const fields = (over: Partial<AdvertisementFields> = {}): AdvertisementFields => ({
  ...{ version: 2, family: 4, vrid: 7, priority: 100, authType: 0, intervalCs: 100 },
  addresses: [addressBytes(over.family === 6 ? 'fe80::1' : '198.51.100.1')],
  ...over,
});

const SOURCE = { 4: addressBytes('192.0.2.9'), 6: addressBytes('fe80::9') };

/** A frame by these rules, at an offset in a larger buffer. */
function encoded(of: AdvertisementFields, rules: PacketRules, at = 100) {
  const bytes = new Uint8Array(500);
  const parts = encodeFixedParts(bytes, at, SOURCE[of.family], of, rules);
  sealFrame(bytes, at, parts, rules);
  return { bytes, parts, frame: bytes.slice(at, at + parts.length) };
}

/** What a router with these rules says to a frame; and for which VRID it is. */
function verdict(frame: Uint8Array, rules?: PacketRules): [string, number] {
  const header = emptyFrame();
  const broken = decodeHeader(frame, 0, frame.length, header);
  const reason = broken >= 0 ? broken : decodeFor(frame, header, rules, emptyAdvertisement());
  return [reason < 0 ? 'good' : DROP_REASONS[reason]!, header.vrid];
}

/** The frame with octets at an offset replaced, the IP header's checksum made right again. */
function patched(frame: Uint8Array, at: number, ...octets: number[]): Uint8Array {
  const copy = frame.slice();
  copy.set(octets, at);
  copy.fill(0, 24, 26);
  let sum = 0;
  for (let word = 14; word < 34; word += 2) sum += (copy[word]! << 8) | copy[word + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  copy.set([(~sum >> 8) & 0xff, ~sum & 0xff], 24);
  return copy;
}

const STANDARD = [
  ['VRRPv2', fields()],
  ['VRRPv3 on IPv4', fields({ version: 3, intervalCs: 5 })],
  ['VRRPv3 on IPv6', fields({ version: 3, family: 6 })],
] as const;

test('routers that speak to a group share theirs, those of other arguments and of peers have their own', () => {
  const all = ([2, 3] as const).flatMap((version) =>
    ([4, 6] as const).flatMap((family) =>
      [ChecksumSort.Any, ChecksumSort.Message, ChecksumSort.PseudoHeader].flatMap((sort) =>
        [0, 1, 40, 255].map((extension) => [version, family, GROUPS[family], sort, extension] as const),
      ),
    ),
  );
  const made = all.map((each) => packetRules(...each));
  expect(new Set(made).size).toBe(all.length);
  for (const [index, [version, family, destination, sort, extension]] of all.entries()) {
    expect(packetRules(version, family, destination, sort, extension)).toBe(made[index]);
    expect(made[index]).toMatchObject({ version, family, destination, extension });
  }
  const peer = { mac: macBytes('02:00:00:00:00:77'), address: addressBytes('192.0.2.1') };
  expect(packetRules(2, 4, peer)).not.toBe(packetRules(2, 4, peer));
});

describe.each(STANDARD)('%s', (_, of) => {
  const rules = packetRules(of.version, of.family);

  test('the usual rules make the usual frame, which is good', () => {
    const usual = new Uint8Array(frameLength(of.version, of.family, 1));
    encodeFrame(usual, 0, SOURCE[of.family], of);
    const { frame } = encoded(of, rules);
    expect(frame).toEqual(usual);
    expect(verdict(frame, rules)).toEqual(['good', 7]);
    expect(verdict(frame), 'well-formed, whoever it is for').toEqual(['good', 7]);
  });

  test('to a peer instead of the group: good for whoever expects that, nobody else', () => {
    const address = of.family === 4 ? '192.0.2.1' : 'fe80::abcd';
    const peer = { mac: macBytes('02:00:00:00:00:77'), address: addressBytes(address) };
    const toPeer = packetRules(of.version, of.family, peer);
    const { frame } = encoded(of, toPeer);
    expect(frame.subarray(0, 6)).toEqual(peer.mac);
    expect(verdict(frame, toPeer)).toEqual(['good', 7]);
    expect(verdict(frame, rules)).toEqual(['destination', 7]);
    expect(verdict(frame)).toEqual(['destination', 7]);
    expect(verdict(encoded(of, rules).frame, toPeer)).toEqual(['destination', 7]);
  });

  test('another hop limit is sent, and at least the least is wanted', () => {
    const sent = (hopLimit: number) => encoded(of, { ...rules, hopLimit }).frame;
    const far = { ...rules, minHopLimit: 64 };
    expect(verdict(sent(64), far)).toEqual(['good', 7]);
    expect(verdict(sent(255), far)).toEqual(['good', 7]);
    expect(verdict(sent(63), far)).toEqual(['ttl', 7]);
    expect(verdict(sent(254), rules)).toEqual(['ttl', 7]);
    expect(verdict(sent(64), rules)).toEqual(['ttl', 7]);
  });

  test('with peers: from them alone, whatever the hop limit', () => {
    const size = SOURCE[of.family].length;
    const others = new Uint8Array(3 * size).fill(9);
    const known = Uint8Array.from([...others, ...SOURCE[of.family]]);
    const { frame } = encoded(of, rules);
    expect(verdict(frame, { ...rules, peers: known })).toEqual(['good', 7]);
    expect(verdict(frame, { ...rules, peers: others })).toEqual(['peer', 7]);
    const forwarded = encoded(of, { ...rules, hopLimit: 254 }).frame;
    expect(verdict(forwarded, { ...rules, peers: others })).toEqual(['peer', 7]);
    expect(verdict(forwarded, { ...rules, peers: known })).toEqual(['ttl', 7]);
  });

  test('authentication data of another length', () => {
    const long = { ...rules, trailer: 32 };
    const { frame } = encoded(of, long);
    expect(frame.length).toBe(frameLength(of.version, of.family, 1, 32));
    expect(verdict(frame, long)).toEqual(['good', 7]);
    expect(verdict(frame, rules)).toEqual(['count', 7]);
  });

  test('is signed anew as often as one likes: good each time, and alike but for signature and checksum', () => {
    const signed = { ...rules, trailer: 16 };
    const { bytes, parts } = encoded(of, signed);
    const { message, bodyEnd, length } = parts;
    const frames = [1, 2, 0xffff].map((counter) => {
      sealFrame(bytes, 100, parts, signed, (packet, start, end) => {
        expect([start, end]).toEqual([100 + message, 100 + bodyEnd]);
        expect([...packet.subarray(start + 6, start + 8)], 'the checksum is zero').toEqual([0, 0]);
        expect(packet.subarray(end, end + 16).every((octet) => octet === 0)).toBe(true);
        new DataView(packet.buffer).setUint32(end, counter);
      });
      return bytes.slice(100, 100 + length);
    });
    const fixed = frames.map((frame) => {
      expect(verdict(frame, signed)).toEqual(['good', 7]);
      const copy = frame.slice();
      copy.fill(0, message + 6, message + 8);
      copy.fill(0, bodyEnd);
      return copy;
    });
    expect(fixed[1]).toEqual(fixed[0]);
    expect(fixed[2]).toEqual(fixed[0]);
    expect(new Set(frames.map((frame) => frame.join())).size).toBe(3);
    expect(bytes.subarray(0, 100).every((octet) => octet === 0)).toBe(true);
    expect(bytes.subarray(100 + length).every((octet) => octet === 0)).toBe(true);
  });
});

describe('whose it is does not depend on whether it is right', () => {
  const good = encoded(fields(), packetRules(2, 4)).frame;
  const rules = packetRules(2, 4);
  test.each([
    ['destination', patched(good, 33, 19)],
    ['source', patched(good, 26, 127)],
    ['ttl', patched(good, 22, 254)],
    ['version', patched(good, 34, 0x41)],
    ['type', patched(good, 34, 0x22)],
    ['count', patched(good, 37, 9)],
    ['checksum', patched(good, 36, 1)],
  ])('%s', (reason, frame) => {
    expect(verdict(frame, rules)).toEqual([reason, 7]);
    expect(verdict(frame)).toEqual([reason, 7]);
  });

  test.each([
    ['not-vrrp', patched(good, 23, 17)],
    ['ip-header', patched(good, 20, 0x20)],
    ['truncated', good.subarray(0, 40)],
    ['truncated', patched(good, 16, 0, 27).subarray(0, 41)], // a whole packet, of seven octets
  ])('%s: nobody’s (%#)', (reason, frame) => {
    expect(verdict(frame, rules)).toEqual([reason, -1]);
  });

  test('a message of another version is looked at by that version’s rules before it is refused for it', () => {
    const other = encoded(fields({ version: 3 }), packetRules(3, 4)).frame;
    expect(verdict(other, packetRules(3, 4))).toEqual(['good', 7]);
    expect(verdict(other, rules)).toEqual(['version', 7]);
    expect(verdict(patched(other, 36, 1), rules)).toEqual(['checksum', 7]);
    expect(verdict(good, packetRules(3, 4))).toEqual(['version', 7]);
  });
});
