/** Which packets the kernel lets through to each socket of the engine: the programs of its `filter` plugins, and its own. */
import type { Link } from '../plugin/contracts/index.ts';
import { messageOf } from '../shared/errors.ts';
import { arpProgram } from './arp-watch.ts';
import type { Routing } from './attachment.ts';
import type { ErrorLog, GuardedFilter } from './guard.ts';
import { ndProgram } from './nd-watch.ts';
import { NO_STRANGERS, peerPrograms } from './peer-filter.ts';
import type { Group } from './plan.ts';
import type { EngineRouter } from './router.ts';

/** See the file's comment. */
export class SocketFilters {
  /** Names of the interfaces whose filter could not be used. */
  private readonly unfiltered = new Set<string>();

  /**
   * @param filters of each slot, undefined where none is wanted
   * @param onTrouble told what cannot be used, by topic; without a text once that is over
   */
  constructor(
    private readonly filters: readonly (GuardedFilter | undefined)[],
    private readonly log: ErrorLog,
    private readonly onTrouble: (topic: string, text?: string) => void,
  ) {}

  /** Writes the programs of a group's sockets into it; none where it cannot be filtered, which is told. */
  add(group: Group): void {
    if (group.use.kind === 'peers') {
      group.strangers = NO_STRANGERS;
      if (!group.routers.every(({ config }) => config.socketFilter)) return;
      const { peers, strangers } = peerPrograms(group.family, sendersTo(group.routers));
      Object.assign(group, { program: peers, strangers });
      return;
    }
    const program = this.filterOf(group);
    if (program) group.program = program;
  }

  /** Which packets belong to which router of a group, after {@link add}. */
  routing({
    link,
    family,
    use,
    routers,
    slotOfVrid,
    program,
    strangers,
  }: Group): Omit<Routing, 'onUnreported'> {
    const plugin = use.kind === 'peers' ? 'rvrrpd' : (this.filters[routers[0]!.slot]?.plugin ?? '');
    const here = routers.filter(({ config }) => config.interface === link.name);
    const addresses = Uint8Array.from(here.flatMap((router) => [...router.addresses.octets]));
    return {
      slotOfVrid,
      ...(program && { program }),
      ...(here.length > 0 && {
        watchProgram: strangers ?? (family === 4 ? arpProgram(addresses) : ndProgram(addresses)),
      }),
      onFilterFailure: (error: unknown) => this.failed(link, plugin, error),
    };
  }

  /** A group has a socket filter if all of its routers want one. */
  private filterOf({ link, family, routers, use }: Group): Uint32Array | undefined {
    if (use.kind === 'announce') return undefined; // nothing is received
    const filters = routers.map((router) => this.filters[router.slot]);
    const filter = filters.includes(undefined) ? undefined : filters[0];
    if (!filter) return undefined;
    try {
      const program = filter.program({ family, vrids: vridsOf(routers) });
      return Uint32Array.from(program.flatMap(({ code, jt, jf, k }) => [code, jt, jf, k]));
    } catch (error) {
      this.failed(link, filter.plugin, error);
      return undefined;
    }
  }

  /** Tells once for each interface: programs are built anew whenever anything about a link changes. */
  private failed(link: Link, plugin: string, error: unknown): void {
    if (this.unfiltered.has(link.name)) return;
    this.unfiltered.add(link.name);
    const message = `${link.name}: the socket filter of plugin ${plugin} is not used: ${messageOf(error)}`;
    this.log(`${message}: packets of other virtual routers wake the engine`, { interface: link.name });
    this.onTrouble(`filter ${link.name}`, message);
  }

  /** What cannot be filtered is over where nothing is used any more. @param names of interfaces; default: all */
  forget(names: Iterable<string> | undefined, groups: ReadonlyMap<string, Group>): void {
    if (this.unfiltered.size === 0) return;
    const used = new Set([...groups.values()].map(({ link }) => link.name));
    for (const name of names ?? this.unfiltered) {
      if (used.has(name) || !this.unfiltered.delete(name)) continue;
      this.onTrouble(`filter ${name}`);
    }
  }
}

/** By VRID: the peers of its routers, of both versions. */
function sendersTo(routers: readonly EngineRouter[]): ReadonlyMap<number, Uint8Array> {
  const senders = new Map<number, Uint8Array>();
  for (const { config, peers } of routers) {
    senders.set(config.vrid, Uint8Array.from([...(senders.get(config.vrid) ?? []), ...peers]));
  }
  return senders;
}

/** Routers of both versions may have the same. */
function vridsOf(routers: readonly EngineRouter[]): number[] {
  return [...new Set(routers.map(({ config }) => config.vrid))].sort((a, b) => a - b);
}
