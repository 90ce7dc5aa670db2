import { describe, expect, test } from 'vitest';
import { PluginError } from '../plugin/load.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { addressBytes } from '../vrrp/address.ts';
import { decodeAdvertisement, emptyAdvertisement } from '../vrrp/advertisement.ts';
import { decodeFrame, emptyFrame } from '../vrrp/frame.ts';
import type { GuardedAuthenticator } from './guard.ts';
import { EngineRouter } from './router.ts';
import { ownAddresses } from './router-addresses.ts';
import { configuration, ethernet } from './test/station.ts';

/** A router with its primary address. */
function routerOf(
  over: Parameters<typeof configuration>[0] = {},
  authenticator?: GuardedAuthenticator,
): { router: EngineRouter; table: StateTable } {
  const table = StateTable.allocate(1);
  const router = new EngineRouter(0, configuration(over), authenticator, table);
  table.setInt(0, Int.Priority, router.config.priority);
  router.setPrimary(router.config.family === 4 ? '192.0.2.1' : 'fe80::1');
  return { router, table };
}

/** What stands in the frame at `at`. */
function read(send: Uint8Array, at: number, length: number) {
  const frame = emptyFrame();
  expect(decodeFrame(send, at, at + length, frame)).toBe(-1);
  const message = emptyAdvertisement();
  const { messageStart, messageEnd, family, pseudoHeader } = frame;
  expect(decodeAdvertisement(send, messageStart, messageEnd, family, pseudoHeader, message)).toBe(-1);
  const size = family === 4 ? 4 : 16;
  const listed = send.slice(message.bodyEnd - message.count * size, message.bodyEnd);
  return { ...message, source: send.slice(frame.sourceAt, frame.sourceAt + size), listed };
}

test('its dynamic state is the slot', () => {
  const { router, table } = routerOf();
  table.setInt(0, Int.State, State.Master);
  table.setNum(0, Num.Deadline, 4711.5);
  table.setNum(0, Num.MasterAdverInterval, 3000);
  expect([router.state, router.deadline, router.masterAdverInterval, router.priority]).toEqual([
    ...[State.Master, 4711.5, 3000, 100],
  ]);
  expect(router.preempt).toBe(true);
  table.setInt(0, Int.StandingBy, 1);
  expect(router.preempt).toBe(false);
  expect(routerOf({ preempt: false }).router.preempt).toBe(false);
});

