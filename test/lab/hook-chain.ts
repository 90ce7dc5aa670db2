/** Whether what a hook was told is in order, whole, and each only once. */
import type { NotifyEvent } from '../../core/plugin/contracts/index.ts';

/** What of an event matters here. */
export type Told = Pick<
  NotifyEvent,
  'sequence' | 'missed' | 'joined' | 'attempt' | 'name' | 'state' | 'previous'
>;

/**
 * Checks it. Attempts after the first are left out: what was tried before may have arrived.
 * @param joins events may be joined into newer ones
 * @returns what is wrong, a line each, with `who` in front
 */
export function checkChain(who: string, events: readonly Told[], joins = false): string[] {
  const wrong: string[] = [];
  const last = new Map<string, string>();
  let sequence = 0;
  let joined = 0;
  for (const [index, event] of events.entries()) {
    if (event.attempt > 1 && event.sequence === sequence) continue;
    if (event.missed !== 0) wrong.push(`${who}: number ${event.sequence} has missed ${event.missed}`);
    joined += event.joined;
    if (event.sequence <= sequence) wrong.push(`${who}: number ${event.sequence} comes after ${sequence}`);
    else if (!joins && event.sequence !== sequence + 1)
      wrong.push(`${who}: number ${event.sequence} follows ${sequence}, in place ${index}`);
    sequence = event.sequence;
    const before = last.get(event.name);
    if (event.joined === 0 && !joins && before !== undefined && before !== event.previous)
      wrong.push(`${who}: ${event.name} was ${before}, and is told to have been ${event.previous}`);
    last.set(event.name, event.state);
  }
  if (!joins && joined > 0) wrong.push(`${who}: ${joined} were joined`);
  return wrong.slice(0, 5);
}
