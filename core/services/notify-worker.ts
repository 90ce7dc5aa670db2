/** Entry point of the thread of one plugin of kind `notify`. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPlugin } from '../plugin/load.ts';
import { CodedError, messageOf, reportOf } from '../shared/errors.ts';
import type { NotifyInit, NotifyReport } from '../threads/notify-messages.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import type { After } from './checks.ts';
import { Deliveries } from './deliveries.ts';

const { plugin, hooks } = workerData as NotifyInit;
const report = (message: WorkerReport): void => parentPort!.postMessage(message);
const tell = (message: NotifyReport): void => report({ type: 'notify', report: message });
const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string): void =>
  report({ type: 'log', level, message: `${plugin.package}: ${message}` });

const after: After = (ms, then) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};

async function main(): Promise<void> {
  const name = `${plugin.package} ${plugin.version}`;
  report({ type: 'loading', plugin: name });
  const contract = await loadPlugin(plugin, 'notify');
  const all = hooks.map((order, hook) => {
    const { name: own, type, settings, timeout, where } = order;
    const context = { name: type, options: plugin.options, log, hook: own, settings, timeout };
    try {
      return new Deliveries(contract.create(context), timeout, after, {
        delivered: () => tell({ type: 'delivered', hook }),
        failed: (words, final, pause) =>
          tell({ type: 'failed', hook, words, final, ...(pause !== undefined && { pause }) }),
        unending: () => tell({ type: 'unending', hook }),
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
      case 'notify':
        if (order.order.type === 'deliver') all[order.order.hook]?.deliver(order.order.event);
        else all[order.order.hook]?.abort();
        break;
      case 'stop':
        void Promise.allSettled(all.map((each) => each.stop())).then((results) => {
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
