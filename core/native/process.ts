/** The part of the addon about this process among others on the machine: `process.cc`. */

/** Every call throws an Error whose `code` is the errno name. */
export interface ProcessCalls {
  /**
   * An exclusive lock on a file (man 2 flock), held until the descriptor is closed, at the latest by the end
   * of the process.
   * @returns false if another process has it
   */
  lockFile(descriptor: number): boolean;
  /** `to` becomes what `from` is, in one step (man 2 dup); `from` stays open. */
  replaceDescriptor(from: number, to: number): void;
  /**
   * Ends the process (man 2 _exit) unless it has ended within this many ms. `process.exit` waits for whatever a
   * thread of Node.js is at, such as a file system that does not answer.
   */
  exitWithin(ms: number, code: number): void;
  /**
   * Memory that C and C++ code has freed goes back to the kernel as soon as it is 128 KiB at the end of a heap (man 3
   * mallopt, M_TRIM_THRESHOLD). By itself glibc keeps up to twice what was the largest block ever freed, in each
   * thread's heap. Other C libraries: no effect.
   */
  returnMemory(): void;
  /**
   * Sends one datagram to a Unix socket, waiting for 500 ms at most.
   * @param address path, or `@` and an abstract name (man 7 unix)
   */
  sendDatagram(address: string, message: string): void;
}
