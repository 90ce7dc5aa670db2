import { expect, test } from 'vitest';
import { checkProgram, runProgram } from '../plugin/index.ts';
import { addressBytes } from '../vrrp/address.ts';
import { encodeGratuitousArp } from '../vrrp/announcement.ts';
import { arpProgram } from './arp-watch.ts';

function passes(addresses: readonly string[], sender: string, target = sender): boolean {
  const words = arpProgram(Uint8Array.from(addresses.flatMap((address) => [...addressBytes(address)])));
  const program = Array.from({ length: words.length / 4 }, (_, i) => {
    const [code = 0, jt = 0, jf = 0, k = 0] = words.subarray(i * 4, i * 4 + 4);
    return { code, jt, jf, k };
  });
  checkProgram(program);
  const frame = new Uint8Array(42);
  encodeGratuitousArp(frame, 0, sender, '02:00:00:00:00:01');
  frame.set(addressBytes(target), 38);
  return runProgram(program, frame) > 0;
}

test('what tells of one of our addresses passes, nothing else', () => {
  const ours = ['10.9.0.100', '203.0.113.1'];
  expect(passes(ours, '10.9.0.100')).toBe(true);
  expect(passes(ours, '203.0.113.1', '10.9.0.9')).toBe(true);
  expect(passes(ours, '10.9.0.9', '10.9.0.100')).toBe(false);
  expect(passes([], '0.0.0.0')).toBe(false);
});

test('255 addresses are compared; with more, what is gratuitous passes', () => {
  const many = Array.from({ length: 256 }, (_, i) => `10.1.2.${i}`);
  expect(passes(many.slice(0, 255), '10.1.2.254', '10.9.0.9')).toBe(true);
  expect(passes(many.slice(0, 255), '10.1.2.255')).toBe(false);
  expect(passes(many, '10.1.2.255')).toBe(true);
  expect(passes(many, '10.9.0.9', '10.1.2.7')).toBe(false);
});
