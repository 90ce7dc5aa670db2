/** What `--check` can tell of the kernel: what the start would be refused for. */
import { here, readJournal } from '../actuator/journal.ts';
import { findObstacles } from '../actuator/obstacles.ts';
import { type ActuatorPlugins, loadPlugins } from '../actuator/plugins.ts';
import type { ActuatorInit } from '../threads/actuator-messages.ts';
import { instancePlaces } from './instance.ts';

/** After so many ms it is left to the start: a plugin may hang. */
const PATIENCE = 3000;

/**
 * The obstacles of a configuration in this network namespace. What cannot be looked at, for want of permission or
 * because a plugin fails, is left to the start. Never rejects.
 */
export async function foreseeObstacles(
  init: Pick<ActuatorInit, 'config' | 'plugins' | 'routerPlugins'>,
): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), PATIENCE);
  });
  const found = await Promise.race([look(init).catch(() => []), impatience]);
  clearTimeout(timer);
  return found;
}

async function look(init: Pick<ActuatorInit, 'config' | 'plugins' | 'routerPlugins'>): Promise<string[]> {
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
    return await findObstacles(init, plugins, entries, init.config.virtualRouters.keys());
  } finally {
    for (const driver of plugins?.drivers.values() ?? []) driver.close();
  }
}
