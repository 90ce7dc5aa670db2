/** What every worker and the supervisor say to each other. Plain data, structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorReport } from '../shared/errors.ts';
import type { HandedSocket, HeldSlot, Succession } from './engine-messages.ts';
import type { NotifyOrder, NotifyReport } from './notify-messages.ts';
import type { ServiceOrder, ServiceReport } from './service-messages.ts';
import type { TrackOrder, TrackReport } from './track-messages.ts';

/** From a worker to the supervisor. */
export type WorkerReport =
  /** It begins to load this plugin, `rvrrpd-plugin-x 1.0.0`: the one to blame should nothing follow. */
  | { readonly type: 'loading'; readonly plugin: string }
  /** Its plugins are loaded and its configuration is understood: it waits for `go`. */
  | { readonly type: 'prepared' }
  /** It does its work. */
  | { readonly type: 'ready' }
  /** It could not start: nothing is running. */
  | { readonly type: 'failed'; readonly error: ErrorReport }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }
  /** Something that is configured and does not run, by topic, as one line. `text` absent: it runs (again). */
  | { readonly type: 'trouble'; readonly topic: string; readonly text?: string }
  /** Engine only: packet sockets that it has closed, then opened, for its successor should it crash. */
  | {
      readonly type: 'sockets';
      readonly closed: readonly number[];
      readonly opened: readonly HandedSocket[];
    }
  /** It has stopped or handed over; the worker may be terminated. */
  | { readonly type: 'stopped' }
  /** Services only. */
  | { readonly type: 'service'; readonly report: ServiceReport }
  /** Threads of `track` plugins only. */
  | { readonly type: 'track'; readonly report: TrackReport }
  /** Threads of `notify` plugins only. */
  | { readonly type: 'notify'; readonly report: NotifyReport };

/** From the supervisor to a worker. */
export type WorkerOrder =
  /** After `prepared`: start. */
  | { readonly type: 'go'; readonly succession?: Succession }
  /**
   * Engine only: hand over to the engine at the other end of `port`; `leaving` slots have no successor. `revocable`: if
   * the port is closed before `keep` has come, it goes on as if nothing had been.
   */
  | {
      readonly type: 'hand-over';
      readonly port: MessagePort;
      readonly leaving: readonly number[];
      readonly revocable?: true;
    }
  /** Engine only: Masters of these slots give up, see `Engine.failOver`. */
  | { readonly type: 'fail-over'; readonly slots: readonly number[] }
  /** Engine only: these slots stand by from now on, or no longer, see `Standby` of core/engine/standby.ts. */
  | { readonly type: 'standby'; readonly slots: readonly HeldSlot[] }
  /** Engine only: Masters of these slots that gave up are Master again at once: nobody has taken over. */
  | { readonly type: 'take-back'; readonly slots: readonly number[] }
  /** Actuator only: stop, and leave everything in the kernel to the successor. */
  | { readonly type: 'retire' }
  /** Take everything back, and stop. */
  | { readonly type: 'stop' }
  /** Services only. */
  | { readonly type: 'service'; readonly order: ServiceOrder }
  /** Threads of `track` plugins only. */
  | { readonly type: 'track'; readonly order: TrackOrder }
  /** Threads of `notify` plugins only. */
  | { readonly type: 'notify'; readonly order: NotifyOrder };
