import { type Pair, scenarios } from './failover/scenarios.ts';
import { V3, V3_IPV6 } from './lab/flavour.ts';
import { describeConcurrent } from './lab/requirements.ts';

// VRRPv3 at half a second: rvrrpd, keepalived and FRR back each other up in every pairing and direction.

const PAIRS: readonly Pair[] = [
  ['rvrrpd', 'rvrrpd'],
  ['rvrrpd', 'keepalived'],
  ['keepalived', 'rvrrpd'],
  ['rvrrpd', 'frr'],
  ['frr', 'rvrrpd'],
];

for (const flavour of [V3, V3_IPV6]) {
  describeConcurrent(`interoperability: VRRPv3 over IPv${flavour.family}`, () => {
    scenarios(flavour, PAIRS);
  });
}