describe('frames', () => {
  test.each([
    ['VRRPv2', {}, ['198.51.100.1']],
    ['several addresses', { addresses: ['198.51.100.1', '198.51.100.2'] }, ['198.51.100.1', '198.51.100.2']],
    ['rfc3768 = false: the interface’s own after ours', { rfc3768: false }, ['198.51.100.1', '192.0.2.1']],
    ['VRRPv3', { version: 3 as const, advertisementIntervalCs: 25 }, ['198.51.100.1']],
    [
      'IPv6',
      { version: 3 as const, family: 6 as const, addresses: ['fe80::100', '2001:db8::1'] },
      ['fe80::100', '2001:db8::1'],
    ],
  ])('%s: one with the priority, one with priority 0', (_, over, listed) => {
    const { router } = routerOf(over);
    const send = new Uint8Array(10_000);
    router.buildFrames(send, 3000, ethernet(['192.0.2.1', 'fe80::1']));
    expect(router.frames.length).toBeLessThanOrEqual(router.frames.each);
    const both = [0, router.frames.each].map((at) => read(send, 3000 + at, router.frames.length));
    expect(both.map(({ priority }) => priority)).toEqual([100, 0]);
    for (const frame of both) {
      expect(frame.interval).toBe(router.advertisementInterval);
      expect(frame.source).toEqual(router.primary);
      expect(Buffer.from(frame.listed)).toEqual(Buffer.concat(listed.map(addressBytes)));
    }
    const used = 2 * router.frames.each;
    expect(send.subarray(0, 3000).every((octet) => octet === 0)).toBe(true);
    expect(send.subarray(3000 + used).every((octet) => octet === 0)).toBe(true);
  });

  test.each([
    ['VRRPv3', { version: 3 as const }, undefined, 1],
    [
      'VRRPv3 over IPv6',
      { version: 3 as const, family: 6 as const, addresses: ['fe80::100', '2001:db8::1'] },
      undefined,
      2,
    ],
    ['a password', {}, 1, 2],
    ['proprietary authentication', {}, 250, 1],
  ])('rfc3768 = false, %s: as many addresses are listed as there may be', (_, over, authType, count) => {
    const authenticator = authType && { plugin: 'auth', authType, sign: () => {}, verify: () => true };
    const { router } = routerOf({ rfc3768: false, ...over }, authenticator || undefined);
    const send = new Uint8Array(10_000);
    const link = ethernet(['192.0.2.1', 'fe80::1']);
    router.buildFrames(send, 0, link);
    expect(read(send, 0, router.frames.length).count).toBe(count);
    expect(router.frames.packetLength(link)).toBe(router.frames.length - 14);
  });

  test('each is signed by itself; its type is in the table', () => {
    const signed: [number, number][] = [];
    const sign = (packet: Uint8Array, start: number, end: number): void => {
      signed.push([packet[start + 2]!, end - start]);
      packet.fill(0x5a, end, end + 8);
    };
    const auth = { plugin: 'auth', authType: 254, sign, verify: () => true };
    const { router, table } = routerOf({}, auth);
    const send = new Uint8Array(1000);
    router.buildFrames(send, 0, ethernet(['192.0.2.1']));
    expect(signed).toEqual([
      [100, 12],
      [0, 12],
    ]);
    for (const at of [0, router.frames.each]) {
      const { authType, bodyEnd } = read(send, at, router.frames.length);
      expect([authType, [...send.subarray(bodyEnd, bodyEnd + 8)]]).toEqual([254, new Array(8).fill(0x5a)]);
    }
    expect(table.int(0, Int.AuthType)).toBe(254);
  });

  test('that cannot be signed leave those in use as they are', () => {
    let calls = 0;
    const sign = (packet: Uint8Array, _start: number, end: number): void => {
      packet.fill(0xff, end, end + 8);
      if (++calls > 1) throw new PluginError({ package: 'auth', version: '1.0.0', kind: 'auth' }, 'no');
    };
    const { router } = routerOf({}, { plugin: 'auth', authType: 254, sign, verify: () => true });
    const send = new Uint8Array(1000).fill(7);
    expect(() => router.buildFrames(send, 0, ethernet(['192.0.2.1']))).toThrow(PluginError);
    expect(send.every((octet) => octet === 7)).toBe(true);
    expect(router.frames.length).toBe(0);
  });
});

