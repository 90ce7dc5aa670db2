/**
 * How the kernel schedules the threads that a network waits for (man 7 sched). All of it needs CAP_SYS_NICE, and
 * is done without where that is missing.
 */
import { readdirSync } from 'node:fs';
import os from 'node:os';
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

/**
 * Puts the threads that V8 has for itself before every ordinary one: they help to collect a heap's garbage, and the thread
 * whose heap it is waits for them, in real time or not. On a busy machine that was up to 20 ms.
 *
 * To be called when the process has just begun: whatever threads there are but the calling one are such then.
 * @returns why they are not, if they are not
 */
export function hurryHelpers(): Error | undefined {
  return refusal(() => {
    for (const thread of readdirSync('/proc/self/task')) {
      if (Number(thread) !== process.pid)
        os.setPriority(Number(thread), os.constants.priority.PRIORITY_HIGHEST);
    }
  });
}

function refusal(set: () => void): Error | undefined {
  try {
    set();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
