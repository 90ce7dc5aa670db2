import { expect, it } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { adviseForwarding } from './forwarding.ts';

const links = new Map(['eth0', 'eth0.5', 'eth1'].map((name) => [name, { name } as Link]));
const six = (name: string) => ({ interface: name, family: 6 }) as const;
const four = (name: string) => ({ interface: name, family: 4 }) as const;

it.each([
  ['IPv4 alone', [four('eth0')], [], []],
  ['an interface that forwards', [six('eth0')], ['eth0'], []],
  ['an interface that is missing', [six('eth9')], [], []],
  ['two routers on one interface', [six('eth0'), six('eth0')], [], ['eth0']],
  ['a dot in the name', [six('eth0.5'), six('eth1')], ['eth1'], ['eth0/5']],
] as const)('advises on IPv6 forwarding: %s', (_, routers, on, advised) => {
  const names: readonly string[] = on;
  const advice = adviseForwarding(routers, links, (_family, name) => names.includes(name));
  expect(advice.map((text) => /net\.ipv6\.conf\.(\S+)\.forwarding = 1 or/.exec(text)?.[1])).toEqual(advised);
});
