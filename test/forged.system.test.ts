import { expect, it } from 'vitest';
import { FLAVOURS, type Flavour } from './lab/flavour.ts';
import { ethernet, type ForgedAdvert, forge, ipPacket } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { type Counters, Rvrrpd } from './lab/rvrrpd.ts';
import type { Advert } from './lab/sightings.ts';
import { tsharkVerdict } from './lab/tshark.ts';
import { CLIENT_MAC, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// What no router should send: none of it may move a Master, and each is counted under its reason.

const VRID = 7;
const SECRET = 'thissecretnolongeris';
const PRIORITY = 100;
/** Advertisement interval in ms, the default one. */
const INTERVAL = 1000;
/** Addresses by number: ours, those of another group, and the sender's own. */
const [OURS, OTHER, OTHER2, SENDERS] = [1, 200, 201, 100];

/** From the client, of the highest priority and right in everything: the Master gives way to this one. */
function rightOf(flavour: Flavour): ForgedAdvert {
  const secret = flavour.version === 2 ? { authType: 1, authData: SECRET } : {};
  return flavour.advert(VRID, [OURS], { priority: 254, ...secret });
}

/** What is wrong with one, and the reason that it is to be counted under. */
type Wrong = readonly [reason: string, what: string, difference: Partial<ForgedAdvert>];

/** In every sort of virtual router. */
function wrongOf(flavour: Flavour): Wrong[] {
  const { version, family, address, vips } = flavour;
  const [first] = vips(VRID, OURS);
  const one = { addresses: [first!] };
  const length = 8 + (family === 4 ? 4 : 16) + (version === 2 ? 8 : 0);
  /** Of another group: in IPv6 its link-local address is another one too. */
  const others = (...numbers: number[]) => [...(family === 6 ? ['fe80::99'] : []), ...numbers.map(address)];
  return [
    ['checksum', 'a wrong checksum', { checksumError: 1 }],
    ['ttl', 'TTL 254', { ttl: 254 }],
    ['ttl', 'TTL 1', { ttl: 1 }],
    ['truncated', 'the last octet missing', { ...one, cut: 1 }],
    ['truncated', 'no address, and nothing behind it', { ...one, cut: length - 8 }],
    ['truncated', 'half a header', { ...one, cut: length - 4 }],
    ['truncated', 'one octet', { ...one, cut: length - 1 }],
    ['truncated', 'one octet in a frame that is padded', { ...one, cut: length - 1, padTo: 60 }],
    ['truncated', 'no message at all', { ...one, cut: length }],
    ['truncated', 'no message at all in a frame that is padded', { ...one, cut: length, padTo: 60 }],
    ['count', 'no address', { addresses: [] }],
    ['count', 'an address less than it counts', { count: vips(VRID, OURS).length + 1 }],
    ['count', 'an address more than it counts', { addresses: vips(VRID, OURS, OTHER), count: 1 }],
    ['version', 'VRRP version 15', { version: 15 }],
    ['version', 'VRRP version 0', { version: 0 }],
    ['type', 'VRRP type 2', { type: 2 }],
    ['type', 'VRRP type 0', { type: 0 }],
    ['interval', 'an advertisement interval of 0', { interval: 0 }],
    ['address-list', 'another virtual address', { addresses: others(OTHER) }],
    ['address-list', 'several other addresses', { addresses: others(OTHER, OTHER2, SENDERS, 9) }],
    ['address-list', 'good-bye of another group', { addresses: others(OTHER), priority: 0 }],
    ['ip-header', 'the IP version of the other family', { ipVersion: family === 4 ? 6 : 4 }],
    ['destination', 'another group', { destination: family === 4 ? '224.0.0.5' : 'ff02::5' }],
    ['destination', 'to its own address', { destination: flavour.r1 }],
    ['own-source', 'its own source address', { source: flavour.r1 }],
    ...(version === 2 ? WRONG_V2 : wrongOfV3(flavour)),
    ...(family === 4 ? wrongOfIpv4(flavour) : WRONG_IPV6),
  ];
}

/** VRRPv2 has authentication, and one interval for all. */
const WRONG_V2: readonly Wrong[] = [
  ['auth-failed', 'another secret', { authData: 'thissecz' }],
  ['auth-failed', 'an empty secret', { authData: '' }],
  ['auth-type', 'no authentication', { authType: 0, authData: '' }],
  ['auth-type', 'an unknown authentication type', { authType: 77 }],
  ['checksum', 'a pseudo-header in the checksum', { pseudoHeader: true }],
  ['version', 'VRRP version 3', { version: 3, trailer: false, authType: 0 }],
  ['interval', 'another advertisement interval', { interval: 2 }],
];

/** VRRPv3 has none (RFC 9568 §9): octets behind the addresses are too many. */
function wrongOfV3({ family }: Flavour): Wrong[] {
  return [
    ['version', 'VRRP version 2', { version: 2 }],
    ['count', 'authentication data', { trailer: true, authData: SECRET }],
    ['interval', 'an advertisement interval of 0 beside reserved bits', { interval: 0, authType: 0xf0 }],
    family === 4
      ? ['checksum', 'a wrong checksum of the message alone', { checksumError: 1, pseudoHeader: false }]
      : ['checksum', 'no pseudo-header in the checksum', { pseudoHeader: false }],
  ];
}

function wrongOfIpv4({ address }: Flavour): Wrong[] {
  return [
    ['ip-header', 'a wrong IP header checksum', { ipChecksumError: 1 }],
    ['ip-header', 'a first fragment', { fragment: 0x2000 }],
    ['source', 'source 0.0.0.0', { source: '0.0.0.0' }],
    ['source', 'source 127.0.0.1', { source: '127.0.0.1' }],
    ['source', 'a multicast source', { source: '224.0.0.18' }],
    ['source', 'a class E source', { source: '240.0.0.1' }],
    ['source', 'the broadcast address as source', { source: '255.255.255.255' }],
    ['source', 'the broadcast address of the subnet as source', { source: '10.0.0.255' }],
    ['source', 'the network address as source', { source: '10.0.0.0' }],
    ['source', 'the virtual address as source', { source: address(OURS) }],
  ];
}

const WRONG_IPV6: readonly Wrong[] = [
  ['source', 'the unspecified address as source', { source: '::' }],
  ['source', 'the loopback address as source', { source: '::1' }],
  ['source', 'the group as source', { source: 'ff02::12' }],
];

/** Dropped packets by reason, whoever they were counted for. */
function dropped(counters: Counters): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of [
    ...counters.routers.map(({ counters }) => counters.dropped),
    counters.strangers.dropped,
  ]) {
    for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Numbers from 0 up to `below`, the same in every run (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below) | 0;
  };
}

