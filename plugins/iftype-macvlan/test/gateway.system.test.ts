/** Which MAC address answers for what, and whether the virtual address works as a gateway. Needs root. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

async function becomeMaster(settings: readonly string[]): Promise<void> {
  lab = new GatewayLab(settings);
  actuator = new RunningActuator(bundle, lab.router, [router(7, 'eth0', VIRTUAL, { iftype: 'macvlan' })]);
  await actuator.ready();
  await actuator.flip([0]);
}

describe.each([
  ['the defaults', []],
  ['strict reverse path filtering', ['net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.default.rp_filter=1']],
  ['ARP filtering on new interfaces', ['net.ipv4.conf.default.arp_filter=1']],
])('with %s', (_, settings) => {
  it('answers for each address with its own MAC only', async () => {
    await becomeMaster(settings);
    expect(await lab.whoHas(VIRTUAL)).toEqual([VIRTUAL_MAC]);
    expect(await lab.whoHas(ROUTER)).toEqual([ROUTER_MAC]);
  });

  it('is a gateway', async () => {
    await becomeMaster(settings);
    lab.client.run(`ip route add default via ${VIRTUAL}`);
    const seen = await lab.capture(`icmp and src host ${CLIENT}`, () => {
      lab.client.run(`ping -c 3 -i 0.2 -W 1 ${UPLINK}`);
    });
    expect(seen).toHaveLength(3);
    for (const frame of seen) expect(frame).toContain(`> ${VIRTUAL_MAC}`);
  });

  it('never asks in the name of the virtual address with another MAC', async () => {
    await becomeMaster(settings);
    const requests = await lab.requestsFrom(VIRTUAL);
    expect(requests.length).toBeGreaterThan(0);
    for (const request of requests) {
      if (request.includes(`tell ${VIRTUAL},`)) expect(request).toContain(`${VIRTUAL_MAC} >`);
    }
  });
});

it('has no IPv6 address, and sends nothing about IPv6', async () => {
  await becomeMaster([]);
  const sent = await lab.capture(`ip6 and ether src ${VIRTUAL_MAC}`, () => lab.client.run('sleep 1.5'));
  expect(sent).toEqual([]);
  expect(lab.router.run('ip -6 -br addr show dev standby7')).toBe('');
});
