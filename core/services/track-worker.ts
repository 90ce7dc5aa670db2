/** Entry point of the thread of one plugin of kind `track`. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPlugin } from '../plugin/load.ts';
import { CodedError, messageOf, reportOf } from '../shared/errors.ts';
import type { TrackInit, TrackReport } from '../threads/track-messages.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import { type After, Checks } from './checks.ts';

const { plugin, trackers } = workerData as TrackInit;
const report = (message: WorkerReport): void => parentPort!.postMessage(message);
const tell = (message: TrackReport): void => report({ type: 'track', report: message });
const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string): void =>
  report({ type: 'log', level, message: `${plugin.package}: ${message}` });

const after: After = (ms, then) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};

async function main(): Promise<void> {
  const name = `${plugin.package} ${plugin.version}`;
  report({ type: 'loading', plugin: name });
  const contract = await loadPlugin(plugin, 'track');
  const checks = trackers.map((order, index) => {
    const { name: tracker, type, settings, interval, timeout, where } = order;
    const context = { name: type, options: plugin.options, log, tracker, settings, interval, timeout };
    try {
      return new Checks(contract.create(context), timeout, after, {
        found: (found) => tell({ type: 'found', tracker: index, ...found }),
        changed: () => tell({ type: 'changed', tracker: index }),
        unending: () => tell({ type: 'unending', tracker: index }),
      });
    } catch (error) {
      throw new CodedError('plugin-refused', `${where}: ${name}: ${messageOf(error)}`, { cause: error });
    }
  });
  parentPort!.on('message', (order: WorkerOrder) => {
    switch (order.type) {
      case 'go':
        report({ type: 'ready' });
        break;
      case 'track':
        checks[order.order.tracker]?.check();
        break;
      case 'stop':
        void Promise.allSettled(checks.map((each) => each.stop())).then((results) => {
          for (const result of results)
            if (result.status === 'rejected') log('error', messageOf(result.reason));
          report({ type: 'stopped' });
        });
        break;
    }
  });
  report({ type: 'prepared' });
}

main().catch((error: unknown) => report({ type: 'failed', error: reportOf(error, 'worker-failed') }));
