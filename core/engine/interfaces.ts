/**
 * The interfaces that virtual routers are configured for: which routers news of a link concern. Those that share a socket
 * are placed together, whatever interfaces they are on.
 */
import type { Link } from '../plugin/contracts/index.ts';
import { addressesOf } from './peer-source.ts';
import type { EngineRouter } from './router.ts';

/** See the file's comment. */
export class Interfaces {
  /** By interface. */
  private readonly routers = new Map<string, EngineRouter[]>();
  /** By interface that routers of other interfaces announce on: these. */
  private readonly homesOf = new Map<string, Set<string>>();
  /** Routers that name a `source`, which may be on any interface. */
  private readonly sourced: readonly EngineRouter[];
  /** Those of their sources that the host had at the last look. */
  private sources: ReadonlySet<string> = new Set();

  constructor(routers: readonly EngineRouter[]) {
    for (const router of routers) {
      const { interface: name } = router.config;
      const others = this.routers.get(name);
      if (others) others.push(router);
      else this.routers.set(name, [router]);
      for (const elsewhere of router.addresses.elsewhere) {
        const homes = this.homesOf.get(elsewhere) ?? new Set();
        this.homesOf.set(elsewhere, homes.add(name));
      }
    }
    this.sourced = routers.filter(({ config }) => config.source !== undefined);
  }

  /** The routers of an interface. */
  routersOn(name: string): readonly EngineRouter[] {
    return this.routers.get(name) ?? [];
  }

  /** Whether any router names a `source`: others do without {@link followSources}. */
  get haveSources(): boolean {
    return this.sourced.length > 0;
  }

  /**
   * Sees which sources the host has by now. One that comes or goes concerns its router, whatever interface it is on. A
   * link-local one is its interface's affair.
   * @param links all of them
   * @returns names of the interfaces whose routers' sources have come or gone since the last look
   */
  followSources(links: readonly Link[]): ReadonlySet<string> {
    const concerned = new Set<string>();
    if (!this.haveSources) return concerned;
    const before = this.sources;
    const host = addressesOf(links);
    const all = this.sourced.map(({ config }) => config.source!);
    this.sources = new Set(all.filter((source) => host.has(source)));
    for (const { config } of this.sourced) {
      if (before.has(config.source!) !== this.sources.has(config.source!)) concerned.add(config.interface);
    }
    return concerned;
  }

  /**
   * With the interfaces whose routers name the same `source`, or announce on one of them: they share a socket, and are
   * placed together.
   */
  withSharers(changed: readonly string[]): readonly string[] {
    const names = this.withAnnouncers(changed);
    if (!this.haveSources) return names;
    const here = new Set(names);
    const shared = new Set(
      this.sourced.filter(({ config }) => here.has(config.interface)).map(({ config }) => config.source),
    );
    for (const { config } of this.sourced) if (shared.has(config.source)) here.add(config.interface);
    return [...here];
  }

  private withAnnouncers(names: readonly string[]): readonly string[] {
    if (this.homesOf.size === 0) return names;
    const all = new Set(names);
    // All that announce on an interface whose socket may be closed, those of its own routers' other interfaces too.
    for (const name of all) {
      for (const home of this.homesOf.get(name) ?? []) all.add(home);
      for (const { addresses } of this.routersOn(name)) {
        for (const on of addresses.elsewhere) all.add(on);
      }
    }
    return [...all];
  }
}
