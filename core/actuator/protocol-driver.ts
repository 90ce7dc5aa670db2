/** Which network driver installs what `[protocols]` wants: it belongs to no virtual router. Pure. */

import type { KernelResource } from '../plugin/contracts/index.ts';
import { needsOfResource } from '../plugin/needs.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';

/** The driver's name, and what the operator should know about the choice. */
export interface ProtocolDriver {
  readonly name: string;
  readonly notice?: string;
}

/**
 * Chooses the first virtual router's driver, or else one that can do what the resources need, one that is in use
 * anyway if possible.
 * @param used names of the virtual routers' drivers, in their order
 * @throws Error if none can
 */
export function chooseProtocolDriver(
  resources: readonly KernelResource[],
  used: readonly string[],
  plugins: readonly ResolvedPlugin[],
): ProtocolDriver {
  const needs = [...new Set(resources.flatMap(needsOfResource))];
  const drivers = plugins.filter(({ kind }) => kind === 'netdrv');
  const names = [...new Set([...used, ...drivers.flatMap((plugin) => plugin.names)])];
  const fits = (name: string): boolean => {
    const provides = drivers.find((plugin) => plugin.names.includes(name))?.provides ?? [];
    return needs.every((need) => provides.includes(need));
  };
  const name = names.find(fits);
  const what = `[protocols] needs ${needs.map((need) => `"${need}"`).join(', ')}`;
  if (name === undefined) {
    throw new Error(`${what}, which no installed network driver provides: install one that does`);
  }
  return name === names[0]
    ? { name }
    : { name, notice: `"${name}" is used instead of "${names[0]}": ${what}` };
}
