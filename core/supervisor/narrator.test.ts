import { describe, expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Cause, type EngineEvent, EventType, groupCause } from '../threads/event-ring.ts';
import { State } from '../threads/state-table.ts';
import { addressBytes } from '../vrrp/address.ts';
import { ChecksumSort } from '../vrrp/advertisement.ts';
import { DROP_REASONS, type DropReason } from '../vrrp/drop-reasons.ts';
import { HOLD_REASONS } from '../vrrp/hold.ts';
import { Narrator } from './narrator.ts';
import { recordedLog, router } from './test/stage.ts';

const PEER = Uint8Array.of(192, 0, 2, 9);
const LISTED = Uint8Array.of(192, 0, 2, 77);

/** What is logged of an event about virtual router 1. */
function told(event: Partial<EngineEvent>, more: Partial<VirtualRouterConfig> = {}): string[] {
  const { log, lines } = recordedLog();
  const none = new Uint8Array();
  new Narrator(log, [router(1, more)]).tell({
    ...{ type: 0, slot: 0, a: 0, b: 0, c: 0, time: 0, peer: none, listed: none },
    ...event,
  });
  return lines;
}

function dropped(reason: DropReason, more: Partial<EngineEvent> = {}): string[] {
  const event = { type: EventType.Dropped, a: DROP_REASONS.indexOf(reason), b: 2, peer: PEER, ...more };
  return told(event);
}

test('transitions; one to Down is a warning', () => {
  const [a, c] = [State.Backup, Cause.FailOver];
  expect(told({ type: EventType.Transition, a, b: State.Master, c })).toEqual([
    expect.stringMatching(/^info: eth0 group 1: Backup -> Master: \S/),
  ]);
  expect(told({ type: EventType.Transition, a, b: State.Down, c })[0]).toMatch(/^warn: .*Backup -> Down/);
});

test('a transition that follows another router of the group says which', () => {
  const [a, b] = [State.Master, State.Backup];
  const c = groupCause(Cause.GroupUnfit, 0);
  expect(told({ type: EventType.Transition, a, b, c }, { sync: 'gw' })).toEqual([
    'info: eth0 group 1: Master -> Backup: group gw: eth0/1 cannot be Master',
  ]);
});

test('dropped packets: how many, from whom, why, and what to do', () => {
  expect(dropped('auth-failed')).toEqual([
    'warn: eth0 group 1: dropped 2 packets from 192.0.2.9: auth-failed: use the same auth_secret on both sides',
  ]);
  expect(dropped('auth-failed', { b: 1, peer: new Uint8Array() })[0]).toMatch(
    'dropped 1 packet from an unknown sender: auth-failed',
  );
  expect(dropped('unknown-vrid', { slot: 1 })[0]).toMatch(/^warn: no virtual router: dropped 2 packets/);
});

test('another group with the same VRID: both lists', () => {
  const [line] = dropped('address-list', { listed: LISTED });
  expect(line).toMatch('another group uses this VRID: it lists 192.0.2.77, and ours is 192.0.2.1');
});

test('another group over IPv6: its list as far as there was room', () => {
  const addresses = ['fe80::99', '2001:db8::200', '2001:db8::201'];
  const listed = Uint8Array.from(addresses.flatMap((address) => [...addressBytes(address)]));
  const peer = addressBytes('fe80::9');
  const a = DROP_REASONS.indexOf('address-list');
  expect(told({ type: EventType.Dropped, a, b: 1, c: 5, peer, listed })[0]).toMatch(
    'from fe80::9: address-list: another group uses this VRID: it lists ' +
      'fe80::99, 2001:db8::200, 2001:db8::201, 2 more, and ours is 192.0.2.1',
  );
});

describe('the sort of checksum that another router of the group was heard with', () => {
  const { Message, PseudoHeader } = ChecksumSort;
  const heard = (a: ChecksumSort, c: ChecksumSort): string[] =>
    told({ type: EventType.Checksum, a, b: 1, c, peer: PEER });

  test.each([
    [Message, 'the message alone (RFC 9568)'],
    [PseudoHeader, 'the message and a pseudo-header (RFC 5798)'],
  ])('%d, and we do the same from now on', (sort, covered) => {
    expect(heard(sort, sort)).toEqual([
      `info: eth0 group 1: sends checksums over ${covered} from now on, as 192.0.2.9 does`,
    ]);
  });

  test('another one than ours, which is configured', () => {
    expect(heard(PseudoHeader, Message)).toEqual([
      'warn: eth0 group 1: 192.0.2.9 sends checksums over the message and a pseudo-header (RFC 5798), and we are ' +
        'told to send them over the message alone (RFC 9568): routers that read one sort alone do not hear each ' +
        'other and are both Master; checksum = "auto" does as the others do',
    ]);
    expect(heard(Message, PseudoHeader)[0]).toMatch(
      /^warn: .*over the message alone \(RFC 9568\), and we are told to send them over the message and a pseudo-header/,
    );
  });
});

