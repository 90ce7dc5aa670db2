/**
 * What a Master has beside its virtual addresses: further addresses, routes and rules. What cannot be installed of them is no
 * reason to give up being Master.
 */
import type { KernelRefusal, KernelResource } from '../plugin/contracts/index.ts';
import { Int } from '../threads/state-table.ts';
import { Agenda, type Progress } from './agenda.ts';
import type { Changes } from './changes.ts';
import { type Claims, stillLeaving } from './claims.ts';
import { furtherResources, missingOf } from './further.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { LogLimit } from './log-limit.ts';
import type { MastersParts } from './parts.ts';
import { errnoOf, firstRefusal } from './refusals.ts';
import { extrasUser } from './users.ts';

/** See the file's comment. */
export class Extras {
  readonly agenda: Agenda;

  /** @param homeOf the interface that has the virtual addresses of a slot; undefined: not known yet */
  constructor(
    private readonly parts: MastersParts,
    private readonly holdings: Holdings,
    private readonly changes: Changes,
    private readonly claims: Claims,
    private readonly limit: LogLimit,
    private readonly homeOf: (slot: number) => string | undefined,
  ) {
    const { table, config } = parts;
    this.agenda = new Agenda(config.virtualRouters.map((_, slot) => table.int(slot, Int.Applied)));
  }

  /** Whether a slot is configured to have any. */
  has(slot: number): boolean {
    const { extras, further } = this.parts.config.virtualRouters[slot]!;
    return extras !== undefined || further !== undefined;
  }

  /** `Wanted` of a slot; of one that has none what was applied: nothing is to be done for it then. */
  wanted(slot: number): number {
    return this.has(slot) ? this.parts.table.int(slot, Int.Wanted) : this.agenda.all[slot]!.applied;
  }

  /** Makes a slot the user of them, of what contradicts nothing at least. @returns why not of all */
  claim(slot: number): KernelRefusal | undefined {
    const user = extrasUser(slot);
    if (this.claims.isWhole(user)) return undefined;
    return this.claims.claim(user, this.resources(slot), this.parts.routerPlugins[slot]!.netdrv, true);
  }

  /** Installs those of a chunk. */
  async install(chunk: readonly Progress[]): Promise<void> {
    const refusals = new Map<Progress, KernelRefusal>();
    for (const progress of chunk) {
      const refusal = this.claim(progress.slot);
      if (refusal) refusals.set(progress, refusal);
      progress.leaving = [];
    }
    const holdings = new Set(chunk.flatMap(({ slot }) => this.holdings.of(extrasUser(slot))));
    // Each on its own: one that cannot be installed yet is no reason to do without the others. Settings and guards first,
    // then addresses, which routes may need.
    const refused = new Map<Holding, KernelRefusal>();
    const missing = new Set(
      [...holdings].filter(({ resource, state }) => resource.kind === 'address' && state !== 'ours'),
    );
    for (const isTurn of TURNS) {
      const lists = [...holdings].filter(({ resource }) => isTurn(resource)).map((holding) => [holding]);
      for (const [holding, refusal] of await this.changes.install(lists)) refused.set(holding, refusal);
    }
    for (const progress of chunk) {
      const own = this.holdings.of(extrasUser(progress.slot));
      if (own.some((holding) => missing.has(holding) && holding.state === 'ours'))
        this.tellFurther(progress.slot);
      this.conclude(progress, refusals.get(progress) ?? firstRefusal(own, refused));
    }
  }

  /** Takes back those of a chunk. */
  async remove(chunk: readonly Progress[]): Promise<void> {
    for (const progress of chunk) this.claims.release(progress, extrasUser(progress.slot));
    const refused = new Map<Holding, KernelRefusal>();
    // Of all of them: what addresses need goes after the last of these.
    for (const isTurn of TURNS.toReversed()) {
      const lists = chunk.map(({ leaving }) => leaving.filter(({ resource }) => isTurn(resource)));
      for (const [holding, refusal] of await this.changes.takeBack(lists)) refused.set(holding, refusal);
    }
    for (const progress of chunk) this.conclude(progress, firstRefusal(progress.leaving, refused));
  }

  /** Nobody wants those of a slot any more. @returns what is ours, in the order to take back */
  releaseAll(slot: number): Holding[] {
    return [...stillLeaving(this.agenda.all[slot]!), ...this.holdings.release(extrasUser(slot))];
  }

  private resources(slot: number): KernelResource[] {
    const router = this.parts.config.virtualRouters[slot]!;
    const isOwner = this.parts.table.int(slot, Int.Priority) === 255;
    return [...furtherResources(router, this.homeOf(slot), isOwner), ...(router.extras ?? [])];
  }

  /** The engine announces them, now if the virtual ones are in place already. */
  private tellFurther(slot: number): void {
    const { table } = this.parts;
    table.setInt(slot, Int.FurtherInPlace, (table.int(slot, Int.FurtherInPlace) + 1) | 0);
  }

  private conclude(progress: Progress, refusal: KernelRefusal | undefined): void {
    this.tellMissing(progress, refusal);
    if (!refusal) {
      this.agenda.succeeded(progress);
      return;
    }
    const retryMs = this.agenda.failed(progress, performance.now());
    const { vrid, interface: name, further } = this.parts.config.virtualRouters[progress.slot]!;
    const what = further ? 'addresses, routes and rules' : 'routes and rules';
    this.limit.warn(
      `extras ${refusal.errno}`,
      `${what} of virtual router ${vrid} on ${name}: ${refusal.message}; trying again in ${retryMs} ms`,
      { interface: name, vrid, errno: refusal.errno },
    );
  }

  /** Where `status` sees it. */
  private tellMissing({ slot, attempted }: Progress, refusal: KernelRefusal | undefined): void {
    const { table } = this.parts;
    const isMaster = (attempted & 1) === 1;
    const missing = isMaster ? missingOf(this.resources(slot), this.holdings.of(extrasUser(slot))) : 0;
    table.setInt(slot, Int.FurtherMissing, missing);
    table.setInt(slot, Int.FurtherErrno, missing > 0 && refusal ? errnoOf(refusal) : 0);
  }
}

/** What is installed first, second and third. */
const TURNS: readonly ((resource: KernelResource) => boolean)[] = [
  ({ kind }) => kind === 'sysctl' || kind === 'guard',
  ({ kind }) => kind === 'address',
  ({ kind }) => kind === 'table-route' || kind === 'rule',
];
