/** What `[protocols]` wants of the kernel: there while any virtual router is Master. */
import type { KernelRefusal } from '../plugin/contracts/index.ts';
import { Agenda, type Progress } from './agenda.ts';
import type { Changes } from './changes.ts';
import { type Claims, stillLeaving } from './claims.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { LogLimit } from './log-limit.ts';
import type { ActuatorParts } from './parts.ts';
import { firstRefusal } from './refusals.ts';
import { PROTOCOLS } from './users.ts';

/** See the file's comment. */
export class Protocols {
  /** Of one "router" that is Master while anyone is. */
  readonly agenda = new Agenda([0]);
  /** Its `Wanted`. */
  private counter = 0;

  constructor(
    private readonly plugins: ActuatorParts['plugins'],
    private readonly holdings: Holdings,
    private readonly changes: Changes,
    private readonly claims: Claims,
    private readonly limit: LogLimit,
  ) {}

  /**
   * Counts like `Wanted`, so that a failed attempt between two quiet times is not forgotten.
   * @param anyMaster whether any virtual router is Master
   */
  wanted(anyMaster: boolean): number {
    if (anyMaster !== ((this.counter & 1) === 1)) this.counter++;
    return this.counter;
  }

  /** Makes `[protocols]` the user of what it wants. @returns why it cannot */
  claim(): KernelRefusal | undefined {
    const { protocolResources, protocolDriver } = this.plugins;
    if (protocolResources.length === 0 || this.holdings.of(PROTOCOLS).length > 0) return undefined;
    return this.claims.claim(PROTOCOLS, protocolResources, protocolDriver);
  }

  async install(progress: Progress): Promise<void> {
    const refusal = this.claim();
    progress.leaving = [];
    // Each on its own: one route that cannot be installed yet is no reason to do without the others.
    const refusals = await this.changes.install(this.holdings.of(PROTOCOLS).map((holding) => [holding]));
    this.conclude(progress, refusal ?? firstRefusal(this.holdings.of(PROTOCOLS), refusals));
  }

  async remove(progress: Progress): Promise<void> {
    this.claims.release(progress, PROTOCOLS);
    const refusals = await this.changes.takeBack([progress.leaving]);
    this.conclude(progress, firstRefusal(progress.leaving, refusals));
  }

  /** Nobody wants it any more. @returns what is ours, in the order to take back */
  releaseAll(): Holding[] {
    return [...stillLeaving(this.agenda.all[0]!), ...this.holdings.release(PROTOCOLS)];
  }

  private conclude(progress: Progress, refusal: KernelRefusal | undefined): void {
    if (!refusal) {
      this.agenda.succeeded(progress);
      return;
    }
    const retryMs = this.agenda.failed(progress, performance.now());
    this.limit.warn('protocols', `[protocols]: ${refusal.message}; trying again in ${retryMs} ms`, {
      errno: refusal.errno,
    });
  }
}
