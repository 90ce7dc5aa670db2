import { expect, it } from 'vitest';
import { FLAVOURS, type Flavour, V3_IPV6 } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { arpOf } from './lab/sightings.ts';
import { type TwoRouters, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// A second interface of the Master's host in the same LAN: Linux answers for the virtual address on both, over IPv4.

const VRID = 7;
const NUMBER = 1;
const SECOND_MAC = '02:00:00:00:00:22';

/** The MACs that ARP replies and solicited neighbour advertisements say an address is at. */
function answers(wire: Wire, address: string, since: number): string[] {
  const replies = wire
    .frames()
    .map(arpOf)
    .filter((arp) => arp !== undefined)
    .filter(
      ({ senderAddress, targetAddress }) => senderAddress === address && targetAddress !== senderAddress,
    );
  const advertisements = wire.neighbourAdvertisements(address).filter(({ solicited }) => solicited);
  return [
    ...replies.map(({ time, senderMac }) => ({ time, mac: senderMac })),
    ...advertisements.map(({ time, targetMac }) => ({ time, mac: targetMac })),
  ]
    .filter(({ time }) => time >= since)
    .map(({ mac }) => mac);
}

/** Asks for the address, and gives the MACs that answered within a second after the first answer. */
async function whoHas(client: Host, wire: Wire, address: string): Promise<string[]> {
  const since = Date.now();
  await eventually('an answer', 20_000, async () => {
    await client.run('ip', 'neigh', 'flush', 'dev', 'lan');
    await client.run('ping', '-c', '1', '-W', '1', address).catch(() => ''); // the answers of ARP and ND are what counts
    return answers(wire, address, since).length > 0;
  });
  await sleep(1000);
  return [...new Set(answers(wire, address, since))].sort();
}

/** A Master, whose host gets a second interface in the LAN then. */
async function master(lab: Lab, flavour: Flavour, iftype: string): Promise<TwoRouters & { daemon: Rvrrpd }> {
  const network = await twoRouters(lab, flavour.network(VRID));
  const { r1, lan, wire } = network;
  const timers = { advert: flavour.quick };
  const daemon = Rvrrpd.start(lab, r1, [flavour.router(VRID, [NUMBER], { iftype, timers })]);
  await wire.soleMaster(VRID, flavour.r1, 30_000, 2300 * flavour.quick);
  expect(told(daemon)).toEqual([]); // there is no second interface yet
  await r1.ip(`link add second address ${SECOND_MAC} type veth peer name second netns ${lan.namespace}`);
  await lan.ip(`link set second master ${lan.bridge} up`);
  await r1.ip('address add 10.0.0.22/24 dev second');
  if (flavour.family === 6) await r1.ip('address add 2001:db8:0:1::22/64 dev second nodad');
  await r1.ip('link set second up');
  return { ...network, daemon };
}

const told = (daemon: Rvrrpd) => daemon.log().filter(({ msg }) => msg?.includes('arp_ignore'));

describeSystem('a second interface in the same LAN', () => {
  for (const iftype of ['ether', 'macvlan']) {
    for (const flavour of FLAVOURS) {
      if (flavour.family === 6) continue;
      it.concurrent(`${flavour.name}, ${iftype}: the log says what to set, and that helps`, () =>
        withLab(async (lab) => {
          const { r1, client, daemon } = await master(lab, flavour, iftype);
          const vip = flavour.address(NUMBER);
          const advice = await eventually('the advice', 30_000, () => told(daemon)[0]?.msg);
          expect(advice).toMatch(/^second has an address of the same network as lan: .*arp_ignore = 1/);
          const seen = await Wire.tap(lab, client, 'lan', { filter: 'arp' });
          expect(await whoHas(client, seen, vip)).toEqual([flavour.virtualMac(VRID), SECOND_MAC]);
          const settings = [...(advice ?? '').matchAll(/(net\.ipv4\.conf\.\S+) = (\d)/g)];
          await r1.sysctl(Object.fromEntries(settings.map(([, name = '', value = '']) => [name, value])));
          expect(await whoHas(client, seen, vip)).toEqual([flavour.virtualMac(VRID)]);
          await daemon.running.stop();
          // A start with everything set has nothing to say.
          const again = Rvrrpd.start(lab, r1, [flavour.router(VRID, [NUMBER], { iftype })]);
          await again.ready();
          expect(told(again)).toEqual([]);
        }));
    }

    it.concurrent(`${V3_IPV6.name}, ${iftype}: only the interface that has the address answers, nothing has to be set`, () =>
      withLab(async (lab) => {
        const { client, daemon } = await master(lab, V3_IPV6, iftype);
        const seen = await Wire.tap(lab, client, 'lan');
        expect(await whoHas(client, seen, V3_IPV6.address(NUMBER))).toEqual([V3_IPV6.virtualMac(VRID)]);
        expect(told(daemon)).toEqual([]);
      }));
  }
});
