import { it } from 'vitest';
import { crashReturnEnd, type Pair, scenarios } from './failover/scenarios.ts';
import { V2 } from './lab/flavour.ts';
import { describeSystem } from './lab/requirements.ts';

// VRRPv2, rvrrpd and keepalived; VRRPv3 and FRR: interop.system.test.ts.

const PAIRS: readonly Pair[] = [
  ['rvrrpd', 'keepalived'],
  ['keepalived', 'rvrrpd'],
  ['rvrrpd', 'rvrrpd'],
];

describeSystem('failover', () => {
  scenarios(V2, PAIRS);
  // Of rvrrpd with itself: combinations.system.test.ts.
  for (const pair of PAIRS.filter((each) => each.includes('keepalived'))) {
    it.concurrent(
      `${pair[0]} and ${pair[1]}, PASS authentication: crash, return, orderly end`,
      crashReturnEnd(V2, pair, 'thissecretnolongeris'),
    );
  }
});
