/**
 * The threads of plugins that run beside a generation's workers and go on over generations: the service, the trackers,
 * the hooks. They are made ready together, and take their places together.
 */
import type { DaemonConfig } from '../config/model.ts';
import type { DaemonInfo } from '../plugin/contracts/index.ts';
import type { Generation } from './generation.ts';
import type { Logger } from './log.ts';
import { Notifier, type StagedHooks } from './notify/notifier.ts';
import { patiently } from './patiently.ts';
import type { ChangeHandler } from './service-host.ts';
import { Services, type StagedService } from './services.ts';
import { type StagedTrackers, Trackers } from './track/trackers.ts';
import type { StartThread } from './worker-thread.ts';

/** All of them, ready for the next generation. */
export type StagedHosts = Pick<StagedService & StagedTrackers & StagedHooks, 'commit' | 'abandon'>;

/** Memory of trackers and of hooks, which a generation shares with them: each by index. */
export interface HostMemory {
  readonly cells: readonly SharedArrayBuffer[];
  readonly hooks: readonly SharedArrayBuffer[];
}

/** See the file's comment. */
export class PluginHosts {
  readonly services: Services;
  readonly trackers: Trackers;
  readonly notifier: Notifier;
  /** Called when any verdict or weight of a tracker is another. */
  onVerdict: () => void = () => {};
  /** Called when {@link troubles} have changed. */
  onTrouble: () => void = () => {};

  /** @param change does what the client API asks for */
  constructor(log: Logger, change: ChangeHandler, startThread: StartThread) {
    const onTrouble = (): void => this.onTrouble();
    this.services = new Services(log, change, startThread, onTrouble);
    this.trackers = new Trackers(log, startThread, () => this.onVerdict(), onTrouble);
    this.notifier = new Notifier(log, startThread, onTrouble);
  }

  /** What is configured and does not run, a line each. */
  get troubles(): string[] {
    return this.all.flatMap(({ troubles }) => troubles);
  }

  /** For a generation of this configuration: of what goes on what it has, else new. */
  memory({ trackers, hooks }: DaemonConfig): HostMemory {
    return { cells: this.trackers.cells(trackers), hooks: this.notifier.memory(hooks) };
  }

  /** What happens in a generation is told to hooks. */
  attend(generation: Generation): void {
    generation.onEvents = () => this.notifier.look();
    this.notifier.listen(generation);
  }

  /**
   * Loads the plugins of a generation, its workers' as well.
   * @param signal aborted: it is not waited for any more
   * @throws Error why it cannot; nothing that was made ready is left then
   */
  async stage(next: Generation, daemon: DaemonInfo, signal: AbortSignal): Promise<StagedHosts> {
    const staged: readonly Promise<StagedHosts>[] = [
      this.services.stage(next.service(daemon)),
      this.trackers.stage(next.start),
      this.notifier.stage(next.start),
    ];
    const waitingFor = (): string =>
      [next, ...this.all].flatMap(({ unprepared }) => unprepared || []).join(', ');
    try {
      const ready = Promise.all(staged);
      await patiently(Promise.all([next.prepared(), ready]), waitingFor, signal);
      const all = await ready;
      return {
        commit: () => {
          for (const each of all) each.commit();
        },
        abandon: async () => {
          await Promise.all(all.map((each) => each.abandon()));
        },
      };
    } catch (error) {
      for (const each of staged) each.then((ready) => ready.abandon()).catch(() => {});
      await this.giveUp();
      throw error;
    }
  }

  /** What is being made ready is not wanted any more. */
  async giveUp(): Promise<void> {
    await Promise.all(this.all.map((each) => each.giveUp()));
  }

  private get all() {
    return [this.services, this.trackers, this.notifier] as const;
  }
}
