import fc from 'fast-check';
import { checkProgram, type FrameFields, filterCompliance, runProgram, vrrpFrame } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import plugin from '../src/index.ts';

filterCompliance({ test, plugin, name: 'bpf' });

const filter = plugin.create({ name: 'bpf', options: {}, log: () => {} });
const families = fc.constantFrom(4 as const, 6 as const);
const octets = fc.integer({ min: 0, max: 255 });
const vridSets = fc.uniqueArray(octets, { maxLength: 256 }).map((vrids) => vrids.sort((a, b) => a - b));

describe('any set of VRIDs', () => {
  test('passes its advertisements and no others', () => {
    fc.assert(
      fc.property(families, vridSets, octets, fc.nat(10), (family, vrids, vrid, optionWords) => {
        const program = filter.program({ family, vrids });
        const options = new Uint8Array(optionWords * 4).fill(vrid ^ 1);
        const frame = vrrpFrame(family, { vrid, options });
        expect(runProgram(program, frame)).toBe(vrids.includes(vrid) ? frame.length : 0);
      }),
      { numRuns: 500 },
    );
  });

  test('makes a program of the same length, which the kernel takes', () => {
    const lengths = { 4: new Set<number>(), 6: new Set<number>() };
    fc.assert(
      fc.property(families, vridSets, (family, vrids) => {
        const program = filter.program({ family, vrids });
        checkProgram(program);
        lengths[family].add(program.length);
      }),
    );
    expect(lengths[4].size).toBe(1);
    expect(lengths[6].size).toBe(1);
    expect([...lengths[4], ...lengths[6]].every((length) => length < 64)).toBe(true);
  });

  test('agrees with a plain reading of the frame, whatever the frame', () => {
    /** RFC 791, RFC 8200 and RFC 3768 §5, read one field after the other. */
    const verdict = (family: 4 | 6, vrids: readonly number[], frame: Uint8Array): boolean => {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
      if (frame.length < (family === 4 ? 24 : 21) || view.getUint16(12) !== (family === 4 ? 0x0800 : 0x86dd))
        return false;
      if (frame[family === 4 ? 23 : 20] !== 112) return false;
      if (family === 4 && (view.getUint16(20) & 0x1fff) !== 0) return false;
      const header = family === 4 ? (frame[14]! & 15) * 4 : 40;
      const message = 14 + header;
      if (message + 1 >= frame.length) return true;
      if (family === 4 ? view.getUint16(16) < header + 2 : view.getUint16(18) < 2) return true;
      return vrids.includes(frame[message + 1]!);
    };
    const arbitraryFields = fc.record({
      ...{ vrid: octets, ttl: octets, fragment: fc.integer({ min: 0, max: 0xffff }) },
      ...{ protocol: fc.constantFrom(112, 112, 112, 51, 0), version: fc.nat(15), type: fc.nat(15) },
    });
    const change = fc.tuple(fc.nat(60), octets);
    fc.assert(
      fc.property(
        ...[families, families, vridSets, arbitraryFields, fc.array(change, { maxLength: 3 }), fc.nat(80)],
        (family, other, vrids, fields: FrameFields, changes, length) => {
          const frame = vrrpFrame(other, fields).slice(0, length + 10);
          for (const [at, octet] of changes) if (at < frame.length) frame[at] = octet;
          const passed = runProgram(filter.program({ family, vrids }), frame) > 0;
          expect(passed).toBe(verdict(family, vrids, frame));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('frames that are not as usual', () => {
  const passes = (family: 4 | 6, frame: Uint8Array, vrids = [7]): boolean =>
    runProgram(filter.program({ family, vrids }), frame) > 0;

  test('short: passed from the protocol on, whatever its VRID would be, so that the engine counts what is truncated', () => {
    for (const [family, header] of [
      [4, 20],
      [6, 40],
    ] as const) {
      const frame = vrrpFrame(family, { vrid: 7 });
      for (let length = 0; length <= frame.length; length++) {
        expect(passes(family, frame.subarray(0, length)), `${length}`).toBe(
          length >= (family === 4 ? 24 : 21),
        );
        expect(passes(family, frame.subarray(0, length), [8]), `other VRID, ${length}`).toBe(
          length >= (family === 4 ? 24 : 21) && length < 14 + header + 2,
        );
      }
    }
  });

  test('short, its frame padded as Ethernet does', () => {
    for (const [family, header, lengthAt] of [
      [4, 20, 17],
      [6, 40, 19],
    ] as const) {
      const frame = vrrpFrame(family, { vrid: 7 });
      for (let message = 0; message < 8; message++) {
        const padded = new Uint8Array(64);
        padded.set(frame.subarray(0, 14 + header + message));
        padded[lengthAt] = (family === 4 ? header : 0) + message;
        expect(passes(family, padded), `IPv${family}, ${message}`).toBe(true);
        expect(passes(family, padded, [8]), `IPv${family}, other VRID, ${message}`).toBe(message < 2);
      }
    }
  });

  test('IPv6 with an extension header before the VRRP message: dropped, nobody sends that', () => {
    const plain = vrrpFrame(6, { vrid: 7 });
    for (const header of [0, 43, 44, 60]) {
      const extension = [112, 0, 0, 0, 0, 0, 0, 0];
      const frame = Uint8Array.from([...plain.subarray(0, 54), ...extension, ...plain.subarray(54)]);
      frame[20] = header;
      expect(passes(6, frame), `next header ${header}`).toBe(false);
    }
    expect(passes(6, plain)).toBe(true);
  });

  test('the first fragment: passed, the engine counts it under ip-header', () => {
    expect(passes(4, vrrpFrame(4, { vrid: 7, fragment: 0x2000 }))).toBe(true);
  });

  test('two VLAN tags, one taken off', () => {
    const inner = vrrpFrame(4, { vrid: 7, tag: { tpid: 0x8100, tci: 7 } });
    expect(runProgram(filter.program({ family: 4, vrids: [7] }), inner, { vlanTci: 5 })).toBe(0);
  });
});

test('the manifest names what is tested here', () => {
  expect(manifest.rvrrpd).toEqual({ api: '^1.0.0', kind: 'filter', names: ['bpf'], default: true });
});
