/** What every group of routes gets, and what it says about each of its routes. */
import type { FastifyInstance } from 'fastify';
import type { ServiceContext } from 'rvrrpd/plugin';
import type { EventHistory } from './events/history.ts';
import type { ApiOptions } from './options.ts';
import type { Tally } from './tally.ts';

/** Shared by all routes. */
export interface Deps {
  readonly context: ServiceContext;
  /** `[plugins]` options in force; a reload may change them. */
  readonly options: () => ApiOptions;
  /** What this API itself has counted. */
  readonly tally: Tally;
  /**
   * What happened lately, one for the service's whole life: `new EventHistory(context)`. Its `exportState()` and
   * `importState(state)` let clients of `/events` resume at the next version of this plugin.
   */
  readonly history: EventHistory;
}

/** Adds a group of routes. */
export type Routes = (app: FastifyInstance, deps: Deps) => void;

/**
 * Who may use a route: `public` everybody, `read` every user, `write` users of level 1. Each route says it in its
 * `config`; one that does not is `write`. `metrics` is `public` if the option `public_metrics` says so when it is
 * asked for, `read` if not.
 */
export type Access = 'public' | 'read' | 'write' | 'metrics';

/** Who is asking, once `onRequest` has let the request pass. */
export interface Caller {
  readonly user: string;
  readonly level: number;
  /** When the session or token ends, ms since the epoch. */
  readonly expires: number;
  /** Whether it holds now: not expired, not revoked, the user's line unchanged. Asked often, for long answers. */
  stillValid(): boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Absent on public routes. */
    caller?: Caller;
  }
}
