import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AuthRouter, TrailerAuthenticator, TrailerVerdict } from '../contracts/index.ts';
import { authTrailerCompliance } from './auth-trailer.ts';

const LENGTH = 24;

/** A right plugin: 8 octets of a number in µs that never goes back, 16 of an HMAC. Its memory: number sent, number heard. */
class Right implements TrailerAuthenticator {
  readonly length: number = LENGTH;
  readonly sends: boolean = true;
  readonly requires = true;
  skew = 0;
  private readonly numbers: BigUint64Array;

  constructor(readonly router: AuthRouter) {
    const { bytes } = router.memory;
    this.numbers = new BigUint64Array(bytes.buffer, bytes.byteOffset, 4);
    this.settle();
  }

  /** A memory of something else is none. */
  private settle(): void {
    if (this.numbers[3] !== 77n) this.numbers.set([0n, 0n, 0n, 77n]);
  }

  mac(packet: Uint8Array, start: number, end: number, source: number): Uint8Array {
    const { group, version } = this.router;
    const hash = createHmac('sha256', 'key').update(Uint8Array.of(group, version));
    return hash
      .update(packet.subarray(source, start))
      .update(packet.subarray(start, end + 8))
      .digest()
      .subarray(0, 16);
  }

  sign(packet: Uint8Array, start: number, end: number, source: number): void {
    const now = BigInt(Math.round(this.router.clock.monotonic() * 1000));
    const number = now > this.numbers[0]! ? now : this.numbers[0]! + 1n;
    this.numbers[0] = number;
    new DataView(packet.buffer, packet.byteOffset).setBigUint64(end, number);
    packet.set(this.mac(packet, start, end, source), end + 8);
  }

  verify(packet: Uint8Array, start: number, end: number, source: number): TrailerVerdict {
    if (packet.length < end + LENGTH) return 'malformed';
    if (!Buffer.from(this.mac(packet, start, end, source)).equals(packet.subarray(end + 8, end + LENGTH)))
      return 'invalid';
    const number = new DataView(packet.buffer, packet.byteOffset).getBigUint64(end);
    if (number <= this.numbers[1]!) return 'replayed';
    this.numbers[1] = number;
    return 'genuine';
  }

  adopt(from: 'reload' | 'restart'): void {
    this.settle();
    if (from === 'restart' && this.numbers[1]! > 0n)
      this.numbers[1] = BigInt(Math.round(this.router.clock.monotonic() * 1000));
  }
}

/** The tests of the kit that fail for a plugin, without their common beginning. */
function failures(make: (router: AuthRouter) => TrailerAuthenticator): string[] {
  const failed: string[] = [];
  authTrailerCompliance({
    name: 'x',
    plugin: { kind: 'auth', placement: 'trailer', create: (_, router) => make(router) },
    test: (name, body) => {
      try {
        body();
      } catch {
        failed.push(name.replace('auth trailer compliance, x: ', ''));
      }
    },
  });
  return failed;
}

test('a right plugin passes', () => {
  expect(failures((router) => new Right(router))).toEqual([]);
});

test.each<[string, new (router: AuthRouter) => TrailerAuthenticator, RegExp]>([
  [
    'an odd length',
    class extends Right {
      override readonly length = 23;
    },
    /length that the engine can tell/,
  ],
  [
    'octets beyond its own',
    class extends Right {
      override sign(packet: Uint8Array, start: number, end: number, source: number): void {
        super.sign(packet, start, end, source);
        packet[start]! ^= 1;
      }
    },
    /nothing else/,
  ],
  [
    'whatever it hears',
    class extends Right {
      override verify(): TrailerVerdict {
        return 'genuine';
      }
    },
    /any one bit changed/,
  ],
  [
    'what it has heard before',
    class extends Right {
      override verify(packet: Uint8Array, start: number, end: number, source: number): TrailerVerdict {
        const verdict = super.verify(packet, start, end, source);
        return verdict === 'replayed' ? 'genuine' : verdict;
      }
    },
    /once$/m,
  ],
  [
    'nothing of what was before a restart',
    class extends Right {
      override adopt(): void {}
    },
    /^restart: /,
  ],
  [
    'nothing of what was before a reload',
    class extends Right {
      override adopt(): void {
        this.router.memory.bytes.fill(0);
      }
    },
    /^reload: /,
  ],
])('one that does not: %s', (_, Wrong, expected) => {
  expect(failures((router) => new Wrong(router)).join('\n')).toMatch(expected);
});
