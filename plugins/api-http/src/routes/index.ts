/** Every group of routes but those of authentication, which need more than the shared {@link Deps}. */
import type { Routes } from '../deps.ts';
import { changeRoutes } from './changes.ts';
import { configRoutes } from './config.ts';
import { docsRoutes } from './docs.ts';
import { syncRoutes, trackerRoutes } from './entries.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { metricsRoutes } from './metrics.ts';
import { pluginRoutes } from './plugins.ts';
import { protocolRoutes } from './protocols.ts';
import { runRoutes } from './run.ts';
import { standbyRoutes } from './standby.ts';

export const allRoutes: readonly Routes[] = [
  runRoutes,
  configRoutes,
  changeRoutes,
  standbyRoutes,
  protocolRoutes,
  trackerRoutes,
  syncRoutes,
  pluginRoutes,
  eventRoutes,
  healthRoutes,
  metricsRoutes,
  docsRoutes,
];
