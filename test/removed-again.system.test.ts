import { expect, it } from 'vitest';
import { FLAVOURS, type Flavour } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { CLIENT, R1_MAC, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Somebody removes what a Master holds, and removes it again soon after it was put back: it comes back each time.

const VRID = 7;
const NUMBER = 1;
/** ms from when it was back to when it is removed again: some before the daemon has looked again, some after. */
const DELAYS = [0, 30, 60, 110, 170, 230, 290, 350, 420, 510, 640];
/** ms in which it is back: generous, a busy machine may need some seconds. */
const PATIENCE = 20_000;
/** ms between two looks. */
const LOOK = 15;

const TABLES = `[protocols]\n[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "${CLIENT}"\n`;

/** Removes something over and over; each time it must come back. */
async function removeAgain(
  delays: readonly number[],
  what: string,
  isThere: () => Promise<boolean>,
  remove: () => Promise<unknown>,
): Promise<void> {
  for (const delay of delays) {
    await remove();
    await eventually(`${what}, first`, PATIENCE, isThere, LOOK);
    await sleep(delay);
    await remove();
    await eventually(`${what}, removed again after ${delay} ms`, PATIENCE, isThere, LOOK);
  }
}

/** Whether an interface has all of these addresses. */
function hasAddresses(host: Host, name: string, addresses: readonly string[]): Promise<boolean> {
  return host.ip(`-br addr show dev ${name}`).then(
    (text) => addresses.every((address) => text.includes(` ${address}/`)),
    () => false,
  );
}

/** The kernel is the same for either version over IPv4, which share them. */
function delaysOf({ version, family }: Flavour): number[] {
  return DELAYS.filter((_, index) => family === 6 || index % 2 === version % 2);
}

function play(flavour: Flavour, netdrv: string): void {
  const delays = delaysOf(flavour);
  const vips = flavour.vips(VRID, NUMBER);
  const router = (iftype: string) => flavour.router(VRID, [NUMBER], { netdrv, iftype });
  const vifname = flavour.family === 4 ? 'standby7' : 'standby7-6';

  /** All addresses at once; the link-local one with the prefix length that the interface type gives it. */
  async function removeAddresses(host: Host, name: string): Promise<void> {
    for (const vip of vips) {
      const isLinkLocal = vip.startsWith('fe80:') && name !== 'lan';
      const length = flavour.family === 4 ? 32 : isLinkLocal ? 64 : 128;
      await host.ip(`addr del ${vip}/${length} dev ${name}`);
    }
  }

  it.concurrent(
    `${flavour.name}, ${netdrv} and ether: address, virtual MAC, static route`,
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab, flavour.network(VRID));
        const daemon = Rvrrpd.start(lab, r1, [router('ether')], { tables: TABLES });
        await wire.soleMaster(VRID, flavour.r1);
        const addresses = () => hasAddresses(r1, 'lan', vips);
        await eventually('the addresses', PATIENCE, addresses);
        await removeAgain(delays, 'the addresses', addresses, () => removeAddresses(r1, 'lan'));
        const route = async () => (await r1.ip('route show 192.0.2.0/24')) !== '';
        await eventually('the route', PATIENCE, route);
        await removeAgain(delays, 'the route', route, () => r1.ip('route del 192.0.2.0/24'));
        const mac = async () => (await r1.ip('-br link show dev lan')).includes(flavour.virtualMac(VRID));
        await removeAgain(delays, 'the MAC', mac, () => r1.ip(`link set lan address ${R1_MAC}`));
        expect((await daemon.stop()).code).toBe(0);
        const left = await r1.ip('-br addr show dev lan');
        expect(vips.filter((vip) => left.includes(` ${vip}/`))).toEqual([]);
      }),
    240_000,
  );

  it.concurrent(
    `${flavour.name}, ${netdrv} and macvlan: address, interface, its state`,
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab, flavour.network(VRID));
        const daemon = Rvrrpd.start(lab, r1, [router('macvlan')]);
        await wire.soleMaster(VRID, flavour.r1);
        const addresses = () => hasAddresses(r1, vifname, vips);
        await eventually('the addresses', PATIENCE, addresses);
        await removeAgain(delays, 'the addresses', addresses, () => removeAddresses(r1, vifname));
        await removeAgain(delays, 'the interface', addresses, () => r1.ip(`link del ${vifname}`));
        // Of IPv6 an interface that is down has no addresses.
        const up = async () =>
          new RegExp(`${vifname}\\S*\\s+UP`).test(await r1.ip(`-br link show dev ${vifname}`)) &&
          (await addresses());
        await removeAgain(delays, 'IFF_UP', up, () => r1.ip(`link set ${vifname} down`));
        expect((await daemon.stop()).code).toBe(0);
      }),
    240_000,
  );
}

describeSystem('removed, put back, and removed again', () => {
  // ioctl, which takes longest, first; it has no IPv6.
  for (const netdrv of ['ioctl', 'libnl']) {
    for (const flavour of FLAVOURS) if (flavour.family === 4 || netdrv === 'libnl') play(flavour, netdrv);
  }
});
