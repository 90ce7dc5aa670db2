/** What `--check` can tell of trackers and hooks: the tables that their plugins refuse, as they do at the start. */
import type { DaemonConfig } from '../config/model.ts';
import { messageOf } from '../shared/errors.ts';
import type { Logger } from './log.ts';
import { NotifyHost } from './notify/host.ts';
import { type NotifyStart, specOf as notifySpecOf } from './notify/notifier.ts';
import { TrackHost } from './track/host.ts';
import { type TrackStart, specOf as trackSpecOf } from './track/trackers.ts';
import type { StartThread } from './worker-thread.ts';

/** After so many ms it is left to the start: a plugin may hang. */
const PATIENCE = 3000;

/** What there is to look at. */
export interface ThreadStarts {
  readonly config: Pick<DaemonConfig, 'trackers' | 'hooks'>;
  readonly tracks?: readonly TrackStart[];
  readonly notifies?: readonly NotifyStart[];
}

/**
 * Has plugins make their trackers and hooks, each in its thread, and ends them before they do anything. Never rejects.
 * @param log takes what they say
 * @returns the first complaint of each, with file, line and table
 */
export async function foreseeThreads(
  { config, tracks = [], notifies = [] }: ThreadStarts,
  log: Logger,
  startThread: StartThread,
): Promise<string[]> {
  const hosts = [
    ...tracks.map(
      (start) => new TrackHost(trackSpecOf(start, config.trackers ?? []), log, startThread, () => {}),
    ),
    ...notifies.map(
      (start) => new NotifyHost(notifySpecOf(start, config.hooks ?? []), log, startThread, () => {}),
    ),
  ];
  const found = await Promise.all(hosts.map((host) => complaintOf(host)));
  return found.filter((complaint) => complaint !== undefined);
}

async function complaintOf(host: TrackHost | NotifyHost): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  const complaint = host.prepared.then(() => undefined, messageOf);
  const found = await Promise.race([complaint, impatience]);
  clearTimeout(timer);
  await host.end();
  return found;
}
