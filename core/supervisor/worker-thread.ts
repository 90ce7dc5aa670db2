/** The thread beneath a worker, as little of it as the supervisor needs: tests put something else in its place. */
import { type ResourceLimits, type TransferListItem, Worker } from 'node:worker_threads';
import { CodedError } from '../shared/errors.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';

/** What to start. */
export interface ThreadPlan {
  /** Of the worker, and of its entry file beside this one. */
  readonly name: 'engine' | 'actuator' | 'service' | 'track' | 'notify';
  /** Its `workerData`; ports in it must be in `transfer`. */
  readonly init: object;
  readonly transfer: readonly TransferListItem[];
  readonly resourceLimits: ResourceLimits;
}

/** Told what comes from a thread. */
export interface ThreadListener {
  report(report: WorkerReport): void;
  /** The thread has ended, wanted or not: with what it threw, or its exit code. */
  gone(error: Error): void;
}

/** A running thread. */
export interface WorkerThread {
  /** Does nothing once it has ended. */
  post(order: WorkerOrder, transfer: readonly TransferListItem[]): void;
  /** Ends it, whatever it does. Resolves after {@link ThreadListener.gone}. Idempotent. */
  terminate(): Promise<void>;
}

/** Starts a thread. Calls the listener later, never at once. */
export type StartThread = (plan: ThreadPlan, listener: ThreadListener) => WorkerThread;

/** Starts a real one. */
export const startWorkerThread: StartThread = ({ name, init, transfer, resourceLimits }, listener) => {
  // The bundle has every entry in one folder.
  const entry = new URL(`./${name}.js`, import.meta.url);
  const worker = new Worker(entry, {
    ...{ name, workerData: init, transferList: [...transfer], resourceLimits },
    trackUnmanagedFds: false, // descriptors are the process's, and go from one worker to the next
  });
  let thrown: Error | undefined;
  worker.on('message', (report: WorkerReport) => listener.report(report));
  worker.on('error', (error: unknown) => {
    thrown = error instanceof Error ? error : new Error(String(error));
  });
  worker.on('exit', (code) =>
    listener.gone(thrown ?? new CodedError('worker-failed', `the ${name} ended with code ${code}`)),
  );
  return {
    post: (order, moved) => worker.postMessage(order, moved),
    terminate: async () => {
      await worker.terminate();
    },
  };
};
