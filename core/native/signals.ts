/** The part of the addon about signals that Node.js has no handlers for: `signals.cc`. */

/** Every call throws an Error whose `code` is the errno name. */
export interface SignalCalls {
  /** The process ignores a signal from now on, unless somebody handles it (man 2 sigaction). */
  ignoreSignal(signal: number): void;
  /**
   * `signal` from another process counts as the signal `as`. If this process has caused it itself, as by an access
   * to no memory, it goes its way: to its handler, or it ends the process.
   */
  redirectSignal(signal: number, as: number): void;
}
