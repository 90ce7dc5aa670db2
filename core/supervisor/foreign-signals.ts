/** Signals that Node.js has no handlers for, or none that is safe. */
import { constants } from 'node:os';
import { native } from '../native/index.ts';

/** A fault of the process raises them; one from another process asks for an end like any other. */
const FAULTS = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGSYS'] as const;

/** Real-time signals, those included that the C library keeps to itself (man 7 signal). */
const FIRST_REAL_TIME = 32;
const LAST_REAL_TIME = 64;

/** From here on faults from outside count as SIGTERM; real-time signals are ignored, and the profiler's. */
export function guardAgainstForeignSignals(): void {
  for (let signal = FIRST_REAL_TIME; signal <= LAST_REAL_TIME; signal++) native.ignoreSignal(signal);
  // Node.js refuses a handler for it while its inspector is open, which it may be for a moment.
  native.ignoreSignal(constants.signals.SIGPROF);
  for (const name of FAULTS) native.redirectSignal(constants.signals[name], constants.signals.SIGTERM);
}
