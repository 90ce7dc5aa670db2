/**
 * Finds what of ours is on an interface that has another name by now: an interface is known by its index and by
 * what we put there, never by its name alone. Pure.
 */
import type { KernelResource } from '../plugin/types.ts';
import type { Holding, Holdings } from './holdings.ts';
import { homeOf, identityOf, interfaceOf, renamed } from './resource.ts';
import type { View } from './view.ts';

/** A holding that is not where its name says. */
export interface Moved {
  readonly holding: Holding;
  /** What to take back, under the name that the interface has now. Nobody uses it. */
  readonly stray: Holding;
}

/** Everything of ours that is on an interface of another name, in the order it was first wanted. */
export function findMoved(holdings: Holdings, view: View): Moved[] {
  const moved: Moved[] = [];
  for (const holding of holdings.all()) {
    if (holding.state !== 'ours') continue;
    const to = movedTo(holding, view);
    if (to) moved.push(to);
  }
  return moved;
}

/** Where something of ours is now, if its interface has another name. */
export function movedTo(holding: Holding, view: View): Moved | undefined {
  const resource = presentPlace(holding, view);
  if (!resource) return undefined;
  return { holding, stray: { ...holding, id: identityOf(resource), resource, users: new Set() } };
}

/** Whether the interface that a holding was put on is not the one of that name any more. */
export function isHomeAnother({ resource, home }: Holding, view: View): boolean {
  const name = homeOf(resource);
  return home !== undefined && name !== undefined && view.indexOf(name) !== home;
}

/** Learns the indices of interfaces that we made ourselves: the kernel had not told them yet. */
export function learnIndices(holdings: Holdings, view: View): void {
  for (const holding of holdings.all()) {
    if (holding.state !== 'ours' || holding.home !== undefined) continue;
    const { is } = view.find(holding.resource);
    const home = view.indexOf(homeOf(holding.resource) ?? '');
    if (home !== 0 && (is === 'same' || is === 'unknown')) holding.home = home;
  }
}

function presentPlace({ resource, home }: Holding, view: View): KernelResource | undefined {
  if (home === undefined) return undefined;
  if (resource.kind === 'link') {
    if (view.find(resource).is === 'same') return undefined;
    // Under another name, or under its own where the parent's name has passed to another interface.
    const name = view.childOf(home, resource.type, resource.mac);
    return name === undefined ? undefined : { ...resource, interface: name };
  }
  const name = view.nameOf(home);
  return name === undefined || name === interfaceOf(resource) ? undefined : renamed(resource, name);
}
