/** Entry of the actuator worker. Its `workerData` is an {@link ActuatorInit}. */
import { parentPort, workerData } from 'node:worker_threads';
import { Doorbell } from '../shared/doorbell.ts';
import { StateTable } from '../shared/state-table.ts';
import { Actuator } from './actuator.ts';
import { Journal } from './journal.ts';
import type { ActuatorInit, ActuatorToEngine, WorkerOrder, WorkerReport } from './messages.ts';
import type { Log } from './parts.ts';
import { loadPlugins } from './plugins.ts';

const init = workerData as ActuatorInit;
const { enginePort } = init;

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}

const log: Log = (level, message, fields) => {
  report({ type: 'log', level, message, ...(fields && { fields }) });
};

async function createActuator(): Promise<Actuator> {
  const journal = Journal.open(init.journal);
  const plugins = await loadPlugins(init, new Set(journal.list().map(({ driver }) => driver)), log);
  const applied = new Doorbell(init.appliedBell, enginePort);
  return new Actuator({
    config: init.config,
    routerPlugins: init.routerPlugins,
    plugins,
    table: new StateTable(init.table),
    journal,
    ring: () => applied.ring(),
    tellLinks: (links) => enginePort.postMessage({ type: 'links', links } satisfies ActuatorToEngine),
    log,
  });
}

/** Runs from the first report to the last. */
async function main(): Promise<void> {
  let actuator: Actuator | undefined;
  let stopped = false;
  parentPort?.on('message', (order: WorkerOrder) => {
    if (order.type !== 'stop') return;
    stopped = true;
    actuator?.stop();
  });
  try {
    actuator = await createActuator();
    await actuator.start();
  } catch (error) {
    actuator?.close();
    report({ type: 'failed', error: error instanceof Error ? error.message : String(error) });
    return;
  }
  report({ type: 'ready' });
  new Doorbell(init.wantedBell, enginePort).listen(() => actuator.wantedChanged());
  if (stopped) actuator.stop();
  await actuator.run();
  report({ type: 'stopped' });
}

// What nobody expected ends the worker: the supervisor hears of it as the worker's error, and starts another.
await main();
