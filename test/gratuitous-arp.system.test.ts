import { expect, it } from 'vitest';
import {
  encodeGratuitousArp,
  encodeNeighbourAdvertisement,
  GRATUITOUS_ARP_LENGTH,
  NEIGHBOUR_ADVERTISEMENT_LENGTH,
} from '../core/vrrp/announcement.ts';
import { FLAVOURS, type Flavour } from './lab/flavour.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { ALL_FAMILIES, addressOf, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { CLIENT_MAC, R1_MAC, R2_MAC, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Gratuitous ARP, for IPv6 neighbour advertisements, move the switches' and the hosts' tables to the new Master (RFC 3768
// §6.4.1 (115), RFC 9568 §6.4.1 (115)).

/** How the routers 7 and 8 (7 alone: the first case) are told, and which MAC announces each one's addresses. */
const CASES: readonly (readonly [
  name: string,
  iftype: 'ether' | 'macvlan',
  vrids: readonly number[],
  macOf: (flavour: Flavour, vrid: number) => string,
])[] = [
  ['ether', 'ether', [7], (flavour, vrid) => flavour.virtualMac(vrid)],
  ['two ether routers on one interface', 'ether', [7, 8], () => R1_MAC],
  ['macvlan', 'macvlan', [7, 8], (flavour, vrid) => flavour.virtualMac(vrid)],
];

/** The client says that the address is at its own MAC. */
function strangerOf(family: 4 | 6, address: string): Buffer {
  const frame = Buffer.alloc(family === 4 ? GRATUITOUS_ARP_LENGTH : NEIGHBOUR_ADVERTISEMENT_LENGTH);
  const encode = family === 4 ? encodeGratuitousArp : encodeNeighbourAdvertisement;
  encode(frame, 0, address, CLIENT_MAC);
  return frame;
}

