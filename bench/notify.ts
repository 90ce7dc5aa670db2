/**
 * Ten thousand transitions in a minute, with a webhook that answers after 5 s, a program that hangs, and a named pipe that
 * nobody reads; and the same with 20 reloads in between. What they were told, what the Masters beside it show of it on the wire,
 * what memory it takes.
 */
import { playStorm } from '../test/lab/hook-storm.ts';
import { sideBySide } from './report.ts';
import { residentMb } from './usage.ts';

const SHORT = process.argv.includes('--short');
/** What ten thousand transitions may take, in s. */
const MINUTE = 60;
const storm = {
  ...(SHORT
    ? { transitions: 1000, lasts: 6000, answer: 500 }
    : { transitions: 10_000, lasts: 50_000, answer: 5000 }),
  gap: 1.05,
  memory: (pid: number) => residentMb([pid]),
};

const alone = await playStorm({ ...storm, reloads: 0 });
const reloaded = await playStorm({ ...storm, reloads: SHORT ? 3 : 20 });
const late = Object.entries({ alone, reloaded }).flatMap(([name, { seconds }]) =>
  SHORT || seconds <= MINUTE ? [] : [`${name}: it took ${seconds.toFixed(1)} s`],
);
const faults = [...alone.faults, ...reloaded.faults, ...late];
sideBySide('transitions and hooks', { alone: alone.measures, reloaded: reloaded.measures }, faults);
console.log(`\n${JSON.stringify({ alone, reloaded })}`);
process.exitCode = faults.length === 0 ? 0 : 1;
