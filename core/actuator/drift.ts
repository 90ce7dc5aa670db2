/** Finds what has gone from the kernel without us. */

import { interfaceOf } from '../plugin/resource.ts';
import type { Holding, Holdings } from './holdings.ts';
import { isElsewhere } from './moved.ts';
import type { View } from './view.ts';

/** What {@link findDrift} found. */
export interface Drift {
  /** Not in the kernel any more. */
  readonly lost: readonly Holding[];
  /** Those of `lost` that somebody must have taken away: their interface is still there. */
  readonly removed: readonly Holding[];
  /** Links of ours whose MAC address somebody has changed. */
  readonly altered: readonly Holding[];
}

/** Compares what should be in the kernel with a fresh view of it. Routes and settings are not seen in it. */
export function findDrift(holdings: Holdings, view: View): Drift {
  const lost: Holding[] = [];
  const removed: Holding[] = [];
  const altered: Holding[] = [];
  const goneLinks = new Set<string>();
  const strayed = new Set<Holding>();
  const installed = [...holdings.all()].filter(({ state }) => state === 'ours' || state === 'foreign');
  for (const holding of installed) {
    // What is there as wanted is not ours if the interface that we put ours on has gone.
    if (holding.state === 'ours' && isElsewhere(holding, view)) {
      lost.push(holding);
      strayed.add(holding);
      continue;
    }
    const found = view.find(holding.resource);
    const { is } = found;
    if (holding.resource.kind === 'link' && holding.state === 'ours' && is === 'same')
      holding.index = view.indexOf(holding.resource.interface);
    if (is === 'same' || is === 'unknown') continue;
    if (is === 'altered' && holding.state === 'ours' && found.index === (holding.index ?? found.index)) {
      altered.push(holding);
      continue;
    }
    lost.push(holding);
    if (is !== 'homeless') removed.push(holding);
    if (holding.resource.kind === 'link') goneLinks.add(holding.resource.interface);
  }
  for (const holding of installed) {
    if (holding.resource.kind !== 'sysctl' || strayed.has(holding)) continue;
    const home = interfaceOf(holding.resource);
    // An interface's settings go with it; one made again under its name starts from the defaults.
    if (home !== undefined && (goneLinks.has(home) || !view.has(home))) lost.push(holding);
  }
  return { lost, removed, altered };
}
