/** What the threads of one plugin of kind `track` or `notify` have in common: loading, orders, the end. */
import { parentPort } from 'node:worker_threads';
import { CodedError, directiveOf, messageOf, reportOf } from '../shared/errors.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { type TablePlace, whereIs } from '../threads/table-place.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import type { After } from './checks.ts';

/** Tells the main thread. */
export function report(message: WorkerReport): void {
  parentPort!.postMessage(message);
}

/** Where a plugin logs to: its name stands in front. */
export function logOf(plugin: ResolvedPlugin) {
  return (level: 'debug' | 'info' | 'warn' | 'error', message: string): void =>
    report({ type: 'log', level, message: `${plugin.package}: ${message}` });
}

/** By this thread's timers. */
export const after: After = (ms, then) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};

/**
 * Runs what a plugin has made, until the thread is told to stop. What goes wrong before is reported: the thread has failed.
 * @param load loads the plugin, and calls `make` for each entry of the configuration
 * @param hear does what an order says that is of the plugin's kind
 */
export function runPlugin<Each extends { stop(): Promise<unknown> }>(
  plugin: ResolvedPlugin,
  load: () => Promise<readonly Each[]>,
  hear: (order: WorkerOrder, all: readonly Each[]) => void,
): void {
  const stop = async (all: readonly Each[]): Promise<void> => {
    for (const result of await Promise.allSettled(all.map((each) => each.stop())))
      if (result.status === 'rejected') logOf(plugin)('error', messageOf(result.reason));
    report({ type: 'stopped' });
  };
  const main = async (): Promise<void> => {
    report({ type: 'loading', plugin: `${plugin.package} ${plugin.version}` });
    const all = await load();
    parentPort!.on('message', (order: WorkerOrder) => {
      if (order.type === 'go') report({ type: 'ready' });
      else if (order.type === 'stop') void stop(all);
      else hear(order, all);
    });
    report({ type: 'prepared' });
  };
  main().catch((error: unknown) => report({ type: 'failed', error: reportOf(error, 'worker-failed') }));
}

/**
 * Has a plugin make something.
 * @param place where in the configuration it is asked for
 * @throws CodedError `plugin-refused` that says where and why, if it throws
 */
export function made<Thing>(plugin: ResolvedPlugin, place: TablePlace, make: () => Thing): Thing {
  try {
    return make();
  } catch (error) {
    const name = `${plugin.package} ${plugin.version}`;
    const message = messageOf(error);
    const where = whereIs(place, directiveOf(error) ?? message);
    throw new CodedError('plugin-refused', `${where}: ${name}: ${message}`, { cause: error });
  }
}
