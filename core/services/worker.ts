/** Entry point of a service's worker thread: hosts one plugin of kind `api`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerOrder, WorkerReport } from '../actuator/messages.ts';
import { loadPlugin } from '../plugin/load.ts';
import type { RouterStatus, Service, ServiceContext, ServiceEvent } from '../plugin/types.ts';
import { EventRing, EventType } from '../shared/event-ring.ts';
import { Int, Num, STATE_NAMES, StateTable } from '../shared/state-table.ts';
import type { ServiceInit } from './messages.ts';

/** Events are looked for this often, in ms: the engine does not know of services. */
const LOOK_INTERVAL = 100;
/** Events told at once. */
const EVENTS_AT_ONCE = 1000;

const init = workerData as ServiceInit;
const { plugin, virtualRouters } = init;
const table = new StateTable(init.table);
const report = (message: WorkerReport): void => parentPort!.postMessage(message);

const stateName = (state: number): RouterStatus['state'] => STATE_NAMES[state as 0 | 1 | 2 | 3];

const context: ServiceContext = {
  name: init.name,
  options: plugin.options,
  api: { ...init.api },
  log: (level, message) => report({ type: 'log', level, message: `${plugin.package}: ${message}` }),
  routers: () =>
    virtualRouters.map((router, slot) => ({
      interface: router.interface,
      group: router.vrid,
      addresses: router.addresses,
      priority: table.int(slot, Int.Priority),
      preempt: router.preempt,
      state: stateName(table.int(slot, Int.State)),
      since: table.num(slot, Num.Since),
    })),
  subscribe(listener) {
    const reader = new EventRing(init.events).reader();
    setInterval(() => {
      const events: ServiceEvent[] = [];
      const lost = reader.read(({ type, slot, a, b, time }) => {
        if (type !== EventType.Transition) return;
        events.push({ type: 'transition', router: slot, from: stateName(a), to: stateName(b), time });
      }, EVENTS_AT_ONCE);
      if (events.length > 0 || lost > 0) listener(events, lost);
    }, LOOK_INTERVAL).unref();
  },
};

async function main(): Promise<void> {
  const service: Service = (await loadPlugin(plugin, 'api')).create(context);
  parentPort!.on('message', (order: WorkerOrder) => {
    if (order.type === 'go') {
      Promise.resolve(service.start()).then(() => report({ type: 'ready' }), failed);
    } else {
      Promise.resolve(service.stop()).then(() => report({ type: 'stopped' }), failed);
    }
  });
  report({ type: 'prepared' });
}

function failed(error: unknown): void {
  report({ type: 'failed', error: error instanceof Error ? error.message : String(error) });
}

main().catch(failed);
