/** Entry point of the thread of one plugin of kind `notify`. */
import { workerData } from 'node:worker_threads';
import { loadPlugin } from '../plugin/load.ts';
import type { NotifyInit, NotifyReport } from '../threads/notify-messages.ts';
import { Deliveries } from './deliveries.ts';
import { after, logOf, made, report, runPlugin } from './plugin-worker.ts';

const { plugin, hooks } = workerData as NotifyInit;
const log = logOf(plugin);
const tell = (message: NotifyReport): void => report({ type: 'notify', report: message });

async function load(): Promise<Deliveries[]> {
  const contract = await loadPlugin(plugin, 'notify');
  return hooks.map(({ name: own, type, settings, timeout, place }, hook) => {
    const context = { name: type, options: plugin.options, log, hook: own, settings, timeout };
    const notifier = made(plugin, place, () => contract.create(context));
    return new Deliveries(notifier, timeout, after, {
      delivered: () => tell({ type: 'delivered', hook }),
      failed: (words, final, pause) =>
        tell({ type: 'failed', hook, words, final, ...(pause !== undefined && { pause }) }),
      unending: () => tell({ type: 'unending', hook }),
    });
  });
}

runPlugin(plugin, load, (order, all) => {
  if (order.type !== 'notify') return;
  if (order.order.type === 'deliver') all[order.order.hook]?.deliver(order.order.event);
  else all[order.order.hook]?.abort();
});
