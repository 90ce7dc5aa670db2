/** Groups of virtual routers under random faults: they come to rest, whole, and stay there. */
import fc from 'fast-check';
import { test } from 'vitest';
import { survives, syncScenario } from './test/sync-faults.ts';

test('whatever is cut, stopped and stalled: groups come to rest, whole; healed, there is one Master, the best', () => {
  fc.assert(fc.property(syncScenario, survives), { numRuns: 80 });
}, 120_000);
