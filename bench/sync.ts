/**
 * Groups of virtual routers (`[[sync]]`) on whole engines under virtual time and random faults: links that lose their
 * carrier, links that are parted, crashes, stops, hangs; two to four nodes, two to four members of mixed versions, families
 * and intervals. Fails unless each network comes to rest, whole, and once it is healed has one Master.
 *
 * `--runs=` says how many networks (default 20,000; with `--short` 300), `--seed=` from which seed on (default: another one
 * each time). What fails is made as small as it gets, and printed with its seed.
 */
import fc from 'fast-check';
import { survives, syncScenario } from '../core/engine/test/sync-faults.ts';
import { count, option } from './options.ts';

const runs = count('runs', process.argv.includes('--short') ? 300 : 20_000);
const seed = Number(option('seed') ?? Date.now() % 2 ** 31);
const begin = Date.now();
fc.assert(fc.property(syncScenario, survives), { numRuns: runs, seed });
const seconds = ((Date.now() - begin) / 1000).toFixed(0);
console.log(
  `${runs} networks from seed ${seed} on: each came to rest, whole, and with one Master (${seconds} s)`,
);