/** A Master of the VRID on r1, and somebody who can send anything from the client. */
interface Stage {
  readonly master: Rvrrpd;
  readonly injector: Injector;
  readonly wire: Wire;
  /** Its own advertisements, right in everything that a capture tells, from `since` on (ms since the epoch). */
  adverts(since: number): Advert[];
  stillMaster(): Promise<void>;
  /** The counterproof: one that differs from the wrong ones in nothing but the fault is heard. */
  givesWay(): Promise<void>;
}

function withMaster(flavour: Flavour, body: (stage: Stage) => Promise<void>): () => Promise<void> {
  return () =>
    withLab(async (lab) => {
      const { r1, client, wire } = await twoRouters(lab, flavour.network(VRID));
      const secret = flavour.version === 2 ? { auth_type: 'rfc2338-simple', auth_secret: SECRET } : {};
      const table = flavour.router(VRID, [OURS], { priority: PRIORITY, ...secret });
      const master = Rvrrpd.start(lab, r1, [table]);
      const injector = await Injector.start(client, 'lan');
      await wire.soleMaster(VRID, flavour.r1);
      const mac = flavour.virtualMac(VRID);
      const isOwn = ({ source, sourceMac, priority }: Advert) =>
        source === flavour.r1 && sourceMac === mac && priority === PRIORITY;
      const stillMaster = async () => {
        const since = Date.now();
        await wire.nextAdvert('the Master to go on', since, isOwn);
        await wire.nextAdvert('the Master to go on', since + INTERVAL, isOwn);
        expect((await master.counters()).routers[0]?.state).toBe('Master');
      };
      const givesWay = async () => {
        await injector.send(forge(rightOf(flavour)));
        const isBackup = async () => (await master.counters()).routers[0]?.state === 'Backup';
        await eventually('the Master to give way', 5000, isBackup);
      };
      const adverts = (since: number) => wire.adverts(VRID, since).filter(isOwn);
      await body({ master, injector, wire, adverts, stillMaster, givesWay });
    });
}

/** tshark's display filters: what the client sent, and what r1 sent as a Master. */
function filtersOf({ family, r1, client, virtualMac }: Flavour): { forged: string; own: string } {
  const source = family === 4 ? 'ip.src' : 'ipv6.src';
  const own = `${source} == ${r1} && eth.src == ${virtualMac(VRID)} && vrrp.prio == ${PRIORITY}`;
  return { forged: `vrrp && ${source} == ${client}`, own };
}

