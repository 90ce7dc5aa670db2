/** Which virtual routers the names on the command line, or in a request, mean. Pure. */
import type { RouterIdentity } from '../config/identity.ts';
import { CodedError } from '../shared/errors.ts';

/** What a name may be, for messages. */
const NAME =
  'a name is an interface (eth0), a virtual router (eth0/7, with the family eth0/7/ipv6 and the version eth0/7/v3), ' +
  'or a group that the configuration names';

/** Every virtual router. */
export const ALL = 'all';

/** Slots by the name of a group of virtual routers that the configuration has given it, `[[sync]]`. */
export type NamedGroups = ReadonlyMap<string, readonly number[]>;

/**
 * Slots of the virtual routers that names mean, each once, in the order of the configuration.
 * @param names empty, or `all`: every one
 * @param groups that the configuration names; an interface of the same name comes first, `sync:NAME` is always a group
 * @throws CodedError if one means none, or is not understood
 */
export function selectRouters(
  names: readonly string[],
  routers: readonly RouterIdentity[],
  groups: NamedGroups = new Map(),
): number[] {
  const all = [...routers.keys()];
  if (names.length === 0) return all;
  const chosen = new Set(names.flatMap((name) => (name === ALL ? all : slotsOf(name, routers, groups))));
  return all.filter((slot) => chosen.has(slot));
}

function slotsOf(name: string, routers: readonly RouterIdentity[], groups: NamedGroups): readonly number[] {
  const group = name.startsWith('sync:') ? groups.get(name.slice('sync:'.length)) : undefined;
  if (group) return group;
  const [on = '', vrid, ...more] = name.split('/');
  const wanted = more.map(kindOf);
  const malformed = vrid !== undefined && !/^\d{1,3}$/.test(vrid);
  if (on === '' || malformed || wanted.length > 2 || wanted.includes(undefined))
    throw new CodedError('request-invalid', `"${name}" is not understood: ${NAME}`);
  const found = [...routers.keys()].filter((slot) => {
    const router = routers[slot]!;
    if (router.interface !== on || (vrid !== undefined && router.vrid !== Number(vrid))) return false;
    return wanted.every((kind) => kind!.family === router.family || kind!.version === router.version);
  });
  if (found.length > 0) return found;
  const named = vrid === undefined ? groups.get(name) : undefined;
  if (named) return named;
  throw new CodedError('router-missing', `there is no virtual router "${name}": ${NAME}`);
}

/** `ipv4`, `ipv6`, `v2`, `v3`. */
function kindOf(text: string): { readonly family?: 4 | 6; readonly version?: 2 | 3 } | undefined {
  switch (text.toLowerCase()) {
    case 'ipv4':
      return { family: 4 };
    case 'ipv6':
      return { family: 6 };
    case 'v2':
      return { version: 2 };
    case 'v3':
      return { version: 3 };
    default:
      return undefined;
  }
}

/** How a virtual router is named on the command line: with family and version where others have the rest as well. */
export function selectionName(router: RouterIdentity, routers: readonly RouterIdentity[]): string {
  const others = routers.filter((each) => each.interface === router.interface && each.vrid === router.vrid);
  return [
    router.interface,
    router.vrid,
    ...(others.some(({ family }) => family !== router.family) ? [`ipv${router.family}`] : []),
    ...(others.some(({ version }) => version !== router.version) ? [`v${router.version}`] : []),
  ].join('/');
}
