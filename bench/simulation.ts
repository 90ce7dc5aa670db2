/**
 * Networks of virtual routers under virtual time, until they have run for a million hours together, or as many as
 * `--hours=` says: most as state machines alone, a hundredth as whole engines. VRRPv2 and VRRPv3 have half of it each.
 *
 * `--seed=` says from which seed on (default: another one each time); `--replay=SEED --form=engine|machine` shows one run.
 */
import { scenarioOf } from '../test/simulation/scenario.ts';
import { type Form, runSeed } from '../test/simulation/worlds.ts';
import { option } from './options.ts';

/** Of the hours, how many are run by whole engines: they take some thirty times as long. */
const SHARE_OF_ENGINES = 1 / 100;
const HOURS = Number(option('hours') ?? (process.argv.includes('--short') ? 10_000 : 1_000_000));
const SEED = Number(option('seed') ?? Date.now() % 2 ** 31);
/** ms between lines that tell how far it is. */
const TELL = 20_000;

interface Sum {
  hours: number;
  scenarios: number;
  transitions: number;
  events: number;
  harmless: number;
  heals: number;
}

const NOTHING: Sum = { hours: 0, scenarios: 0, transitions: 0, events: 0, harmless: 0, heals: 0 };

/** @returns the first seed with a fault, undefined: none has one */
function simulate(form: Form, from: number, hours: number): number | undefined {
  const sums: Record<2 | 3, Sum> = {
    2: { ...NOTHING },
    3: { ...NOTHING },
  };
  const begin = Date.now();
  let told = begin;
  for (let seed = from; sums[2].hours < hours / 2 || sums[3].hours < hours / 2; seed++) {
    const sum = sums[scenarioOf(seed).version];
    if (sum.hours >= hours / 2) continue;
    try {
      const { routerHours, transitions, events, harmless, heals } = runSeed(form, seed);
      sum.hours += routerHours;
      sum.scenarios++;
      sum.transitions += transitions;
      sum.events += events;
      sum.heals += heals;
      for (const times of Object.values(harmless)) sum.harmless += times;
    } catch (error) {
      console.error((error as Error).message);
      return seed;
    }
    if (Date.now() - told < TELL) continue;
    told = Date.now();
    console.log(`${form}: ${Math.round(sums[2].hours + sums[3].hours)} router-hours, seed ${seed}`);
  }
  for (const version of [2, 3] as const) {
    const { hours: run, scenarios, transitions, events, harmless, heals } = sums[version];
    console.log(
      `${form}, VRRPv${version}: ${Math.round(run)} router-hours in ${scenarios} networks, ` +
        `${transitions} transitions, ${events} events; ` +
        `${heals} heals, ${harmless} disturbances that must cause no transition`,
    );
  }
  console.log(`${form}: ${((Date.now() - begin) / 1000).toFixed(0)} s`);
  return undefined;
}

const again = option('replay');
if (again !== undefined) {
  const form: Form = option('form') === 'engine' ? 'engine' : 'machine';
  const { bursts, ...scenario } = scenarioOf(Number(again));
  console.log(JSON.stringify(scenario));
  for (const burst of bursts) console.log(JSON.stringify(burst));
  const { routerHours, transitions, events, digest } = runSeed(form, Number(again), console.log);
  console.log(
    `${routerHours.toFixed(2)} router-hours, ${transitions} transitions, ${events} events, ${digest}`,
  );
} else {
  console.log(`seed ${SEED}`);
  const failed = [
    simulate('engine', SEED, HOURS * SHARE_OF_ENGINES),
    simulate('machine', SEED, HOURS * (1 - SHARE_OF_ENGINES)),
  ].filter((seed) => seed !== undefined);
  if (failed.length > 0) console.error(`the first seed that fails: ${Math.min(...failed)}`);
  else console.log('no faults');
  process.exitCode = failed.length > 0 ? 1 : 0;
}