describeSystem('forged packets', () => {
  for (const flavour of FLAVOURS) {
    it.concurrent(
      `${flavour.name}: each kind is dropped and counted under its reason`,
      withMaster(flavour, async ({ master, injector, stillMaster, wire, givesWay }) => {
        const expected: Record<string, number> = {};
        let before = dropped(await master.counters());
        for (const [reason, what, difference] of wrongOf(flavour)) {
          await injector.send(forge({ ...rightOf(flavour), ...difference }));
          // It is on the wire: the engine has yet to wake up for it.
          const { after, counted } = await eventually(`a count of "${what}"`, 5000, async () => {
            const now = dropped(await master.counters());
            const changed = Object.entries(now)
              .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
              .filter(([, count]) => count !== 0);
            return changed.length > 0 && { after: now, counted: Object.fromEntries(changed) };
          });
          expect(counted, what).toEqual({ [reason]: 1 });
          expected[reason] = (expected[reason] ?? 0) + 1;
          before = after;
        }
        await stillMaster();
        await givesWay();
        expect(sum(dropped(await master.counters()))).toBe(sum(expected));
        // tshark saw the faults that a dissector can see: the verdict of the other tests can fail.
        const { forged, own } = filtersOf(flavour);
        expect((await tsharkVerdict(wire.file, forged)).complaints.length).toBeGreaterThan(4);
        const verdict = await tsharkVerdict(wire.file, own);
        expect(verdict.decoded).toBeGreaterThan(2);
        expect(verdict.complaints).toEqual([]);
      }),
    );

    it.concurrent(
      `${flavour.name}: random packets change nothing and are all counted`,
      withMaster(flavour, async ({ master, injector, stillMaster, givesWay }) => {
        const random = randomNumbers(20_240_229);
        const frames = Array.from({ length: 500 }, (_, index) => {
          const message = Buffer.from(Array.from({ length: 2 + random(60) }, () => random(256)));
          // So that the kernel's filter lets it through, and every other one looks like an advertisement.
          message[1] = VRID;
          if (index % 2 === 0) message[0] = (flavour.version << 4) | 1;
          return ethernet(CLIENT_MAC, ipPacket({ source: flavour.client }, message));
        });
        const before = await master.counters();
        await injector.send(...frames);
        const after = await master.counters();
        expect(sum(dropped(after)) - sum(dropped(before))).toBe(frames.length);
        await stillMaster();
        await givesWay();
      }),
    );

    it.concurrent(
      `${flavour.name}: a flood of priority 0 is answered, but not packet for packet`,
      withMaster(flavour, async ({ master, injector, stillMaster }) => {
        const zero = forge({ ...rightOf(flavour), priority: 0 });
        const start = Date.now();
        const count = async () => {
          const counters = (await master.counters()).routers[0]!.counters;
          return { sent: Number(counters.sent), zeros: Number(counters.priorityZeroReceived) };
        };
        const before = await count();
        await injector.send(zero);
        const once = await count();
        expect(once.sent).toBeGreaterThan(before.sent);
        await injector.send(...new Array<Buffer>(400).fill(zero));
        const after = await count();
        expect(after.zeros - before.zeros).toBe(401);
        // Four in a row, four in each second while it goes on, and the cadence itself.
        expect(after.sent - before.sent).toBeLessThanOrEqual(6 + 5 * Math.ceil((Date.now() - start) / 1000));
        await stillMaster();
      }),
    );

    const answer = flavour.version === 2 ? 'not answered' : 'answered at once, but not packet for packet';
    it.concurrent(
      `${flavour.name}: an inferior advertisement is ${answer}`,
      withMaster(flavour, async ({ master, injector, wire, adverts, stillMaster }) => {
        const inferior = { ...rightOf(flavour), priority: PRIORITY - 1 };
        // RFC 3768 §6.4.3 has it discarded, RFC 9568 §6.4.3 answered at once, and the timer begins anew.
        for (;;) {
          const since = Date.now();
          const before = await wire.nextAdvert(
            'an advertisement',
            since,
            ({ source }) => source === flavour.r1,
          );
          await injector.send(forge(inferior));
          await wire.nextAdvert('the next one', before.time + 1, ({ source }) => source === flavour.r1);
          const sent = wire.adverts(VRID, since).find(({ source }) => source === flavour.client)!;
          // On a machine that is so busy the next one was due by itself: once more.
          if (sent.time - before.time > INTERVAL / 2) continue;
          const [first, second] = adverts(since);
          expect(first).toEqual(before);
          const gap = second!.time - first!.time;
          if (flavour.version === 2) expect(gap).toBeGreaterThan(0.9 * INTERVAL);
          else expect(gap).toBeLessThan(0.9 * INTERVAL);
          expect(second!.time).toBeGreaterThan(sent.time);
          break;
        }
        await sleep(INTERVAL); // what it may answer in a row has come back
        const start = Date.now();
        const count = async () => {
          const counters = (await master.counters()).routers[0]!.counters;
          return { sent: Number(counters.sent), received: Number(counters.received) };
        };
        const before = await count();
        await injector.send(...new Array<Buffer>(400).fill(forge(inferior)));
        const after = await count();
        expect(after.received - before.received).toBe(400);
        const seconds = Math.ceil((Date.now() - start) / 1000);
        if (flavour.version === 2) expect(after.sent - before.sent).toBeLessThanOrEqual(1 + seconds);
        else expect(after.sent - before.sent).toBeGreaterThanOrEqual(4);
        expect(after.sent - before.sent).toBeLessThanOrEqual(6 + 5 * seconds);
        await stillMaster();
      }),
    );
  }
});
