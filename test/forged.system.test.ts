import { expect, it } from 'vitest';
import { ethernet, type ForgedAdvert, forge, ipPacket } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { type Counters, Rvrrpd } from './lab/rvrrpd.ts';
import { tsharkVerdict } from './lab/tshark.ts';
import { CLIENT, R1, twoRouters, VIP } from './lab/two-routers.ts';

// What no router should send: none of it may move a Master, and each is counted under its reason.

const VRID = 7;
const SECRET = 'thissecretnolongeris';

/** From the client, of the highest priority and right in everything: the Master gives way to this one. */
const RIGHT: ForgedAdvert = {
  ...{ vrid: VRID, source: CLIENT, addresses: [VIP], priority: 254, authType: 1, authData: SECRET },
};

/** What is wrong with each, by the reason that it is to be counted under. */
const WRONG: readonly (readonly [reason: string, what: string, difference: Partial<ForgedAdvert>])[] = [
  ['auth-failed', 'another secret', { authData: 'thissecz' }],
  ['auth-failed', 'an empty secret', { authData: '' }],
  ['auth-type', 'no authentication', { authType: 0, authData: '' }],
  ['auth-type', 'an unknown authentication type', { authType: 77 }],
  ['checksum', 'a wrong checksum', { checksumError: 1 }],
  ['ttl', 'TTL 254', { ttl: 254 }],
  ['ttl', 'TTL 1', { ttl: 1 }],
  ['truncated', 'the last octet missing', { cut: 1 }],
  ['truncated', 'no authentication data and no address', { cut: 12 }],
  ['truncated', 'half a header', { cut: 16 }],
  ['version', 'VRRP version 3', { version: 3, trailer: false, authType: 0 }],
  ['version', 'VRRP version 15', { version: 15 }],
  ['type', 'VRRP type 2', { type: 2 }],
  ['interval', 'another advertisement interval', { interval: 2 }],
  ['address-list', 'another virtual address', { addresses: ['10.0.0.200'] }],
  [
    'address-list',
    'several other addresses',
    { addresses: ['10.0.0.200', '10.0.0.201', CLIENT, '10.0.0.9'] },
  ],
  ['address-list', 'good-bye of another group', { addresses: ['10.0.0.200'], priority: 0 }],
  ['ip-header', 'a wrong IP header checksum', { ipChecksumError: 1 }],
  ['ip-header', 'a first fragment', { fragment: 0x2000 }],
  ['destination', 'another destination', { destination: '224.0.0.5' }],
  ['truncated', 'one octet', { cut: 19 }],
  ['truncated', 'no message at all', { cut: 20 }],
  ['source', 'source 0.0.0.0', { source: '0.0.0.0' }],
  ['source', 'source 127.0.0.1', { source: '127.0.0.1' }],
  ['source', 'a multicast source', { source: '224.0.0.18' }],
  ['source', 'a class E source', { source: '240.0.0.1' }],
  ['source', 'the broadcast address as source', { source: '255.255.255.255' }],
  ['source', 'the broadcast address of the subnet as source', { source: '10.0.0.255' }],
  ['source', 'the network address as source', { source: '10.0.0.0' }],
  ['source', 'the virtual address as source', { source: VIP }],
  ['own-source', 'its own source address', { source: R1 }],
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
async function withMaster(
  body: (stage: {
    master: Rvrrpd;
    injector: Injector;
    stillMaster(): Promise<void>;
    pcap: string;
    givesWay(): Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await withLab(async (lab) => {
    const { r1, client, wire } = await twoRouters(lab);
    const vrouter = { group: VRID, interface: 'lan', vip: VIP, priority: 100 };
    const master = Rvrrpd.start(lab, r1, [{ ...vrouter, auth_type: 'rfc2338-simple', auth_secret: SECRET }]);
    const injector = await Injector.start(client, 'lan');
    await wire.soleMaster(VRID, R1);
    const stillMaster = async () => {
      const since = Date.now();
      await wire.nextAdvert(
        'the Master to go on',
        since,
        ({ source, sourceMac, priority }) =>
          source === R1 && sourceMac === '00:00:5e:00:01:07' && priority === 100,
      );
      await wire.nextAdvert(
        'the Master to go on',
        since + 1000,
        ({ source, priority }) => source === R1 && priority === 100,
      );
      expect((await master.counters()).routers[0]?.state).toBe('Master');
    };
    // The counterproof: one that differs from the wrong ones in nothing but the fault is heard.
    const givesWay = async () => {
      await injector.send(forge(RIGHT));
      const state = (await master.counters()).routers[0]?.state;
      expect(state).toBe('Backup');
    };
    await body({ master, injector, stillMaster, pcap: wire.file, givesWay });
  });
}

describeSystem('forged packets', () => {
  it.concurrent('each kind is dropped and counted under its reason', () =>
    withMaster(async ({ master, injector, stillMaster, pcap, givesWay }) => {
      const expected: Record<string, number> = {};
      let before = dropped(await master.counters());
      for (const [reason, what, difference] of WRONG) {
        await injector.send(forge({ ...RIGHT, ...difference }));
        const after = dropped(await master.counters());
        const counted = Object.fromEntries(
          Object.entries(after)
            .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
            .filter(([, count]) => count !== 0),
        );
        expect(counted, what).toEqual({ [reason]: 1 });
        expected[reason] = (expected[reason] ?? 0) + 1;
        before = after;
      }
      await stillMaster();
      await givesWay();
      expect(sum(dropped(await master.counters()))).toBe(sum(expected));
      // tshark saw the faults that a dissector can see: the verdict of the other tests can fail.
      expect((await tsharkVerdict(pcap, `ip.src == ${CLIENT}`)).complaints.length).toBeGreaterThan(4);
      expect(
        (await tsharkVerdict(pcap, `ip.src == ${R1} && eth.src == 00:00:5e:00:01:07 && vrrp.prio == 100`))
          .complaints,
      ).toEqual([]);
    }));

  it.concurrent('random packets change nothing and are all counted', () =>
    withMaster(async ({ master, injector, stillMaster, givesWay }) => {
      const random = randomNumbers(20_240_229);
      const frames = Array.from({ length: 500 }, (_, index) => {
        const message = Buffer.from(Array.from({ length: 2 + random(60) }, () => random(256)));
        // So that the kernel's filter lets it through, and every other one looks like an advertisement.
        message[1] = VRID;
        if (index % 2 === 0) message[0] = 0x21;
        return ethernet('02:00:00:00:00:64', ipPacket({ source: CLIENT }, message));
      });
      const before = await master.counters();
      await injector.send(...frames);
      const after = await master.counters();
      expect(sum(dropped(after)) - sum(dropped(before))).toBe(frames.length);
      await stillMaster();
      await givesWay();
    }));

  it.concurrent('a flood of priority 0 is answered, but not packet for packet', () =>
    withMaster(async ({ master, injector, stillMaster }) => {
      const zero = forge({ ...RIGHT, priority: 0 });
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
    }));
});
