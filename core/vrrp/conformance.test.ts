/**
 * Conformance cases as data: each folder of test/conformance is one, see its README. A new case is a new folder.
 * Their packets were recorded or made apart from the encoder under test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addressBytes } from './address.ts';
import { ChecksumSort, emptyAdvertisement } from './advertisement.ts';
import { DROP_REASONS, type DropReason } from './drop-reasons.ts';
import { compareAddress, decodeFor, decodeHeader, emptyFrame, encodeFrame, frameLength } from './frame.ts';
import { type Action, type Event, transition } from './machine.ts';
import { GROUPS, type PacketRules, packetRules } from './packet-rules.ts';
import { STATE_NAMES, State } from './state.ts';

/** What a step leaves behind. Times are ms. */
interface Then {
  readonly state: (typeof STATE_NAMES)[State];
  readonly deadline: number;
  /** Default: none. */
  readonly actions?: readonly Action[];
  /** Names of the packets sent. Default: none. */
  readonly sent?: readonly string[];
  /** Why the packet was not accepted. Absent: it was. */
  readonly drop?: DropReason;
}

/** Something that happens at a time. */
interface Step {
  readonly at: number;
  readonly event?: 'startup' | 'shutdown' | 'timer';
  /** Name of the packet that is received. */
  readonly packet?: string;
  readonly then: Then;
}

/** Content of `case.json`. */
interface Case {
  readonly section: string;
  readonly says: string;
  readonly router: {
    /** Default: 2, over IPv4. */
    readonly version?: 2 | 3;
    readonly family?: 4 | 6;
    /** What its checksums cover, VRRPv3 over IPv4. Default: as RFC 9568 has it. */
    readonly checksum?: 'pseudo-header';
    readonly vrid: number;
    readonly priority: number;
    readonly preempt: boolean;
    /** Advertisement_Interval in ms. */
    readonly interval: number;
    readonly addresses: readonly string[];
    readonly primary: string;
  };
  readonly steps: readonly Step[];
}

const FOLDER = new URL('../../test/conformance/', import.meta.url);
const NAMES = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** A packet of a case. */
function packet(name: string, file: string): Uint8Array {
  const text = readFileSync(new URL(`${name}/${file}.hex`, FOLDER), 'utf8').replaceAll(/#.*$/gm, '');
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

/** What its packets are like. */
function rulesOf({ version = 2, family = 4, checksum }: Case['router']): PacketRules {
  const sort = checksum === undefined ? ChecksumSort.Any : ChecksumSort.PseudoHeader;
  return packetRules(version, family, GROUPS[family], sort);
}

/** A received packet as an event, or the reason to drop it. */
function receive(bytes: Uint8Array, router: Case['router']): Event | DropReason {
  const frame = emptyFrame();
  const outside = decodeHeader(bytes, 0, bytes.length, frame);
  if (outside >= 0) return DROP_REASONS[outside]!;
  const advertisement = emptyAdvertisement();
  const rules = frame.vrid === router.vrid ? rulesOf(router) : undefined;
  const inside = decodeFor(bytes, frame, rules, advertisement);
  if (inside >= 0) return DROP_REASONS[inside]!;
  if (advertisement.vrid !== router.vrid) return 'unknown-vrid';
  const addressOrder = compareAddress(bytes, frame.sourceAt, addressBytes(router.primary));
  return {
    ...{ type: 'advertisement', priority: advertisement.priority },
    ...{ interval: advertisement.interval, addressOrder },
  };
}

/** What a router sends with this priority. */
function send(router: Case['router'], priority: number): Uint8Array {
  const { version = 2, family = 4, vrid, addresses, interval, primary } = router;
  const bytes = new Uint8Array(frameLength(version, family, addresses.length));
  const fields = { version, family, vrid, authType: 0, intervalCs: interval / 10, priority } as const;
  const all = { ...fields, addresses: addresses.map(addressBytes) };
  encodeFrame(bytes, 0, addressBytes(primary), all, undefined, rulesOf(router));
  return bytes;
}

test.each(NAMES)('%s', (name) => {
  const { router, steps, section, says } = JSON.parse(
    readFileSync(new URL(`${name}/case.json`, FOLDER), 'utf8'),
  ) as Case;
  expect(section).toMatch(/^RFC \d+ §[\d.]+$/);
  expect(says).not.toBe('');
  let now = { state: State.Initialize as State, deadline: 0, masterAdverInterval: router.interval };
  for (const { at, event, packet: received, then } of steps) {
    const what = `at ${at}: ${event ?? received}`;
    const { version = 2, priority, preempt, interval } = router;
    const before = { version, priority, preempt, advertisementInterval: interval, ...now } as const;
    if (event === 'timer') expect(at, what).toBeGreaterThanOrEqual(before.deadline);
    const happens = event ? { type: event } : receive(packet(name, received!), router);
    if (typeof happens === 'string') {
      expect(happens, what).toBe(then.drop);
      expect({ state: STATE_NAMES[now.state], deadline: now.deadline }, what).toEqual({
        state: then.state,
        deadline: then.deadline,
      });
      continue;
    }
    const { actions, ...after } = transition(before, happens, at);
    now = after;
    const sent = actions.flatMap((action) => {
      if (action === 'send-advertisement') return [send(router, priority)];
      return action === 'send-priority-zero' ? [send(router, 0)] : [];
    });
    expect({ ...after, state: STATE_NAMES[after.state], actions, drop: undefined }, what).toMatchObject({
      ...{ state: then.state, deadline: then.deadline, actions: then.actions ?? [], drop: then.drop },
    });
    expect(sent, what).toEqual((then.sent ?? []).map((file) => packet(name, file)));
  }
});

test('there are cases', () => {
  expect(NAMES.length).toBeGreaterThan(30);
});
