import { expect, test } from 'vitest';
import type { BpfInstruction } from '../plugin/contracts/index.ts';
import { VRRP_FILTER } from './filter.ts';

/** What the kernel's interpreter does with the instructions that are used (Documentation/networking/filter). */
function run(program: readonly BpfInstruction[], packet: Uint8Array): number {
  let a = 0;
  let x = 0;
  for (let pc = 0; pc < program.length; pc++) {
    const { code, jt, jf, k } = program[pc]!;
    const at = x + k;
    switch (code) {
      case 0x01: // ldx #k
        x = k;
        break;
      case 0x48: // ldh [x + k]
        if (at + 2 > packet.length) return 0;
        a = (packet[at]! << 8) | packet[at + 1]!;
        break;
      case 0x50: // ldb [x + k]
        if (at + 1 > packet.length) return 0;
        a = packet[at]!;
        break;
      case 0x15: // jeq #k, jt, jf
        pc += a === k ? jt : jf;
        break;
      case 0x06: // ret #k
        return k;
      default:
        throw new Error(`instruction ${pc}: code ${code} is not expected`);
    }
  }
  throw new Error('the program ran off its end');
}

/** Two MACs, then what is given in hexadecimal. */
const frame = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.concat([Buffer.alloc(12, 0xee), Buffer.from(hex.replaceAll(' ', ''), 'hex')]));

const IPV4 = `45c00028 00000000 ff70 d0910a000002e0000012`;
const IPV6 = `6c000000 0014 70 ff ${'00'.repeat(32)}`;

test.each([
  ['IPv4', `0800 ${IPV4}`],
  ['IPv4 with options', `0800 ${IPV4.replace('45', '46')} 00000000`],
  ['IPv6', `86dd ${IPV6}`],
  ['IPv4 behind a tag', `8100 0005 0800 ${IPV4}`],
  ['IPv6 behind a tag', `8100 e005 86dd ${IPV6}`],
  ['IPv4 behind two tags', `88a8 0005 8100 0006 0800 ${IPV4}`],
  ['IPv6 behind two tags of one kind', `8100 0005 8100 0006 86dd ${IPV6}`],
  ['only just long enough', `0800 ${IPV4}`.slice(0, 27)],
])('%s passes', (_, hex) => {
  expect(run(VRRP_FILTER, frame(hex))).toBe(0x40000);
});

test.each([
  ['UDP over IPv4', `0800 ${IPV4.replace('ff70', 'ff11')}`],
  ['UDP over IPv6', `86dd ${IPV6.replace(' 70 ', ' 11 ')}`],
  ['ARP', `0806 ${IPV4}`],
  ['an 802.3 length', `0030 ${IPV4}`],
  ['UDP behind a tag', `8100 0005 0800 ${IPV4.replace('ff70', 'ff11')}`],
  ['ARP behind two tags', `8100 0005 8100 0006 0806 ${IPV4}`],
  ['three tags', `8100 0005 8100 0006 8100 0007 0800 ${IPV4}`],
  ['nothing', ''],
  ['an EtherType alone', '0800'],
  ['half a tag', '8100 00'],
  ['a tag alone', '8100 0005'],
  ['a frame that ends before the protocol', `0800 ${IPV4}`.slice(0, 25)],
])('%s does not', (_, hex) => {
  expect(run(VRRP_FILTER, frame(hex))).toBe(0);
});
