/** For the few ms in which one process takes over from another, their main threads carry what the engines say. */
import os from 'node:os';
import { ACTUATOR_PRIORITY, runInRealTime, runOrdinarily } from '../../threads/scheduling.ts';

/** Puts the main thread before every ordinary one, but not before an engine. @returns puts it back; idempotent */
export function hurry(): () => void {
  const nice = os.getPriority();
  let hurried = runInRealTime(ACTUATOR_PRIORITY) === undefined;
  return () => {
    if (hurried) runOrdinarily(nice);
    hurried = false;
  };
}
