/** The virtual address on the interface itself: which MAC answers, and what stays as it was. Needs root. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CLIENT, GatewayLab, ROUTER, ROUTER_MAC, UPLINK } from '../../../test/actuator/gateway-lab.ts';
import { Bundle, RunningActuator, router } from '../../../test/actuator/lab.ts';

const VIRTUAL = '192.0.2.1';
const VIRTUAL_MAC = '00:00:5e:00:01:07';

let bundle: Bundle;
let lab: GatewayLab;
let actuator: RunningActuator | undefined;

beforeAll(async () => {
  bundle = await Bundle.make();
});
afterAll(() => bundle?.takeDown());
afterEach(async () => {
  await actuator?.kill();
  actuator = undefined;
  lab?.takeDown();
});

async function becomeMaster(...routers: Parameters<typeof router>[]): Promise<void> {
  lab = new GatewayLab(['net.ipv4.conf.all.rp_filter=1']);
  actuator = new RunningActuator(
    bundle,
    lab.router,
    routers.map((arguments_) => router(...arguments_)),
  );
  await actuator.ready();
  await actuator.flip(routers.map((_, slot) => slot));
}

it('answers for everything with the virtual MAC when it is alone, and is a gateway', async () => {
  await becomeMaster([7, 'eth0', VIRTUAL]);
  expect(await lab.whoHas(VIRTUAL)).toEqual([VIRTUAL_MAC]);
  expect(await lab.whoHas(ROUTER)).toEqual([VIRTUAL_MAC]);
  lab.client.run(`ip route add default via ${VIRTUAL}; ping -c 2 -i 0.2 -W 1 ${UPLINK}`);
});

it('answers with the MAC of the interface when several share it', async () => {
  await becomeMaster([7, 'eth0', VIRTUAL], [8, 'eth0', '192.0.2.2']);
  expect(await lab.whoHas(VIRTUAL)).toEqual([ROUTER_MAC]);
  expect(await lab.whoHas('192.0.2.2')).toEqual([ROUTER_MAC]);
  lab.client.run(`ip route add default via ${VIRTUAL}; ping -c 2 -i 0.2 -W 1 ${UPLINK}`);
});

it("leaves the interface's own address the primary one", async () => {
  await becomeMaster([7, 'eth0', VIRTUAL]);
  expect(lab.router.run(`ip route get ${CLIENT}`)).toContain(`src ${ROUTER}`);
  expect(lab.router.run('ip route show dev eth0')).toBe(
    `192.0.2.0/24 proto kernel scope link src ${ROUTER} \n`,
  );
  expect(lab.router.run('ip addr show dev eth0 secondary')).not.toContain('inet 192');
  // Neither of the two takes the other along.
  lab.router.run(`ip addr del ${ROUTER}/24 dev eth0`);
  expect(lab.router.addresses('eth0')).toContain(`${VIRTUAL}/32 eth0:7`);
});
