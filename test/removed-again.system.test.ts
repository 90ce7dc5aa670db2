import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { CLIENT, R1, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Somebody removes what a Master holds, and removes it again soon after it was put back: it comes back each time.

/** ms from when it was back to when it is removed again: some before the daemon has looked again, some after. */
const DELAYS = [0, 30, 60, 110, 170, 230, 290, 350, 420, 510, 640];
/** ms in which it is back: generous, a busy machine may need a second or two. */
const PATIENCE = 8000;

const TABLES = `[protocols]\n[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "${CLIENT}"\n`;

/** Removes something over and over; each time it must come back. */
async function removeAgain(
  what: string,
  isThere: () => Promise<boolean>,
  remove: () => Promise<unknown>,
): Promise<void> {
  for (const delay of DELAYS) {
    await remove();
    await eventually(`${what}, first`, PATIENCE, isThere, 5);
    await sleep(delay);
    await remove();
    await eventually(`${what}, removed again after ${delay} ms`, PATIENCE, isThere, 5);
  }
}

function hasAddress(host: Host, name: string): Promise<boolean> {
  return host.ip(`-br addr show dev ${name}`).then(
    (text) => text.includes(`${VIP}/`),
    () => false,
  );
}

describeSystem('removed, put back, and removed again', () => {
  for (const netdrv of ['ioctl', 'libnl']) {
    it.concurrent(
      `${netdrv} and ether: address, virtual MAC, static route`,
      () =>
        withLab(async (lab) => {
          const { r1, wire } = await twoRouters(lab);
          const router = { group: 7, interface: 'lan', vip: VIP, netdrv, iftype: 'ether' };
          const daemon = Rvrrpd.start(lab, r1, [router], { tables: TABLES });
          await wire.soleMaster(7, R1);
          const address = () => hasAddress(r1, 'lan');
          await eventually('the address', PATIENCE, address);
          await removeAgain('the address', address, () => r1.ip(`addr del ${VIP}/32 dev lan`));
          const route = async () => (await r1.ip('route show 192.0.2.0/24')) !== '';
          await eventually('the route', PATIENCE, route);
          await removeAgain('the route', route, () => r1.ip('route del 192.0.2.0/24'));
          const mac = async () => (await r1.ip('-br link show dev lan')).includes('00:00:5e:00:01:07');
          await removeAgain('the MAC', mac, () => r1.ip('link set lan address 02:00:00:00:00:02'));
          expect((await daemon.stop()).code).toBe(0);
          expect(await address()).toBe(false);
        }),
      120_000,
    );

    it.concurrent(
      `${netdrv} and macvlan: address, interface, its state`,
      () =>
        withLab(async (lab) => {
          const { r1, wire } = await twoRouters(lab);
          const router = { group: 7, interface: 'lan', vip: VIP, netdrv, iftype: 'macvlan' };
          const daemon = Rvrrpd.start(lab, r1, [router]);
          await wire.soleMaster(7, R1);
          const address = () => hasAddress(r1, 'standby7');
          await eventually('the address', PATIENCE, address);
          await removeAgain('the address', address, () => r1.ip(`addr del ${VIP}/32 dev standby7`));
          await removeAgain('the interface', address, () => r1.ip('link del standby7'));
          const up = async () => /standby7\S*\s+UP/.test(await r1.ip('-br link show dev standby7'));
          await removeAgain('IFF_UP', up, () => r1.ip('link set standby7 down'));
          expect((await daemon.stop()).code).toBe(0);
        }),
      120_000,
    );
  }
});
