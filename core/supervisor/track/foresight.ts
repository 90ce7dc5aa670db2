/** What `--check` can tell of trackers: which of them their plugins would refuse at the start. */
import pino from 'pino';
import { messageOf } from '../../shared/errors.ts';
import type { StartThread } from '../worker-thread.ts';
import { TrackHost } from './host.ts';
import { specOf, type TrackConfiguration } from './trackers.ts';

/** After so many ms it is left to the start: a plugin may hang. */
const PATIENCE = 15_000;

/** A sentence for each. */
export interface TrackForesight {
  /** For each plugin that refuses a tracker the first it refuses, with the file and line. */
  readonly refusals: readonly string[];
  /** What could not be found out in time. */
  readonly warnings: readonly string[];
}

/**
 * Has each plugin make its trackers, in a thread of its own as at the start, and checks nothing. Never rejects.
 * @param patience ms for all of them
 */
export async function foreseeTrackers(
  { config: { trackers = [] }, tracks = [] }: TrackConfiguration,
  startThread: StartThread,
  patience = PATIENCE,
): Promise<TrackForesight> {
  const hosts = tracks.map(
    (track) => new TrackHost(specOf(track, trackers), pino({ level: 'silent' }), startThread, () => {}),
  );
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  const found: string[] = [];
  const all = hosts.map(({ prepared }) =>
    prepared.catch((error: unknown) => {
      found.push(messageOf(error));
    }),
  );
  await Promise.race([Promise.all(all), impatience]);
  clearTimeout(timer);
  const refusals = [...found]; // what is ended now has done nothing wrong
  const warnings = hosts.flatMap(({ isUp, unprepared }) =>
    isUp && unprepared !== undefined
      ? [`trackers are not checked in full: no answer within ${patience / 1000} s: ${unprepared}`]
      : [],
  );
  await Promise.all(hosts.map((host) => host.end().catch(() => {})));
  return { refusals, warnings };
}
