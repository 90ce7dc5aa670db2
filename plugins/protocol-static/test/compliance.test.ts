import { type KernelResource, protocolCompliance } from 'rvrrpd/plugin';
import { test } from 'vitest';
import plugin from '../src/index.ts';

const uplink = { route: '0.0.0.0', mask: '0.0.0.0', nh: '10.240.0.254' };
const network = { route: '192.0.2.0', mask: '255.255.255.0', nh: '10.240.0.253', metric: 100, mtu: 1400 };
const uplinkRoute: KernelResource = {
  kind: 'route',
  family: 4,
  destination: '0.0.0.0',
  prefixLength: 0,
  gateway: '10.240.0.254',
};
const networkRoute: KernelResource = {
  kind: 'route',
  family: 4,
  destination: '192.0.2.0',
  prefixLength: 24,
  gateway: '10.240.0.253',
  metric: 100,
  mtu: 1400,
};

protocolCompliance({
  test,
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  right: [
    { entries: [uplink], resources: [uplinkRoute] },
    { entries: [network, uplink], resources: [networkRoute, uplinkRoute] },
  ],
  wrong: [
    { entries: [{ ...network, route: '192.0.2.1' }], contains: '192.0.2.1' },
    { entries: [uplink, { ...uplink, nh: '10.240.0.1' }], contains: '10.240.0.1' },
    { entries: [{ ...uplink, mask: '255.0.255.0' }], contains: '255.0.255.0' },
  ],
});
