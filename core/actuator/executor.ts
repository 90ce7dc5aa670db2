/** Gives changes to the network drivers, each holding's to its own, and writes settings. */
import type { KernelChange, KernelRefusal, Link, NetworkDriver } from '../plugin/contracts/index.ts';
import { messageOf } from '../shared/errors.ts';
import { grouped } from '../shared/grouped.ts';
import type { Holding } from './holdings.ts';
import { writeSysctl } from './sysctl.ts';

/** What was done for each holding: null, or why it was not. */
export type Answers = ReadonlyMap<Holding, KernelRefusal | null>;

/** See the file's comment. One call at a time. */
export class Executor {
  /** @param drivers by name; the first one reads, and stands in for one that is not there any more */
  constructor(private readonly drivers: ReadonlyMap<string, NetworkDriver>) {}

  private get first(): NetworkDriver | undefined {
    return this.drivers.values().next().value;
  }

  /** The links and addresses of the namespace. @throws Error if they cannot be read */
  async links(): Promise<readonly Link[]> {
    return (await this.first?.links()) ?? [];
  }

  /**
   * Applies changes, in the order of the holdings for each driver.
   * @param settingFor the value for a setting; absent: the one that is wanted
   */
  async apply(
    holdings: readonly Holding[],
    changeFor: (holding: Holding) => KernelChange,
    settingFor: (holding: Holding) => string | undefined = () => undefined,
  ): Promise<Answers> {
    const answers = new Map<Holding, KernelRefusal | null>();
    const changes: Holding[] = [];
    for (const holding of holdings) {
      const { resource } = holding;
      if (resource.kind !== 'sysctl') changes.push(holding);
      else answers.set(holding, writeSysctl(resource.path, settingFor(holding) ?? resource.value));
    }
    for (const [name, group] of grouped(changes, ({ driver }) => driver)) {
      const results = await this.give(name, group.map(changeFor));
      for (const [index, holding] of group.entries()) answers.set(holding, results[index] ?? null);
    }
    return answers;
  }

  private async give(
    name: string,
    changes: readonly KernelChange[],
  ): Promise<readonly (KernelRefusal | null)[]> {
    try {
      const driver = this.drivers.get(name) ?? this.first;
      if (!driver) throw new Error('there is no network driver');
      return await driver.apply(changes);
    } catch (error) {
      // A driver that breaks its contract has changed we don't know what: to be tried again.
      const message = `network driver ${name}: ${messageOf(error)}`;
      return changes.map(() => ({ errno: 'EIO', message }));
    }
  }
}