test('another host with our address: its MAC address', () => {
  expect(dropped('address-conflict', { b: 1, c: 0x02_00_00_00_00_07 })[0]).toMatch(
    '02:00:00:00:00:07 announces or answers for our address 192.0.2.9 (1 ARP packet)',
  );
  const a = DROP_REASONS.indexOf('address-conflict');
  const peer = addressBytes('2001:db8::9');
  const event = { type: EventType.Dropped, a, b: 2, c: 0x02_00_00_00_00_07, peer };
  expect(told(event, { family: 6, version: 3 })[0]).toMatch(
    '02:00:00:00:00:07 announces or answers for our address 2001:db8::9 (2 neighbour advertisements)',
  );
});

test('advertisements that are obeyed although they list other addresses', () => {
  const event = { type: EventType.AddressListMismatch, b: 3, peer: PEER, listed: LISTED };
  expect(told(event)[0]).toMatch(
    'lists other addresses for this group (3 advertisements, obeyed): 192.0.2.77; ours: 192.0.2.1',
  );
});

test('packets that could not be sent, and a process that stood still', () => {
  expect(told({ type: EventType.SendError, a: 100, b: 2 })).toEqual([
    'warn: eth0 group 1: could not send 2 packets: ENETDOWN',
  ]);
  expect(told({ type: EventType.Stalled, a: 2000.4 })).toEqual([
    'warn: eth0 group 1: this process did not run for 2000 ms: waiting for the Master again',
  ]);
});

test('who owns the address', () => {
  expect(told({ type: EventType.Ownership, a: 1 })[0]).toMatch('address owner, priority 255');
  expect(told({ type: EventType.Ownership, a: 0 })[0]).toMatch('no longer the address owner');
});

test('advertisements are traced', () => {
  expect(told({ type: EventType.AdvertisementReceived, a: 200, peer: PEER })).toEqual([
    'trace: eth0 group 1: advertisement from 192.0.2.9, priority 200',
  ]);
  expect(told({ type: EventType.AdvertisementSent, a: 100 })).toEqual([
    'trace: eth0 group 1: advertisement sent, priority 100',
  ]);
});

test('what a trailer is dropped for says how far a clock is off, and that it may be forged', () => {
  expect(dropped('auth-stale', { c: -7250 })[0]).toMatch(
    /auth-stale: its clock is 7\.3 s behind ours, or somebody repeats its packets: set the clocks/,
  );
  expect(dropped('auth-stale', { c: 3_600_000 })[0]).toMatch(/its clock is 3600 s ahead of ours/);
  expect(dropped('auth-replayed')[0]).toMatch(/somebody repeats its packets/);
  expect(dropped('auth-missing')[0]).toMatch(/have it send a trailer/);
});

test('a clock that is off, and advertisements without a trailer, are told', () => {
  expect(told({ type: EventType.ClockSkew, a: 2600, b: 1, peer: PEER })).toEqual([
    expect.stringMatching(
      /^warn: eth0 group 1: the clock of 192\.0\.2\.9 is 2\.6 s ahead of ours: set the clocks/,
    ),
  ]);
  expect(told({ type: EventType.Unauthenticated, b: 1, peer: PEER })[0]).toMatch(
    /192\.0\.2\.9 advertises without a trailer, which is accepted for now/,
  );
});

test('what holds a router back, and that it does so no longer', () => {
  const of = (type: number, reason: (typeof HOLD_REASONS)[number], b = 0): string[] =>
    told({ type, a: HOLD_REASONS.indexOf(reason), b });
  const { Hold, HoldOver } = EventType;
  expect(of(Hold, 'start_delay', 29_996)).toEqual([
    'info: eth0 group 1: does not become Master for 30 s: start_delay',
  ]);
  expect(of(Hold, 'preempt_delay', 2500)[0]).toMatch(
    'lets a Master of lower priority be for 2.5 s: preempt_delay',
  );
  expect(of(Hold, 'hearing', 5000)[0]).toMatch(
    'before anything is heard on the interface, or 5 s have passed',
  );
  expect(of(Hold, 'link_debounce', 300)[0]).toMatch('if it is not back within 0.3 s: link_debounce');
  expect(of(HoldOver, 'hearing')[0]).toMatch('another station was heard on the interface');
  expect(of(HoldOver, 'link_debounce')[0]).toMatch('back in time: link_debounce');
});
