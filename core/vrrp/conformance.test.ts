/**
 * Conformance cases as data: each folder of test/conformance is one, see its README. A new case is a new folder.
 * Their packets were recorded or made apart from the encoder under test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addressBytes } from './address.ts';
import { decodeAdvertisement, emptyAdvertisement } from './advertisement.ts';
import { DROP_REASONS, type DropReason } from './drop-reasons.ts';
import { compareAddress, decodeFrame, emptyFrame, encodeFrame, frameLength } from './frame.ts';
import { type Action, type Event, transition } from './machine.ts';
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

/** A received packet as an event, or the reason to drop it. */
function receive(bytes: Uint8Array, router: Case['router']): Event | DropReason {
  const frame = emptyFrame();
  const outside = decodeFrame(bytes, 0, bytes.length, frame);
  if (outside >= 0) return DROP_REASONS[outside]!;
  const { messageStart, messageEnd, family, pseudoHeader, sourceAt } = frame;
  const advertisement = emptyAdvertisement();
  const inside = decodeAdvertisement(bytes, messageStart, messageEnd, family, pseudoHeader, advertisement);
  if (inside >= 0) return DROP_REASONS[inside]!;
  if (advertisement.vrid !== router.vrid) return 'unknown-vrid';
  const addressOrder = compareAddress(bytes, sourceAt, addressBytes(router.primary));
  return {
    ...{ type: 'advertisement', priority: advertisement.priority },
    ...{ interval: advertisement.interval, addressOrder },
  };
}

/** What a router sends with this priority. */
function send({ vrid, addresses, interval, primary }: Case['router'], priority: number): Uint8Array {
  const bytes = new Uint8Array(frameLength(2, 4, addresses.length));
  const fields = { version: 2, family: 4, vrid, authType: 0, intervalCs: interval / 10, priority } as const;
  encodeFrame(bytes, 0, addressBytes(primary), { ...fields, addresses: addresses.map(addressBytes) });
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
    const { priority, preempt, interval } = router;
    const before = { version: 2, priority, preempt, advertisementInterval: interval, ...now } as const;
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
  expect(NAMES.length).toBeGreaterThan(12);
});
