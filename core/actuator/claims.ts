/** What users claim of the kernel, whole or in part, and give up again. */
import type { KernelRefusal, KernelResource } from '../plugin/contracts/index.ts';
import { describe } from '../plugin/resource.ts';
import type { Progress } from './agenda.ts';
import { type Holding, type Holdings, mayBeOurs } from './holdings.ts';

/** See the file's comment. Users are those of users.ts. */
export class Claims {
  /** Users that have claimed only what contradicts nothing: the rest has yet to be. */
  private readonly partial = new Set<number>();

  constructor(private readonly holdings: Holdings) {}

  /** Whether it has claimed all that it wants. */
  isWhole(user: number): boolean {
    return this.holdings.of(user).length > 0 && !this.partial.has(user);
  }

  /**
   * Makes it the user of resources, in the order to install.
   * @param netdrv name of the driver that installs them
   * @param part of what contradicts nothing at least
   * @returns why it cannot
   */
  claim(
    user: number,
    resources: readonly KernelResource[],
    netdrv: string,
    part = false,
  ): KernelRefusal | undefined {
    const wanted = resources.map((resource) => ({
      resource,
      driver: resource.kind === 'sysctl' ? '' : netdrv,
    }));
    const clash = this.holdings.claim(user, wanted);
    if (!clash) {
      this.partial.delete(user);
      return undefined;
    }
    if (part) {
      // The others stay in place meanwhile: a reload may have changed but one of them.
      this.partial.add(user);
      const rest = wanted.filter(({ resource }) => !this.holdings.contradicts(resource));
      this.holdings.claim(user, rest);
    }
    return { errno: 'EBUSY', message: `it contradicts the ${describe(clash.resource)}, which is in use` };
  }

  /** Gives up all that it uses: what is ours of that is leaving, beside what was leaving already. */
  release(progress: Progress, user: number): void {
    this.partial.delete(user);
    progress.leaving = [...stillLeaving(progress), ...this.holdings.release(user)];
  }
}

/** What is leaving and has not been taken up again by somebody, as far as it is ours. */
export function stillLeaving({ leaving }: Progress): Holding[] {
  return leaving.filter((holding) => mayBeOurs(holding) && holding.users.size === 0);
}
