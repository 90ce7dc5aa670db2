/** Entry of the actuator worker. Its `workerData` is an {@link ActuatorInit}. */
import { parentPort, workerData } from 'node:worker_threads';
import type { VirtualRouterConfig } from '../config/model.ts';
import { native } from '../native/index.ts';
import { CodedError, messageOf, reportOf } from '../shared/errors.ts';
import type { ActuatorInit, ActuatorToEngine } from '../threads/actuator-messages.ts';
import { Doorbell } from '../threads/doorbell.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { claimName, RouterClaims } from '../threads/router-claims.ts';
import { ACTUATOR_PRIORITY, runInRealTime, runOrdinarily } from '../threads/scheduling.ts';
import { StateTable } from '../threads/state-table.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import { Actuator } from './actuator.ts';
import { here, Journal, readJournal } from './journal.ts';
import { findObstacles, obstacleText } from './obstacles.ts';
import { ownerWarnings } from './owners.ts';
import type { Log } from './parts.ts';
import { type ActuatorPlugins, loadPlugins } from './plugins.ts';
import { Rehearsal } from './rehearsal.ts';

const init = workerData as ActuatorInit;
const { enginePort } = init;

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}

const log: Log = (level, message, fields) => {
  report({ type: 'log', level, message, ...(fields && { fields }) });
};

/** When it is not in real time: before every ordinary process all the same. */
const NICE = -10;

/** Without CAP_SYS_NICE it is as it is, late on a busy host: the engine tells. */
function hurry(urgent: boolean): void {
  if (!urgent || runInRealTime(ACTUATOR_PRIORITY)) runOrdinarily(NICE);
}

/** A journal that cannot be written is tried again so often, in ms. */
const JOURNAL_RETRY = 5000;

/** The journal; that it cannot be written is told until it can. */
function openJournal(): Journal {
  const topic = 'journal';
  let timer: NodeJS.Timeout | undefined;
  const fault = (text: string): void => {
    log('error', text);
    report({ type: 'trouble', topic, text });
    timer = setInterval(() => journal.flush(), JOURNAL_RETRY).unref();
  };
  const journal = Journal.open(init.journal, fault, here(init.namespaceCookie));
  journal.onRecovery = () => {
    clearInterval(timer);
    report({ type: 'trouble', topic });
    log('info', 'the journal can be written again');
  };
  return journal;
}

const claims = new RouterClaims(() => {});

/** See `ActuatorParts`. Whoever runs a virtual router claims it before it is Master, and as long. */
function runsElsewhere({ vrid, family }: VirtualRouterConfig, index: number): boolean {
  const name = claimName({ index, vrid, family });
  if (!claims.take(name)) return true;
  claims.release(name); // to take it is the engine's business
  return false;
}

function createActuator(plugins: ActuatorPlugins): Actuator {
  const applied = new Doorbell(init.appliedBell, enginePort);
  const rehearsal = new Rehearsal();
  return new Actuator({
    config: init.config,
    routerPlugins: init.routerPlugins,
    plugins,
    table: new StateTable(init.table),
    journal: openJournal(),
    ring: () => applied.ring(),
    tellLinks: (links, gone) =>
      enginePort.postMessage({ type: 'links', links, ...(gone && { gone }) } satisfies ActuatorToEngine),
    runsElsewhere,
    hurry,
    rehearse: () =>
      rehearsal.act().catch((error: unknown) => {
        log('warn', `the actuator's rehearsal failed: ${messageOf(error)}`);
        return false;
      }),
    clock: native.monotonicMs,
    log,
  });
}

/** Starts on `go`: until then another actuator may be at work, and the journal is its own. */
async function start(plugins: ActuatorPlugins): Promise<void> {
  const actuator = createActuator(plugins);
  parentPort?.on('message', (order: WorkerOrder) => {
    if (order.type === 'stop') actuator.stop('take back');
    if (order.type === 'retire') actuator.stop('leave');
  });
  try {
    await actuator.start();
  } catch (error) {
    actuator.close();
    throw error;
  }
  report({ type: 'ready' });
  new Doorbell(init.wantedBell, enginePort).listen(() => actuator.wantedChanged());
  await actuator.run();
  report({ type: 'stopped' });
}

async function main(): Promise<void> {
  const failed = (error: unknown): void =>
    report({ type: 'failed', error: reportOf(error, 'worker-failed') });
  // Only the names of their drivers: the entries themselves are read on `go`.
  const journal = readJournal(init.journal, here(init.namespaceCookie));
  const leftover = journal.map(({ driver }) => driver);
  const loading = ({ package: name, version }: ResolvedPlugin): void =>
    report({ type: 'loading', plugin: `${name} ${version}` });
  const plugins = await loadPlugins(init, new Set(leftover), log, loading).catch(failed);
  if (!plugins) return;
  const obstacles = await findObstacles(init, plugins, journal, init.checked ?? []).catch(
    () => [], // the kernel cannot be read: the start tells
  );
  if (obstacles.length > 0) {
    for (const driver of plugins.drivers.values()) driver.close();
    failed(new CodedError('kernel-obstacle', obstacleText(obstacles)));
    return;
  }
  const isFirst = (init.checked?.length ?? 0) > 0;
  const links = isFirst
    ? await plugins.drivers
        .values()
        .next()
        .value?.links()
        .catch(() => [])
    : undefined;
  for (const warning of ownerWarnings(init.config, links ?? [], journal)) log('warn', warning);
  const begin = (order: WorkerOrder): void => {
    parentPort?.off('message', begin);
    if (order.type === 'go') {
      start(plugins).catch(failed);
      return;
    }
    for (const driver of plugins.drivers.values()) driver.close();
    report({ type: 'stopped' });
  };
  parentPort?.on('message', begin);
  report({ type: 'prepared' });
}

// What nobody expected ends the worker: the supervisor hears of it as the worker's error, and starts another.
await main();
