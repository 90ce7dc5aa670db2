import { expect, test } from 'vitest';
import { readReport } from './membership-report.ts';

const HOST = '02:00:00:00:00:03';

/** From hexadecimal digits. */
function bytes(text: string): number[] {
  return (text.replaceAll(' ', '').match(/../g) ?? []).map((octet) => Number.parseInt(octet, 16));
}

/** An IGMP message in a frame, with the Router Alert option. */
function igmp(message: string): Uint8Array {
  const header = '46 c0 0028 0000 4000 01 02 0000 0a000003 e0000016 94040000';
  return Uint8Array.from(bytes(`01005e000016 020000000003 0800 ${header} ${message}`));
}

/** An MLD message in a frame, behind its Hop-by-Hop header. */
function mld(message: string): Uint8Array {
  const header = `60000000 0024 00 01 ${'00'.repeat(16)} ff02${'00'.repeat(13)}16`;
  return Uint8Array.from(bytes(`333300000016 020000000003 86dd ${header} 3a00050200000100 ${message}`));
}

const VRRP = 'e0000012';
const OTHER = 'e00000fb';
const VRRP6 = `ff02${'00'.repeat(13)}12`;
const OTHER6 = `ff02${'00'.repeat(13)}fb`;

test.each([
  ['IGMPv2: joins', igmp(`16 00 0000 ${VRRP}`), 4, true],
  ['IGMPv2: leaves', igmp(`17 00 0000 ${VRRP}`), 4, false],
  ['IGMPv3: joins', igmp(`22 00 0000 0000 0001 04 00 0000 ${VRRP}`), 4, true],
  ['IGMPv3: answers a query', igmp(`22 00 0000 0000 0001 02 00 0000 ${VRRP}`), 4, true],
  ['IGMPv3: leaves', igmp(`22 00 0000 0000 0001 03 00 0000 ${VRRP}`), 4, false],
  [
    'IGMPv3: the second record',
    igmp(`22 00 0000 0000 0002 04 01 0001 ${OTHER} 0a000001 00000000 04 00 0000 ${VRRP}`),
    4,
    true,
  ],
  ['MLDv1: joins', mld(`83 00 0000 0000 0000 ${VRRP6}`), 6, true],
  ['MLDv1: leaves', mld(`84 00 0000 0000 0000 ${VRRP6}`), 6, false],
  ['MLDv2: joins', mld(`8f 00 0000 0000 0002 04 00 0000 ${OTHER6} 04 00 0000 ${VRRP6}`), 6, true],
  ['MLDv2: leaves', mld(`8f 00 0000 0000 0001 03 00 0000 ${VRRP6}`), 6, false],
] as const)('%s', (_, frame, family, member) => {
  expect(readReport(frame, family)).toEqual({ host: HOST, member });
});

test.each([
  ['another group', igmp(`16 00 0000 ${OTHER}`), 4],
  ['a query', igmp(`11 00 0000 ${VRRP}`), 4],
  ['records that are not there', igmp(`22 00 0000 0000 ffff 04 00 0000 ${OTHER}`), 4],
  [
    'a record that is longer than the frame',
    igmp(`22 00 0000 0000 0002 04 ff ffff ${OTHER} 04 00 0000 ${VRRP}`),
    4,
  ],
  ['nothing', new Uint8Array(), 4],
  ['the end of an Ethernet header', igmp('').subarray(0, 20), 4],
  ['another group of IPv6', mld(`83 00 0000 0000 0000 ${OTHER6}`), 6],
  ['IPv4 for IPv6', igmp(`16 00 0000 ${VRRP}`), 6],
] as const)('%s tells nothing', (_, frame, family) => {
  expect(readReport(frame, family)).toBeUndefined();
});
