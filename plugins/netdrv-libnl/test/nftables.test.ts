/** The messages of guards as octets; whether the kernel takes them is the driver's test. */
import { expect, test } from 'vitest';
import { errorIn, octetsOf } from '../src/netlink.ts';
import { addingGuard, generationIn, removingGuard, tableName } from '../src/nftables.ts';

const guard = { interface: 'standby7-6', family: 6, address: '2001:db8::1' } as const;

test.each([
  ['10.0.0.1', '0a000001'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['::1', '00000000000000000000000000000001'],
  ['fe80::5e00:207', 'fe80000000000000000000005e000207'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['1::', '00010000000000000000000000000000'],
])('the octets of %s', (address, hex) => {
  expect(Buffer.from(octetsOf(address)).toString('hex')).toBe(hex);
});

test('a table has a name that nft can show, another one for each interface and address', () => {
  expect(tableName(guard)).toBe('rvrrpd-standby7-6-2001.db8..1');
  expect(tableName({ ...guard, interface: 'lan 1' })).toBe('rvrrpd-lan_1-2001.db8..1');
});

/** Message types in a batch. */
function types({ messages }: { readonly messages: Uint8Array }): number[] {
  const view = new DataView(messages.buffer);
  const found: number[] = [];
  for (let at = 0; at < messages.length; at += view.getUint32(at, true)) {
    expect(view.getUint32(at, true) % 4).toBe(0);
    found.push(view.getUint16(at + 4, true));
  }
  return found;
}

test('all of a guard is one batch: a table, a chain, neighbour discovery let through, the rest dropped', () => {
  const added = addingGuard(guard);
  expect(types(added)).toEqual([0x10, 0xa00, 0xa03, 0xa06, 0xa06, 0x11]);
  expect(added.answers).toBe(4);
  const ipv4 = addingGuard({ interface: 'eth0', family: 4, address: '10.0.0.1' });
  expect(types(ipv4)).toEqual([0x10, 0xa00, 0xa03, 0xa06, 0x11]);
  expect(Buffer.from(ipv4.messages).includes(Buffer.from('0a000001', 'hex'))).toBe(true);
  expect(types(removingGuard(guard))).toEqual([0x10, 0xa02, 0x11]);
});

/** An NLMSG_ERROR as the kernel writes it. */
function acknowledgement(code: number): Uint8Array {
  const octets = new Uint8Array(36);
  const view = new DataView(octets.buffer);
  view.setUint32(0, 36, true);
  view.setUint16(4, 2, true);
  view.setInt32(16, code, true);
  return octets;
}

test('the first refusal among the answers counts', () => {
  expect(errorIn(acknowledgement(0))).toBe(0);
  const answers = [0, -17, -1].flatMap((code) => [...acknowledgement(code)]);
  expect(errorIn(Uint8Array.from(answers))).toBe(17);
  expect(generationIn(acknowledgement(-95))).toBeUndefined();
});
