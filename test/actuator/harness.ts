/**
 * Runs the actuator worker as the supervisor and the engine would, inside a network namespace: the test
 * starts this file with `ip netns exec` and talks to it over IPC.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { ActuatorInit, ActuatorToEngine } from '../../core/threads/actuator-messages.ts';
import { Doorbell } from '../../core/threads/doorbell.ts';
import { KnownLinks } from '../../core/threads/link-news.ts';
import { Int, StateTable } from '../../core/threads/state-table.ts';
import type { WorkerOrder, WorkerReport } from '../../core/threads/worker-messages.ts';

/** From the test. */
export type Command =
  | { readonly do: 'start'; readonly worker: string; readonly init: PlainInit; readonly masters: number[] }
  /** Engine: `Wanted` of each of these slots goes up by so much, then the bell rings. */
  | { readonly do: 'flip'; readonly slots: readonly number[]; readonly by: number }
  | { readonly do: 'stop' };

/** An {@link ActuatorInit} without what cannot leave the process. */
export type PlainInit = Omit<ActuatorInit, 'table' | 'enginePort' | 'wantedBell' | 'appliedBell'>;

/** To the test. */
export type Told =
  | { readonly from: 'worker'; readonly report: WorkerReport }
  | { readonly from: 'actuator'; readonly message: Exclude<ActuatorToEngine, null> }
  /** After the actuator rang: each slot's `Applied`, `Announce` and `KernelErrno`. */
  | {
      readonly from: 'table';
      readonly applied: number[];
      readonly announce: number[];
      readonly errno: number[];
    }
  | { readonly from: 'exit'; readonly error?: string };

const tell = (told: Told) => process.send?.(told);
let table: StateTable | undefined;
let bell: Doorbell | undefined;
let worker: Worker | undefined;

function column(field: number): number[] {
  return Array.from({ length: table!.slots }, (_, slot) => table!.int(slot, field));
}

function start({ worker: file, init, masters }: Extract<Command, { do: 'start' }>): void {
  table = StateTable.allocate(init.config.virtualRouters.length);
  for (const slot of masters) table.setInt(slot, Int.Wanted, 1);
  const links = new KnownLinks();
  const { port1, port2 } = new MessageChannel();
  const wantedBell = Doorbell.memory();
  const appliedBell = Doorbell.memory();
  bell = new Doorbell(wantedBell, port1);
  port1.on('message', (message: ActuatorToEngine) => {
    if (message !== null) {
      links.hear(message);
      tell({ from: 'actuator', message: { type: 'links', links: links.list() } }); // as the engine knows them then
      return;
    }
    Atomics.store(new Int32Array(appliedBell), 0, 0);
    tell({
      from: 'table',
      applied: column(Int.Applied),
      announce: column(Int.Announce),
      errno: column(Int.KernelErrno),
    });
  });
  const workerData: ActuatorInit = {
    ...init,
    table: table.buffer,
    enginePort: port2,
    wantedBell,
    appliedBell,
  };
  worker = new Worker(file, { workerData, transferList: [port2] });
  const started = worker;
  started.on('message', (report: WorkerReport) => {
    if (report.type === 'prepared') started.postMessage({ type: 'go' } satisfies WorkerOrder);
    tell({ from: 'worker', report });
  });
  worker.on('error', (error) => tell({ from: 'exit', error: String(error.stack) }));
  worker.on('exit', () => tell({ from: 'exit' }));
}

process.on('message', (command: Command) => {
  if (command.do === 'start') start(command);
  else if (command.do === 'flip') {
    for (const slot of command.slots)
      table!.setInt(slot, Int.Wanted, table!.int(slot, Int.Wanted) + command.by);
    bell!.ring();
  } else worker!.postMessage({ type: 'stop' });
});
process.on('disconnect', () => process.exit());
