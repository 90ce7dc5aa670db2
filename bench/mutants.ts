/**
 * Breaks the state machine at each of its comparisons, sums, constants, branches and statements, one at a time, and has
 * the simulation look for the fault. `--scenarios=` says in how many networks (default 3000), `--seed=` from which on.
 * Fails if a broken one is not found out that is not known to be as good as the right one.
 */
import path from 'node:path';
import { MachineWorld } from '../test/simulation/machine-world.ts';
import { allMutants, type Machine, Workshop } from '../test/simulation/mutate.ts';
import { run } from '../test/simulation/run.ts';
import { scenarioOf } from '../test/simulation/scenario.ts';
import { equivalence } from '../test/simulation/survivors.ts';
import { count, option } from './options.ts';

const SCENARIOS = count('scenarios', 3000);
const SEED = Number(option('seed') ?? 1);

/** @returns how many scenarios it takes to find a fault, 0: none has one; and the fault */
function judge(machine: Machine): { readonly scenarios: number; readonly fault: string } {
  for (let scenarios = 1; scenarios <= SCENARIOS; scenarios++) {
    try {
      run(scenarioOf(SEED + scenarios - 1), (scenario, watch) => new MachineWorld(scenario, watch, machine));
    } catch (error) {
      return { scenarios, fault: (error as Error).message }; // whatever it throws, the right one does not
    }
  }
  return { scenarios: 0, fault: '' };
}

const workshop = new Workshop(path.resolve('.'));
const survivors: string[] = [];
let [killed, listed, hardest] = [0, 0, 0];
try {
  const right = judge(await workshop.machine());
  if (right.scenarios > 0) throw new Error(`the right state machine has a fault: ${right.fault}`);
  for (const mutant of allMutants(path.resolve('.'))) {
    const { file, line, before, after, context } = mutant;
    const what = `core/vrrp/${file}:${line}: ${before.replaceAll(/\s+/g, ' ')} -> ${after} in: ${context}`;
    const { scenarios, fault } = judge(await workshop.machine(mutant));
    const reason = equivalence(mutant);
    hardest = Math.max(hardest, scenarios);
    if (scenarios > 0) killed++;
    else if (reason !== undefined) listed++;
    else survivors.push(what);
    if (scenarios > 0 && reason !== undefined) survivors.push(`listed as equivalent, but killed: ${what}`);
    if (process.argv.includes('--verbose') || scenarios === 0) {
      const verdict =
        scenarios > 0 ? `killed by ${scenarios}: ${fault}` : `survives${reason ? `: ${reason}` : ''}`;
      console.log(`${what}\n    ${verdict}`);
    }
  }
} finally {
  workshop.close();
}
console.log(
  `${killed} mutants killed, the hardest by scenario ${hardest} of ${SCENARIOS} from seed ${SEED} on`,
);
console.log(`${listed} survive that are as good as the right one`);
for (const survivor of survivors) console.error(`not found out: ${survivor}`);
process.exitCode = survivors.length === 0 ? 0 : 1;
