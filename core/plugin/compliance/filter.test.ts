import { describe, expect, test } from 'vitest';
import type { BpfInstruction, FilterPlugin, FilterSpec } from '../contracts/index.ts';
import { filterCompliance } from './filter.ts';

type Build = (wanted: FilterSpec) => readonly BpfInstruction[];

// A right filter, the plain way: one comparison after the other.
const PACKET_TYPE = 0xfffff004;
const VLAN_TAG_PRESENT = 0xfffff030;
const op = (code: number, k: number, jt = 0, jf = 0): BpfInstruction => ({ code, jt, jf, k });
const ret = (k: number): BpfInstruction => op(0x06, k);
const word = (at: number) => op(0x20, at);
const half = (at: number) => op(0x28, at);
const octet = (at: number) => op(0x30, at);
const dropUnless = (k: number) => [op(0x15, k, 1, 0), ret(0)];
const dropIf = (k: number) => [op(0x15, k, 0, 1), ret(0)];
const dropIfAny = (bits: number) => [op(0x45, bits, 0, 1), ret(0)];

const right: Build = ({ family, vrids }) => [
  ...[word(PACKET_TYPE), ...dropIf(3)],
  ...[word(VLAN_TAG_PRESENT), ...dropUnless(0)],
  ...[half(12), ...dropUnless(family === 4 ? 0x0800 : 0x86dd)],
  ...[octet(family === 4 ? 23 : 20), ...dropUnless(112)],
  ...(family === 4 ? [half(20), ...dropIfAny(0x1fff), op(0xb1, 14), op(0x50, 15)] : [octet(55)]),
  ...vrids.flatMap((vrid) => [op(0x15, vrid, 0, 1), ret(0xffff)]),
  ret(0),
];

/** The tests of the kit that fail for a plugin, without their common beginning. */
function failuresOf(create: () => { program: Build }, kind = 'filter'): string[] {
  const failed: string[] = [];
  filterCompliance({
    test: (name, body) => {
      try {
        body();
      } catch {
        failed.push(name.replace('filter compliance, x: ', ''));
      }
    },
    plugin: { kind, create } as unknown as FilterPlugin,
    name: 'x',
  });
  return failed;
}

const failures = (program: Build, kind?: string): string[] => failuresOf(() => ({ program }), kind);

test('a right plugin passes', () => {
  expect(failures(right)).toEqual([]);
});

test('the tests have names of their own', () => {
  const names: string[] = [];
  const plugin: FilterPlugin = { kind: 'filter', create: () => ({ program: right }) };
  filterCompliance({ test: (name) => names.push(name), plugin, name: 'x' });
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(15);
});

describe('a broken plugin fails', () => {
  test('of another kind', () => {
    expect(failures(right, 'auth')).toEqual(['its default export is of kind filter']);
  });

  test('passes everything', () => {
    const found = failures(() => [ret(0x40000)]);
    expect(found).toContain('IPv4: it passes the advertisements of its virtual routers and no others');
    expect(found).toContain('IPv6: it drops other protocols and other kinds of frames');
    expect(found).toContain('IPv4: it drops frames with a VLAN tag: those are for another interface');
    expect(found).toContain('IPv4: a later fragment has no VRID, whatever it begins with');
  });

  test('passes nothing', () => {
    expect(failures(() => [ret(0)])).toContain('IPv6: it passes them whole');
  });

  test('cuts what it passes', () => {
    const build: Build = (wanted) => right(wanted).map((i) => (i.code === 0x06 && i.k ? { ...i, k: 96 } : i));
    expect(failures(build)).toEqual(['IPv4: it passes them whole', 'IPv6: it passes them whole']);
  });

  test('leaves a VRID out', () => {
    const build: Build = (wanted) => right({ ...wanted, vrids: wanted.vrids.filter((vrid) => vrid !== 255) });
    expect(failures(build)).toEqual([
      'IPv4: it passes the advertisements of its virtual routers and no others',
      'IPv6: it passes the advertisements of its virtual routers and no others',
    ]);
  });

  test('drops what has another TTL than 255, so that nobody counts it', () => {
    const build: Build = (wanted) =>
      wanted.family === 6 ? right(wanted) : [octet(22), ...dropUnless(255), ...right(wanted)];
    expect(failures(build)).toEqual([
      'IPv4: what is wrong with an advertisement is for the engine to see and count',
    ]);
  });

  test('does not run: a jump behind the end, no return', () => {
    const name = (family: number) => `IPv${family}: every program is one that the kernel takes`;
    const jump: Build = (wanted) => [op(0x05, 300_000), ...right(wanted)];
    expect(failures(jump)).toEqual(expect.arrayContaining([name(4), name(6)]));
    const endless: Build = (wanted) => [...right(wanted), op(0x07, 0)];
    expect(failures(endless)).toEqual([name(4), name(6)]);
  });

  test('knows nothing of VLAN tags that the kernel hides', () => {
    const build: Build = (wanted) =>
      right(wanted).map((i) => (i.k === PACKET_TYPE ? word(VLAN_TAG_PRESENT) : i));
    expect(failures(build)).toEqual([
      'IPv4: it drops frames with a VLAN tag: those are for another interface',
      'IPv6: it drops frames with a VLAN tag: those are for another interface',
    ]);
  });

  test('expects an IPv4 header without options', () => {
    const build: Build = (wanted) => right(wanted).map((i) => (i.code === 0xb1 ? op(0x01, 20) : i)); // ldx #20
    expect(failures(build)).toEqual(['IPv4: options in the header move the VRID']);
  });

  test('keeps what it was asked before', () => {
    const create = () => {
      const seen = new Set<number>();
      const program: Build = (wanted) => {
        for (const vrid of wanted.vrids) seen.add(vrid);
        return right({ ...wanted, vrids: [...seen] });
      };
      return { program };
    };
    const name = (family: number) =>
      `IPv${family}: a program depends on nothing but family and VRIDs, and changes neither`;
    expect(failuresOf(create)).toEqual([name(4), name(6)]);
  });
});
