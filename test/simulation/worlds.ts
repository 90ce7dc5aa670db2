/** A run of a seed, in the world of engines or of state machines. */
import { transition } from '../../core/vrrp/machine.ts';
import { EngineWorld, forEngines } from './engine-world.ts';
import { MachineWorld } from './machine-world.ts';
import { type Result, run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { scenarioOf } from './scenario.ts';
import type { Watch } from './world.ts';

/** What is simulated. */
export type Form = 'engine' | 'machine';

const machines = (scenario: Scenario, watch: Watch) => new MachineWorld(scenario, watch, transition);
const engines = Object.assign((scenario: Scenario, watch: Watch) => new EngineWorld(scenario, watch), {
  sees: (action: string) => action.startsWith('send-'),
});

/**
 * Runs the scenario of a seed.
 * @param trace told every event, in a line
 * @throws Error that says what was not as it must be, and how to see it again
 */
export function runSeed(form: Form, seed: number, trace?: (line: string) => void): Result {
  const scenario = scenarioOf(seed);
  try {
    if (form === 'machine') return run(scenario, machines, trace);
    return run(forEngines(scenario), engines, trace);
  } catch (cause) {
    const again = `node scripts/run-ts.mjs bench/simulation.ts --replay=${seed} --form=${form}`;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`seed ${seed}, ${form}: ${message}\n    to see it again: ${again}`, { cause });
  }
}
