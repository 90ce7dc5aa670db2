/**
 * Finds what of ours is on an interface that has another name by now: an interface is known by its index and by
 * what we put there, never by its name alone. Pure.
 */
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf, interfaceOf, renamed } from '../plugin/resource.ts';
import { type Holding, type Holdings, mayBeOurs } from './holdings.ts';
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
    if (!mayBeOurs(holding)) continue;
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

/** Whether the interface that something was put on is not the one of that name any more. */
export function isElsewhere({ resource, index }: Holding, view: View): boolean {
  const name = resource.kind === 'link' ? undefined : interfaceOf(resource);
  return index !== undefined && name !== undefined && view.indexOf(name) !== index;
}

function presentPlace(holding: Holding, view: View): KernelResource | undefined {
  const { resource, index } = holding;
  if (resource.kind === 'link') return presentLink(resource, index, view);
  const name = index === undefined ? undefined : view.nameOf(index);
  return name === undefined || name === interfaceOf(resource) ? undefined : renamed(resource, name);
}

/** A link under another name, or under its own where its parent's name has passed to another interface. */
function presentLink(
  resource: Extract<KernelResource, { kind: 'link' }>,
  index: number | undefined,
  view: View,
): KernelResource | undefined {
  const { is } = view.find(resource);
  const isInPlace = index === undefined || view.indexOf(resource.interface) === index;
  if (is === 'same' || (is === 'altered' && isInPlace)) return undefined;
  // Until the first look at it, only its marks tell which it is.
  const name =
    index === undefined
      ? view.childOf(view.indexOf(resource.parent), resource.type, resource.mac)
      : view.nameOf(index);
  return name === undefined ? undefined : { ...resource, interface: name };
}
