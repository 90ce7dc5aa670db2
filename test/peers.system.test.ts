import { expect, it } from 'vitest';
import { virtualLinkLocal } from './lab/flavour.ts';
import { withLab } from './lab/lab.ts';
import { PEER_MACS, peerNetwork } from './lab/peer-network.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { holder } from './lab/snapshot.ts';
import { type Implementation, type SpeakerOptions, startSpeaker } from './lab/speaker.ts';

// Two routers back each other up by unicast, whoever wrote their daemons: on one link, and with a router in between.

const VRID = 7;

type Pair = readonly [r1: Implementation, r2: Implementation];
const PAIRS: readonly Pair[] = [
  ['rvrrpd', 'rvrrpd'],
  ['rvrrpd', 'keepalived'],
  ['keepalived', 'rvrrpd'],
];
const KINDS = [
  { version: 2, family: 4 },
  { version: 3, family: 4 },
  { version: 3, family: 6 },
] as const;

/** Over IPv6, keepalived 2.2.7 sends with the host's own hop limit: 64, or a hundred or so here. */
function leastTtl(family: 4 | 6, routed: boolean, beside: boolean): { readonly minTtl?: number } {
  if (family === 6 && beside) return { minTtl: 60 };
  return routed ? { minTtl: 254 } : {};
}

/** A Master crashes, comes back, and ends in an orderly way; its packets are nobody else's. */
function crashReturnEnd({ version, family }: (typeof KINDS)[number], routed: boolean, [one, two]: Pair) {
  return () =>
    withLab(async (lab) => {
      const { r1, r2, a1, a2, wire } = await peerNetwork(lab, family, routed);
      const vips = family === 4 ? ['10.9.0.1'] : [virtualLinkLocal(VRID), '2001:db8:9::1'];
      const interval = version === 2 ? 1 : 0.5;
      const options = (priority: number, own: string, peer: string): SpeakerOptions => ({
        ...{ vrid: VRID, priority, vips, version, interval, preempt: true, peers: [peer] },
        // keepalived has to be told; rvrrpd is once, and finds out otherwise.
        ...(one === 'keepalived' || two === 'keepalived' ? { source: own } : {}),
        ...leastTtl(family, routed, one === 'keepalived' || two === 'keepalived'),
      });
      const sole = (source: string): Promise<void> =>
        wire.soleMaster(VRID, source, 60_000, 2.3 * interval * 1000);
      const startFirst = () => startSpeaker(one, lab, r1, options(200, a1, a2));
      let first = await startFirst();
      await startSpeaker(two, lab, r2, options(100, a2, a1));
      await sole(a1);
      for (const vip of vips) {
        expect(await holder(r1, vip)).toBe('lan');
        expect(await holder(r2, vip)).toBeUndefined();
      }
      await first.kill();
      await sole(a2);
      expect(await holder(r2, vips[0]!)).toBe('lan');
      first = await startFirst();
      await sole(a1);
      await first.stop();
      await sole(a2);
      const adverts = wire.adverts(VRID);
      const mine = adverts.filter(({ source }) => source === a2);
      if (two === 'rvrrpd') expect(new Set(mine.map(({ ttl }) => ttl))).toEqual(new Set([255]));
      expect(new Set(mine.map(({ sourceMac }) => sourceMac))).toEqual(new Set([PEER_MACS[1]]));
      const theirs = adverts.filter(({ source }) => source === a1);
      if (one === 'rvrrpd') {
        expect(new Set(theirs.map(({ ttl }) => ttl))).toEqual(new Set([routed ? 254 : 255]));
      }
      if (!routed) expect(new Set(theirs.map(({ sourceMac }) => sourceMac))).toEqual(new Set([PEER_MACS[0]]));
      expect(adverts.filter(({ checksum }) => checksum === 'wrong')).toEqual([]);
      expect(theirs.filter(({ priority }) => priority === 0).length).toBeGreaterThan(0);
    });
}

for (const kind of KINDS) {
  for (const routed of [false, true]) {
    const where = routed ? 'with a router in between' : 'on one link';
    describeConcurrent(`unicast peers, VRRPv${kind.version} over IPv${kind.family}, ${where}`, () => {
      for (const pair of PAIRS) {
        it.concurrent(
          `${pair.join(' and ')}: crash, return, orderly end`,
          crashReturnEnd(kind, routed, pair),
          300_000,
        );
      }
    });
  }
}
