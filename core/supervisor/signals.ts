/**
 * Signals, from before anything else is loaded: none of them ends the process in the middle of something. Imports
 * nothing, so that the entry has it at once.
 */

/** They ask for the end. SIGPWR is what a container is told when its machine goes down. */
const STOP = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGPWR', 'SIGXCPU'] as const;
/** They ask for the counters. Before it has a handler, SIGUSR1 opens Node.js's inspector. */
const COUNTERS = ['SIGUSR1', 'SIGUSR2'] as const;
/** They mean nothing to a daemon, and would end it, or halt it while it holds addresses. */
const IGNORED = [
  ...['SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPIPE', 'SIGXFSZ', 'SIGSTKFLT'],
  ...['SIGTSTP', 'SIGTTIN', 'SIGTTOU'],
] as NodeJS.Signals[];

/** Catches every signal that Node.js has handlers for, from its making on. */
export class Signals {
  /** Resolves with the first signal that asks for the end. */
  readonly stop: Promise<NodeJS.Signals>;
  private readonly listeners = new Map<NodeJS.Signals, () => void>();
  /** Came before anybody was there for them. */
  private readonly early = new Set<NodeJS.Signals>();
  private hangUp: (() => void) | undefined;
  private counters: (() => void) | undefined;

  constructor() {
    let asked: (signal: NodeJS.Signals) => void = () => {};
    this.stop = new Promise((resolve) => {
      asked = resolve;
    });
    for (const signal of COUNTERS) this.on(signal, () => this.counters?.());
    this.on('SIGHUP', () => {
      if (this.hangUp) this.hangUp();
      else this.early.add('SIGHUP');
    });
    for (const signal of STOP) {
      this.on(signal, () => {
        this.early.add(signal);
        asked(signal);
      });
    }
    for (const signal of IGNORED) this.on(signal, () => {});
  }

  /** Calls `handler` at each SIGHUP from now on, and at once if there was one already. */
  onHangUp(handler: () => void): void {
    this.hangUp = handler;
    if (this.early.delete('SIGHUP')) handler();
  }

  /** Calls `handler` whenever the counters are asked for; until then nothing comes of it. */
  onCounters(handler: () => void): void {
    this.counters = handler;
  }

  /**
   * This process is no daemon: signals do what they do to any other, also those that have come already. Only the
   * inspector stays closed.
   */
  release(): void {
    for (const [signal, listener] of this.listeners) {
      if (signal !== 'SIGUSR1') process.off(signal, listener);
    }
    for (const signal of this.early) process.kill(process.pid, signal);
  }

  private on(signal: NodeJS.Signals, listener: () => void): void {
    this.listeners.set(signal, listener);
    process.on(signal, listener);
  }
}
