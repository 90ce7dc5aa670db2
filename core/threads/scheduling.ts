/**
 * How the kernel schedules the threads that a network waits for (man 7 sched). All of it needs CAP_SYS_NICE, and
 * is done without where that is missing.
 */
import { native } from '../native/index.ts';

/** SCHED_FIFO priority of the engine: above every ordinary process, and above the actuator. */
export const ENGINE_PRIORITY = 2;
/** That of the actuator: above every ordinary process. */
export const ACTUATOR_PRIORITY = 1;

/**
 * Puts the calling thread before every ordinary one, whatever they do.
 * @returns why it is not, if it is not
 */
export function runInRealTime(priority: number): Error | undefined {
  return refusal(() => native.setThreadScheduling(1, priority, 0));
}

/**
 * Has the calling thread share the processors with others, with the weight of this nice value, −20 to 19.
 * @returns why it does not, if it does not
 */
export function runOrdinarily(nice: number): Error | undefined {
  return refusal(() => native.setThreadScheduling(0, 0, nice));
}

function refusal(set: () => void): Error | undefined {
  try {
    set();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
