/** The routes of this plugin without log-ins and listener, for tests of what they answer. */
import Fastify, { type FastifyInstance } from 'fastify';
import type { ChangeOutcome, ChangeRequest, ServiceContext } from 'rvrrpd/plugin';
import { acceptJson } from '../src/body.ts';
import { coerceParameters } from '../src/coerce.ts';
import type { Deps, Routes } from '../src/deps.ts';
import { registerProblems } from '../src/errors.ts';
import { EventHistory } from '../src/events/history.ts';
import { changeRoutes } from '../src/routes/changes.ts';
import { configRoutes } from '../src/routes/config.ts';
import { docsRoutes, registerDocs } from '../src/routes/docs.ts';
import { syncRoutes, trackerRoutes } from '../src/routes/entries.ts';
import { pluginRoutes } from '../src/routes/plugins.ts';
import { protocolRoutes } from '../src/routes/protocols.ts';
import { runRoutes } from '../src/routes/run.ts';
import { standbyRoutes } from '../src/routes/standby.ts';
import { Tally } from '../src/tally.ts';
import { CONFIGURATION, fakeContext, OPTIONS } from './context.ts';

const RESOURCES: readonly Routes[] = [
  ...[runRoutes, configRoutes, changeRoutes, standbyRoutes],
  ...[protocolRoutes, pluginRoutes, trackerRoutes, syncRoutes],
];

/** An app with these routes, everybody allowed to do everything. */
export async function resourceApp(
  context: ServiceContext = fakeContext(),
  groups: readonly Routes[] = RESOURCES,
): Promise<FastifyInstance> {
  const app = Fastify({
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  registerProblems(app);
  acceptJson(app);
  coerceParameters(app);
  if (groups.includes(docsRoutes)) await registerDocs(app);
  const deps: Deps = {
    context,
    options: () => OPTIONS,
    tally: new Tally(),
    history: new EventHistory(context),
  };
  for (const routes of groups) routes(app, deps);
  return app;
}

/** A daemon that can be another one for each test: an app takes a quarter of a second to build. */
export class FakeDaemon {
  /** What it was asked to change, as it goes to another thread. */
  readonly requests: ChangeRequest[] = [];
  private members: ServiceContext = fakeContext();
  /** What it answers to changes, one after the other; the last one for good. */
  private outcomes: readonly ChangeOutcome[] = [MADE];

  /** The one that an app is built with. */
  readonly context: ServiceContext = fakeContext({
    routers: () => this.members.routers(),
    trackers: () => this.members.trackers(),
    counters: () => this.members.counters(),
    daemon: () => this.members.daemon(),
    configuration: () => this.members.configuration(),
    change: async (request) => {
      const number = this.requests.push(structuredClone(request));
      return this.outcomes[Math.min(number, this.outcomes.length) - 1]!;
    },
  });

  /** Makes it one of these members, and the guide's in all others; it forgets what it was asked. */
  be(members: Partial<ServiceContext> = {}): void {
    this.members = fakeContext(members);
    this.outcomes = [MADE];
    this.requests.length = 0;
  }

  /** Has it answer so to the changes to come. */
  answer(...outcomes: readonly ChangeOutcome[]): void {
    this.outcomes = outcomes;
  }
}

export const MADE: ChangeOutcome = { ok: true, tag: 'new456', data: CONFIGURATION.data, issues: [] };
