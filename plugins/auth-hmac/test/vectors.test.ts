import { describe, expect, test } from 'vitest';
import { authenticator, Clock, octets, Packet } from './stage.ts';

// Captured from keepalived 2.4.3, and the draft's own. Both ways: what they sent is genuine, and we send the same.

const FE80_1 = octets('fe8000000000000000 0000fffe000001');
const FE80_10 = octets('fe800000000000000000000000000010');

const VECTORS = [
  {
    name: 'keepalived, v2',
    router: { version: 2, family: 4, group: 51 },
    source: Uint8Array.of(198, 51, 100, 1),
    message: '2133c80100015465c00002640000000000000000',
    trailer: '010100006b080f6122350000ae6dae05d515c68007d41d4406b8a031',
  },
  {
    name: 'keepalived, v3 over IPv4',
    router: { version: 3, family: 4, group: 52 },
    source: Uint8Array.of(198, 51, 100, 1),
    message: '3134c80200327702c0000265c0000266',
    trailer: '010700006b080f5f863500009fe4d08ba7c5a6582d2779b8880d56ce',
  },
  {
    name: 'keepalived, v3 over IPv6',
    router: { version: 3, family: 6, group: 53 },
    source: FE80_1,
    message: '31359602000a6814fe80000000000000000000000005000320010db8000000000000000000000053',
    trailer: '010100006b080f5e419b0000f60a14d9f4a383f5133ce07f9314df78',
  },
  {
    name: 'the draft, IPv4',
    router: { version: 3, family: 4, group: 51 },
    source: Uint8Array.of(198, 51, 100, 10),
    message: '3133c80100644402c0000264',
    trailer: '0101000068000000800000001b84bc4e8e43892dc6d98448f8ee2265',
  },
  {
    name: 'the draft, IPv6',
    router: { version: 3, family: 6, group: 51 },
    source: FE80_10,
    message: '3133c8010064a2e9fe800000000000000000000000000100',
    trailer: '010100006800000080000000c8c56146ebfd66ee10ec4d8186461b78',
  },
  {
    name: 'v2, computed independently',
    router: { version: 2, family: 4, group: 51 },
    source: Uint8Array.of(198, 51, 100, 10),
    message: '2133c80100015465c00002640000000000000000',
    trailer: '010100006800000080000000d0b9391b8d008f779ef2e8cf66238947',
  },
] as const;

/** A clock that shows the time of a trailer. */
function clockAt(trailer: Uint8Array): Clock {
  const view = new DataView(trailer.buffer);
  const clock = new Clock();
  clock.offset = view.getUint32(4) * 1000 + (view.getUint16(8) * 1000) / 65536 + 0.001 - clock.monotonic;
  return clock;
}

describe.each(VECTORS)('$name', ({ router, source, message, trailer: hex }) => {
  const trailer = octets(hex);
  const received = () => new Packet(source, octets(message), trailer);

  test('is genuine, once', () => {
    const one = authenticator({ router, clock: clockAt(trailer) });
    const packet = received();
    const before = packet.bytes.slice();
    expect(packet.verdictOf(one)).toBe('genuine');
    expect(packet.verdictOf(one)).toBe('replayed');
    expect(packet.bytes).toEqual(before);
    expect(one.skew).toBeCloseTo(0, 1);
  });

  test('is what we send', () => {
    const active_key = trailer[1]!;
    const one = authenticator({ router, clock: clockAt(trailer), directives: { active_key } });
    expect(Buffer.from(new Packet(source, octets(message)).signedBy(one).trailer).toString('hex')).toBe(hex);
  });

  test('any bit of it counts', () => {
    const one = authenticator({ router, clock: clockAt(trailer) });
    const whole = received();
    const verdicts = new Set<string>();
    for (let bit = 0; bit < whole.bytes.length * 8; bit++) {
      const at = bit >> 3;
      if (at === whole.start + 6 || at === whole.start + 7) continue; // the checksum, which is zero here
      const packet = received();
      packet.bytes[at]! ^= 1 << (bit & 7);
      const verdict = packet.verdictOf(one);
      verdicts.add(verdict);
      const inTrailer = at - whole.end;
      if (inTrailer === 0 || inTrailer === 2 || inTrailer === 3) expect(verdict).toBe('malformed');
      else if (inTrailer === 1) expect(['unknown-key', 'invalid']).toContain(verdict);
      else expect(['invalid', 'stale']).toContain(verdict);
    }
    expect(verdicts).toEqual(new Set(['malformed', 'unknown-key', 'invalid', 'stale']));
    expect(whole.verdictOf(one)).toBe('genuine'); // none of them has left anything
  });

  test('is nobody else’s: of another virtual router, version, sender', () => {
    const clock = clockAt(trailer);
    for (const other of [{ group: 99 }, { version: router.version === 2 ? 3 : 2 }] as const)
      expect(received().verdictOf(authenticator({ clock, router: { ...router, ...other } }))).toBe('invalid');
    const forged = source.slice();
    forged[source.length - 1]! ^= 1;
    const packet = new Packet(forged, octets(message), trailer);
    expect(packet.verdictOf(authenticator({ clock, router }))).toBe('invalid');
  });

  test('is stale where clocks differ by more than the window, and genuine for whoever looks at the order alone', () => {
    for (const seconds of [100, -100, 3600, -3600]) {
      const clock = clockAt(trailer);
      clock.offset += seconds * 1000;
      const one = authenticator({ router, clock });
      expect(received().verdictOf(one)).toBe('stale');
      expect(one.skew).toBe(-seconds * 1000);
      const other = authenticator({ router, clock, directives: { anti_replay: 'monotonic' } });
      expect(received().verdictOf(other)).toBe('genuine');
    }
  });
});
