import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { arpOf } from './lab/sightings.ts';
import { R1, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// A second interface of the Master's host in the same LAN: Linux answers for the virtual address on both.

const VIRTUAL_MAC = '00:00:5e:00:01:07';
const SECOND_MAC = '02:00:00:00:00:22';

/** Asks for the address, and gives the MACs that answered within a second after the first answer. */
async function whoHas(client: Host, wire: Wire, address: string): Promise<string[]> {
  const since = Date.now();
  const answers = () =>
    wire
      .frames()
      .map(arpOf)
      .filter((arp) => arp !== undefined)
      .filter(
        (arp) =>
          arp.time >= since && arp.senderAddress === address && arp.targetAddress !== arp.senderAddress,
      );
  await eventually('an answer', 20_000, async () => {
    await client.run('ip', 'neigh', 'flush', 'dev', 'lan');
    await client.run('ping', '-c', '1', '-W', '1', address).catch(() => ''); // the ARP answers are what counts
    return answers().length > 0;
  });
  await sleep(1000);
  return [...new Set(answers().map(({ senderMac }) => senderMac))].sort();
}

describeSystem('a second interface in the same LAN', () => {
  it.concurrent.each(['ether', 'macvlan'])('%s: the log says what to set, and that helps', (iftype) =>
    withLab(async (lab) => {
      const { r1, client, lan, wire } = await twoRouters(lab);
      const master = Rvrrpd.start(lab, r1, [{ group: 7, interface: 'lan', vip: VIP, iftype }]);
      await wire.soleMaster(7, R1);
      const told = () => master.log().filter(({ msg }) => msg?.includes('arp_ignore = 1'));
      expect(told()).toEqual([]); // there is no second interface yet
      await r1.ip(`link add second address ${SECOND_MAC} type veth peer name second netns ${lan.namespace}`);
      await lan.ip(`link set second master ${lan.bridge} up`);
      await r1.ip('address add 10.0.0.22/24 dev second');
      await r1.ip('link set second up');
      const advice = await eventually('the advice', 30_000, () => told()[0]?.msg);
      expect(advice).toMatch(/^second has an address of the same network as lan: /);
      const seen = await Wire.tap(lab, client, 'lan', { filter: 'arp' });
      expect(await whoHas(client, seen, VIP)).toEqual([VIRTUAL_MAC, SECOND_MAC]);
      const settings = [...(advice ?? '').matchAll(/(net\.ipv4\.conf\.\S+) = (\d)/g)];
      await r1.sysctl(Object.fromEntries(settings.map(([, name = '', value = '']) => [name, value])));
      expect(await whoHas(client, seen, VIP)).toEqual([VIRTUAL_MAC]);
      await master.running.stop();
      // A start with everything set has nothing to say.
      const again = Rvrrpd.start(lab, r1, [{ group: 7, interface: 'lan', vip: VIP, iftype }]);
      await again.ready();
      expect(again.log().filter(({ msg }) => msg?.includes('arp_ignore'))).toEqual([]);
    }),
  );
});
