/** Metrics of the trackers. */
import type { Registry } from 'prom-client';
import type { TrackerVerdict } from 'rvrrpd/plugin';
import { family } from './family.ts';
import type { Snapshot } from './snapshot.ts';

const VERDICTS: readonly TrackerVerdict[] = ['up', 'down', 'waiting'];

/**
 * Adds them to a registry.
 * @param now what the scrape is about
 */
export function trackerMetrics(registry: Registry, now: () => Snapshot): void {
  family(
    registry,
    'gauge',
    'rvrrpd_tracker_verdict',
    'The verdict of a tracker is 1, all others are 0.',
    () =>
      now().trackers.flatMap(({ name, type, verdict }) =>
        VERDICTS.map((each) => ({
          value: each === verdict ? 1 : 0,
          labels: { tracker: name, type, verdict: each },
        })),
      ),
  );
  family(
    registry,
    'gauge',
    'rvrrpd_tracker_last_change_timestamp_seconds',
    'When the verdict of a tracker has changed last.',
    () =>
      now().trackers.map(({ name, type, since }) => ({
        value: since / 1000,
        labels: { tracker: name, type },
      })),
  );
}
