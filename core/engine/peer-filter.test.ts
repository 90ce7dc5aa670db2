import { describe, expect, test } from 'vitest';
import { checkProgram, runProgram } from '../plugin/compliance/classic-bpf.ts';
import { vrrpFrame } from '../plugin/compliance/vrrp-frame.ts';
import type { BpfInstruction } from '../plugin/contracts/index.ts';
import { addressBytes } from '../vrrp/address.ts';
import { NO_STRANGERS, peerPrograms } from './peer-filter.ts';

/** As the kernel has it. */
function instructions(words: Uint32Array): BpfInstruction[] {
  return Array.from({ length: words.length / 4 }, (_, at) => {
    const [code = 0, jt = 0, jf = 0, k = 0] = words.subarray(at * 4, at * 4 + 4);
    return { code, jt, jf, k };
  });
}

const PEERS = { 4: ['192.0.2.2', '192.0.2.3'], 6: ['2001:db8::2', '2001:db8::3'] } as const;
const STRANGERS = {
  4: ['192.0.2.4', '192.0.3.2', '1.0.2.2'],
  6: ['2001:db8::4', '2001:db8:1::2', '2001:db9::2', 'fe80::2'],
} as const;

const listOf = (addresses: readonly string[]): Uint8Array =>
  Uint8Array.from(addresses.flatMap((address) => [...addressBytes(address)]));

describe.each([4, 6] as const)('IPv%d', (family) => {
  /** What the two filters do with a packet, and with the start of it. */
  const judge = (
    programs: ReturnType<typeof peerPrograms>,
    vrid: number,
    source: string,
    length?: number,
  ) => {
    const frame = vrrpFrame(family, { vrid });
    frame.set(addressBytes(source), family === 4 ? 26 : 22);
    const ipHeader = frame.subarray(14);
    const packet = frame.subarray(family === 4 ? 14 : 54, length);
    const passes = (words: Uint32Array): boolean =>
      runProgram(instructions(words), packet, { ipHeader }) === packet.length && packet.length > 0;
    return { peers: passes(programs.peers), strangers: passes(programs.strangers) };
  };
  const senders = new Map([
    [7, listOf(PEERS[family])],
    [255, listOf([PEERS[family][0]])],
  ]);
  const programs = peerPrograms(family, senders);

  test('the kernel takes them', () => {
    for (const words of [programs.peers, programs.strangers, NO_STRANGERS]) checkProgram(instructions(words));
  });

  test('peers of a virtual router pass, each to its own', () => {
    const ours = { peers: true, strangers: false };
    const theirs = { peers: false, strangers: true };
    for (const peer of PEERS[family]) expect(judge(programs, 7, peer)).toEqual(ours);
    expect(judge(programs, 255, PEERS[family][0])).toEqual(ours);
    expect(judge(programs, 255, PEERS[family][1])).toEqual(theirs);
    for (const stranger of STRANGERS[family]) expect(judge(programs, 7, stranger)).toEqual(theirs);
  });

  test('what is for others passes neither, whoever sends it', () => {
    for (const vrid of [0, 1, 6, 8, 254]) {
      for (const source of [...PEERS[family], ...STRANGERS[family]]) {
        expect(judge(programs, vrid, source)).toEqual({ peers: false, strangers: false });
      }
    }
  });

  test('a message without a VRID is counted once', () => {
    const end = family === 4 ? 35 : 55;
    expect(judge(programs, 7, PEERS[family][0], end)).toEqual({ peers: true, strangers: false });
  });

  test('more peers than a program can compare: the VRID is compared alone', () => {
    const many = Array.from({ length: 255 }, (_, at) =>
      family === 4 ? `10.0.0.${at}` : `2001:db8::${at + 1}`,
    );
    const full = new Map(Array.from({ length: 40 }, (_, vrid) => [vrid, listOf(many)] as const));
    const made = peerPrograms(family, full);
    checkProgram(instructions(made.peers));
    expect(judge(made, 39, STRANGERS[family][0])).toEqual({ peers: true, strangers: false });
    expect(judge(made, 40, STRANGERS[family][0])).toEqual({ peers: false, strangers: false });
  });
});
