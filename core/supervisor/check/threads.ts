/** What `--check` can tell of trackers and hooks: the tables that their plugins refuse, as they do at the start. */

import type { DaemonConfig } from '../../config/model.ts';
import { messageOf } from '../../shared/errors.ts';
import { within } from '../../shared/within.ts';
import type { Logger } from '../log.ts';
import { NotifyHost } from '../notify/host.ts';
import { type NotifyStart, specOf as notifySpecOf } from '../notify/notifier.ts';
import { TrackHost } from '../track/host.ts';
import { type TrackStart, specOf as trackSpecOf } from '../track/trackers.ts';
import type { StartThread } from '../worker-thread.ts';

/** After so many ms it is left to the start: a plugin may hang. */
const PATIENCE = 15_000;

/** What there is to look at. */
export interface ThreadStarts {
  readonly config: Pick<DaemonConfig, 'trackers' | 'hooks'>;
  readonly tracks?: readonly TrackStart[];
  readonly notifies?: readonly NotifyStart[];
}

/** A sentence for each. */
export interface ThreadForesight {
  /** Of each plugin that refuses a table the first that it refuses, with file, line and table. */
  readonly refusals: readonly string[];
  /** What could not be found out in time. */
  readonly warnings: readonly string[];
}

/**
 * Has plugins make their trackers and hooks, each in its thread, and ends them before they do anything. Never rejects.
 * @param log takes what they say
 * @param patience ms for each
 */
export async function foreseeThreads(
  { config, tracks = [], notifies = [] }: ThreadStarts,
  log: Logger,
  startThread: StartThread,
  patience = PATIENCE,
): Promise<ThreadForesight> {
  const hosts = [
    ...tracks.map(
      (start) => new TrackHost(trackSpecOf(start, config.trackers ?? []), log, startThread, () => {}),
    ),
    ...notifies.map(
      (start) => new NotifyHost(notifySpecOf(start, config.hooks ?? []), log, startThread, () => {}),
    ),
  ];
  const found = await Promise.all(hosts.map((host) => look(host, patience)));
  return {
    refusals: found.flatMap(({ refusals }) => refusals),
    warnings: found.flatMap((each) => each.warnings),
  };
}

async function look(host: TrackHost | NotifyHost, patience: number): Promise<ThreadForesight> {
  const answer = host.prepared.then(
    () => ({ refusals: [], warnings: [] }),
    (error: unknown) => ({ refusals: [messageOf(error)], warnings: [] }),
  );
  const found = await within<ThreadForesight>(answer, patience, () => {
    const waiting = host.unprepared ?? 'a plugin';
    return {
      refusals: [],
      warnings: [`not checked in full, no answer within ${patience / 1000} s: ${waiting}`],
    };
  });
  await host.end().catch(() => {}); // it is over with it anyway
  return found;
}