describe('address lists', () => {
  const { router } = routerOf({ addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] });
  const list = (...addresses: string[]) =>
    Uint8Array.from(addresses.flatMap((text) => [...addressBytes(text)]));
  test.each([
    ['ours', ['10.0.0.1', '10.0.0.2', '10.0.0.3'], 3],
    ['ours in another order', ['10.0.0.3', '10.0.0.1', '10.0.0.2'], 3],
    ['ours and others', ['10.0.0.9', '10.0.0.1', '10.0.0.2', '10.0.0.3'], 3],
    ['some of ours', ['10.0.0.2'], 1],
    ['one of ours several times', ['10.0.0.2', '10.0.0.2', '10.0.0.2'], 1],
    ['none of ours', ['10.0.1.0', '0.0.2.10'], 0],
  ])('%s', (_, addresses, count) => {
    const behind = Uint8Array.from([...list(...addresses), ...list('10.0.0.1', '10.0.0.2', '10.0.0.3')]);
    expect(router.addresses.listedOfOurs(behind, 0, addresses.length)).toBe(count);
  });

  test.each([
    ['any', [false, true, true, true]],
    ['all', [false, false, false, true]],
    ['none', [true, true, true, true]],
  ] as const)('address_check = %s', (addressCheck, verdicts) => {
    const { router: one } = routerOf({ addressCheck, addresses: router.config.addresses });
    const none = new Uint8Array();
    expect([0, 1, 2, 3].map((listed) => one.addresses.isOfOurGroup(none, 0, 0, listed))).toEqual(verdicts);
  });

  const LINK_LOCAL = 'fe80::5e00:201';
  test.each([
    ['another group with the same link-local address', [LINK_LOCAL, '2001:db8::77'], 'no', 'no', 'yes'],
    ['one that is complete', [LINK_LOCAL, '2001:db8::1', '2001:db8::2'], 'yes', 'yes', 'yes'],
    ['one that lists further addresses', ['2001:db8::77', '2001:db8::2', LINK_LOCAL], 'yes', 'no', 'yes'],
    ['one with another link-local address', ['fe80::77', '2001:db8::1'], 'yes', 'no', 'yes'],
    ['one that has nothing else yet', [LINK_LOCAL], 'yes', 'no', 'yes'],
    ['one that has only another one', ['fe80::77'], 'no', 'no', 'yes'],
    ['site-local addresses are none', [LINK_LOCAL, 'fec0::1'], 'no', 'no', 'yes'],
    ['all of fe80::/10 are', [LINK_LOCAL, 'febf::1'], 'yes', 'no', 'yes'],
  ])('over IPv6, %s', (_, addresses, ...verdicts) => {
    const ours = [LINK_LOCAL, '2001:db8::1', '2001:db8::2'];
    const bytes = list('2001:db8::1', ...addresses, '2001:db8::1');
    const { length } = addresses;
    const seen = (['any', 'all', 'none'] as const).map((addressCheck) => {
      const { router: one } = routerOf({ version: 3, family: 6, addressCheck, addresses: ours });
      const listed = one.addresses.listedOfOurs(bytes, 16, length);
      return one.addresses.isOfOurGroup(bytes, 16, length, listed) ? 'yes' : 'no';
    });
    expect(seen).toEqual(verdicts);
  });

  test('over IPv6, what has nothing but a link-local address is known by that', () => {
    const { router: one } = routerOf({ version: 3, family: 6, addresses: [LINK_LOCAL] });
    const bytes = list(LINK_LOCAL, '2001:db8::77');
    expect([1, 0].map((listed) => one.addresses.isOfOurGroup(bytes, 0, 2, listed))).toEqual([true, false]);
  });
});

test('edges of the interface’s subnets are no router’s address; those of /31 and /32 do not exist', () => {
  const { router } = routerOf();
  const link = ethernet(['192.0.2.1/26', '203.0.113.4/31', '203.0.113.9/32', 'fe80::1/64']);
  router.buildFrames(new Uint8Array(1000), 0, link);
  const isEdge = (text: string) => router.addresses.isSubnetEdge(addressBytes(text), 0);
  expect(['192.0.2.0', '192.0.2.63'].map(isEdge)).toEqual([true, true]);
  expect(['192.0.2.1', '192.0.2.255', '203.0.113.4', '203.0.113.5', '203.0.113.9'].map(isEdge)).toEqual(
    new Array(5).fill(false),
  );
});

test('own addresses: secondary ones last, of IPv6 the link-local ones', () => {
  const link = ethernet(['192.0.2.7', '192.0.2.1', 'fe80::1/64', '2001:db8::1/64']);
  const [first] = link.addresses;
  const reordered = { ...link, addresses: [{ ...first!, secondary: true }, ...link.addresses.slice(1)] };
  expect(ownAddresses(reordered, 4)).toEqual(['192.0.2.1', '192.0.2.7']);
  expect(ownAddresses(reordered, 6)).toEqual(['fe80::1']);
});