describeSystem('gratuitous ARP', () => {
  for (const flavour of FLAVOURS) {
    for (const [name, iftype, vrids, macOf] of CASES) {
      it.concurrent(`${flavour.name}, ${name}: each address is announced from its MAC after the first advertisement, and again`, () =>
        withLab(async (lab) => {
          const { r1, client, wire } = await twoRouters(lab, flavour.network(7));
          const routers = vrids.map((vrid) => flavour.router(vrid, [vrid], { priority: 100, iftype }));
          Rvrrpd.start(lab, r1, routers);
          for (const group of vrids) {
            const advert = await wire.nextAdvert('the Master', 0, ({ vrid }) => vrid === group, 30_000);
            const mac = macOf(flavour, group);
            for (const vip of flavour.vips(group, group)) {
              const first = await eventually('an announcement', 20_000, () => wire.announcements(vip)[0]);
              expect(first.time).toBeGreaterThan(advert.time);
              expect(first.time - advert.time).toBeLessThan(3000);
              // Again some seconds later: a switch may have been busy.
              await eventually(
                'a later announcement',
                15_000,
                () => wire.announcements(vip, first.time + 1000).length > 0,
              );
              const to = flavour.family === 4 ? 'ff:ff:ff:ff:ff:ff' : '33:33:00:00:00:01';
              for (const told of wire.announcements(vip)) {
                expect([told.mac, told.sourceMac, told.destinationMac]).toEqual([mac, mac, to]);
              }
              for (const neighbour of wire.neighbourAdvertisements(vip)) {
                if (neighbour.solicited) continue;
                const right = { router: true, override: true, hopLimit: 255, checksum: 'right' };
                expect(neighbour).toMatchObject(right);
              }
              // And it is true: packets to that MAC arrive.
              const target = vip.startsWith('fe80:') ? `${vip}%lan` : vip;
              expect(await client.run('ping', '-n', '-c1', '-W2', target)).toContain('1 received');
            }
          }
        }));
    }
  }

  for (const flavour of FLAVOURS) {
    it.concurrent(`${flavour.name}: again after two Masters have met: the one that stays takes the tables back`, () =>
      withLab(async (lab) => {
        const { lan, r1, r2, client, wire } = await twoRouters(lab, flavour.network(7));
        // Two ether routers on an interface: each router announces its own MAC, a table can really be wrong.
        const vrouters = [7, 8].map((vrid) =>
          flavour.router(vrid, [vrid], { priority: 100, iftype: 'ether' }),
        );
        const vips = flavour.vips(7, 7);
        const vip = flavour.address(7);
        Rvrrpd.start(
          lab,
          r1,
          vrouters.map((vrouter) => ({ ...vrouter, priority: 200 })),
        );
        await wire.soleMaster(7, flavour.r1);
        await client.run('ping', '-n', '-c1', '-W2', vip);
        // r1 can only know of the other Master if it hears it before that one hears r1 and falls silent. So r2 becomes
        // Master, Master_Down_Interval after the last one that it has heard, 0.6 s after an advertisement of r1.
        const backup = Rvrrpd.start(lab, r2, vrouters);
        await backup.ready();
        await wire.nextAdvert('r1', Date.now(), ({ source, vrid }) => source === flavour.r1 && vrid === 7);
        await lan.partition(r1, r2);
        await eventually('two Masters', 30_000, () => wire.masters(7, 1500).length === 2);
        await eventually('r2 to be believed', 20_000, async () => (await client.neighbour(vip)) === R2_MAC);
        await sleep(6500); // r1's own repetitions are over
        await wire.nextAdvert('r1', Date.now(), ({ source, vrid }) => source === flavour.r1 && vrid === 7);
        const healed = Date.now();
        await lan.heal(r1, r2);
        await wire.soleMaster(7, flavour.r1);
        const lastOfTheOther = wire
          .adverts(7, healed)
          .filter(({ source, priority }) => source === flavour.r2 && priority > 0)
          .at(-1);
        for (const each of vips) {
          const announcements = wire.announcements(each, healed).filter(({ mac }) => mac === R1_MAC);
          expect(announcements.length).toBeGreaterThan(0);
          if (lastOfTheOther) expect(announcements.at(-1)?.time).toBeGreaterThan(lastOfTheOther.time);
        }
        expect(await client.neighbour(vip)).toBe(R1_MAC);
        expect(await client.run('ping', '-n', '-c1', '-W2', vip)).toContain('1 received');
      }));
  }

  for (const iftype of ['ether', 'macvlan'] as const) {
    it.concurrent(`${iftype}: a stranger that announces an address is answered, at a bounded rate, and told`, () =>
      withLab(async (lab) => {
        const { r1, client, wire } = await twoRouters(lab, ALL_FAMILIES);
        const daemon = Rvrrpd.start(lab, r1, oneOfEachSort({ priority: 100, iftype }));
        const injector = await Injector.start(client, 'lan');
        await allSortsMaster(wire);
        const stage = SORTS.map((sorted) => {
          const { vrid, flavour } = sorted;
          const address = addressOf(sorted);
          const mac = iftype === 'macvlan' ? flavour.virtualMac(vrid) : R1_MAC;
          const from = (who: string) => (since: number) =>
            wire.announcements(address, since).filter((each) => each.mac === who);
          return { vrid, family: flavour.family, address, ours: from(mac), theirs: from(CLIENT_MAC) };
        });
        const firsts = stage.map(({ ours }) => eventually('an announcement', 5000, () => ours(0)[0]));
        const latest = Math.max(...(await Promise.all(firsts)).map(({ time }) => time));
        await sleep(10_000 - Math.min(9000, Date.now() - latest)); // its own repetitions are over
        const told = async (vrid: number) => {
          const { routers } = await daemon.counters();
          return routers.find(({ group }) => group === vrid)?.counters.dropped['address-conflict'] ?? 0;
        };
        const disturb = async ({
          vrid,
          family,
          address,
          ours,
          theirs,
        }: (typeof stage)[number]): Promise<void> => {
          expect(await told(vrid)).toBe(0);
          const stranger = strangerOf(family, address);
          const since = Date.now();
          await injector.send(stranger);
          await eventually('our announcement', 20_000, () => ours(since).length > 0);
          expect(await told(vrid)).toBe(1);
          await injector.send(...new Array<Buffer>(300).fill(stranger));
          const sent = 301;
          await eventually('the last word', 20_000, () => {
            const { time: last } = theirs(since)[sent - 1] ?? {};
            return last !== undefined && ours(since).some(({ time }) => time > last);
          });
          await sleep(1500);
          expect(ours(since).length).toBeLessThanOrEqual(3 + Math.ceil((Date.now() - since) / 1000));
          expect(await told(vrid)).toBeGreaterThan(1);
          const what = family === 4 ? 'ARP packet' : 'neighbour advertisement';
          const { msg } = await eventually('the log', 5000, () =>
            daemon.log().find(({ group, reason }) => group === vrid && reason === 'address-conflict'),
          );
          expect(msg).toContain(`${CLIENT_MAC} announces or answers for our address ${address} (1 ${what})`);
        };
        await Promise.all(stage.map(disturb));
      }));
  }
});
