/** Entry point of the thread of one plugin of kind `track`. */
import { workerData } from 'node:worker_threads';
import { loadPlugin } from '../plugin/load.ts';
import type { TrackInit, TrackReport } from '../threads/track-messages.ts';
import { Checks } from './checks.ts';
import { after, logOf, made, report, runPlugin } from './plugin-worker.ts';

const { plugin, trackers } = workerData as TrackInit;
const log = logOf(plugin);
const tell = (message: TrackReport): void => report({ type: 'track', report: message });

async function load(): Promise<Checks[]> {
  const contract = await loadPlugin(plugin, 'track');
  return trackers.map(({ name: tracker, type, settings, interval, timeout, place }, index) => {
    const context = { name: type, options: plugin.options, log, tracker, settings, interval, timeout };
    const check = made(plugin, place, () => contract.create(context));
    return new Checks(check, timeout, after, {
      found: (found) => tell({ type: 'found', tracker: index, ...found }),
      changed: () => tell({ type: 'changed', tracker: index }),
      unending: () => tell({ type: 'unending', tracker: index }),
    });
  });
}

runPlugin(plugin, load, (order, all) => {
  if (order.type === 'track') all[order.order.tracker]?.check();
});
