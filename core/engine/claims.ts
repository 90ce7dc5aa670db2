/** What keeps another process in this network namespace from running the same virtual routers, as the engine sees it. */
import type { Link } from '../plugin/contracts/index.ts';
import { claimName } from '../threads/router-claims.ts';
import type { ErrorLog } from './guard.ts';
import type { Claims, PlacementIo } from './io.ts';
import type { EngineRouter } from './router.ts';

/** The claims of an engine's routers: each is asked for once for each link that it can run on. */
export class EngineClaims {
  private readonly claims: Claims;
  /** By slot: the name that is ours. */
  private readonly held = new Map<number, string>();
  /** How many slots hold a name: both versions of a group share one. */
  private readonly holders = new Map<string, number>();
  /** By slot: the name that another process has. */
  private readonly refused = new Map<number, string>();

  constructor(
    private readonly io: Pick<PlacementIo, 'claims' | 'claimant'>,
    private readonly log: ErrorLog,
  ) {
    this.claims = io.claims((reason) =>
      log(`not all virtual routers are guarded against a second rvrrpd on this host: ${reason}`, {}),
    );
  }

  /** Claims a router for this process. @returns false, and tells the first time, if another process has it */
  mayRun({ slot, config }: EngineRouter, link: Link): boolean {
    const name = claimName({ index: link.index, vrid: config.vrid, family: config.family });
    const before = this.held.get(slot);
    if (before === name) return true;
    if (before !== undefined) this.release(slot, before);
    if (this.claims.take(name)) {
      this.hold(slot, name);
      this.refused.delete(slot);
      return true;
    }
    if (this.refused.get(slot) === name) return false;
    this.refused.set(slot, name);
    const pid = this.io.claimant(name);
    this.log(
      `virtual router ${config.vrid} on ${link.name} stays down: another rvrrpd` +
        `${pid === undefined ? '' : `, process ${pid},`} runs it in this network namespace; it starts when that one ` +
        'has stopped',
      { interface: link.name, group: config.vrid, ...(pid === undefined ? {} : { pid }) },
    );
    return false;
  }

  /** Lets go of routers whose links are gone or have another name. */
  letGo(routers: readonly EngineRouter[], links: readonly Link[]): void {
    const names = new Set(links.map(({ name }) => name));
    for (const { slot, config } of routers) {
      if (names.has(config.interface)) continue;
      const held = this.held.get(slot);
      if (held !== undefined) this.release(slot, held);
      this.refused.delete(slot);
    }
  }

  /** Asks again for what was refused. @returns whether any of it is ours now */
  mayRunMore(): boolean {
    let more = false;
    for (const [slot, name] of this.refused) {
      if (!this.claims.take(name)) continue;
      this.refused.delete(slot);
      this.hold(slot, name);
      more = true;
    }
    return more;
  }

  private hold(slot: number, name: string): void {
    this.held.set(slot, name);
    this.holders.set(name, (this.holders.get(name) ?? 0) + 1);
  }

  private release(slot: number, name: string): void {
    this.held.delete(slot);
    const others = (this.holders.get(name) ?? 1) - 1;
    if (others > 0) this.holders.set(name, others);
    else {
      this.holders.delete(name);
      this.claims.release(name);
    }
  }
}
