import { it } from 'vitest';
import { type Pair, preemption, scenarios } from './failover/scenarios.ts';
import { V3_IPV6 } from './lab/flavour.ts';
import { describeSystem } from './lab/requirements.ts';

// VRRPv3 over IPv6 at half a second: rvrrpd, keepalived and FRR back each other up in every pairing and direction.

const PAIRS: readonly Pair[] = [
  ['rvrrpd', 'rvrrpd'],
  ['rvrrpd', 'keepalived'],
  ['keepalived', 'rvrrpd'],
  ['rvrrpd', 'frr'],
  ['frr', 'rvrrpd'],
];

describeSystem('interoperability: VRRPv3 over IPv6', () => {
  scenarios(V3_IPV6, PAIRS);
  for (const pair of PAIRS) {
    it.concurrent(
      `${pair[0]} and ${pair[1]}: the better one takes over from the one before it`,
      preemption(V3_IPV6, pair),
    );
  }
});
