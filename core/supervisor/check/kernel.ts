/** What `--check` can tell of the kernel: what the start would be refused for, and what is odd. */

import { here, readJournal } from '../../actuator/journal.ts';
import { findObstacles } from '../../actuator/obstacles.ts';
import { ownerWarnings } from '../../actuator/owners.ts';
import { type ActuatorPlugins, loadPlugins } from '../../actuator/plugins.ts';
import { within } from '../../shared/within.ts';
import type { ActuatorInit } from '../../threads/actuator-messages.ts';
import { instancePlaces } from '../instance.ts';

/** After so many ms it is left to the start: a plugin may hang. */
const PATIENCE = 3000;

/** A sentence for each. */
export interface Foresight {
  /** What the start would be refused for. */
  readonly obstacles: readonly string[];
  /** What it would not be, and will not be what was meant. */
  readonly warnings: readonly string[];
}

const NOTHING: Foresight = { obstacles: [], warnings: [] };

/**
 * The obstacles of a configuration in this network namespace. What cannot be looked at, for want of permission or
 * because a plugin fails, is left to the start. Never rejects.
 */
export function foreseeKernel(
  init: Pick<ActuatorInit, 'config' | 'plugins' | 'routerPlugins'>,
): Promise<Foresight> {
  return within(look(init), PATIENCE, () => NOTHING).catch(() => NOTHING);
}

async function look(init: Pick<ActuatorInit, 'config' | 'plugins' | 'routerPlugins'>): Promise<Foresight> {
  let plugins: ActuatorPlugins | undefined;
  try {
    plugins = await loadPlugins(
      init,
      [],
      () => {},
      () => {},
    );
    const { journal, namespaceCookie } = instancePlaces(init.config.file);
    const entries = readJournal(journal, here(namespaceCookie));
    const links = (await plugins.drivers.values().next().value?.links()) ?? [];
    return {
      obstacles: await findObstacles(init, plugins, entries, init.config.virtualRouters.keys()),
      warnings: ownerWarnings(init.config, links, entries),
    };
  } finally {
    for (const driver of plugins?.drivers.values() ?? []) driver.close();
  }
}
