/** The part of the addon about descriptors that pass from one process to another: `passing.cc`. */

/** Every call throws an Error whose `code` is the errno name. */
export interface PassingCalls {
  /** Two Unix stream sockets that are connected with each other; neither blocks, nor is inherited by other programs. */
  socketPair(): [number, number];
  /** Passes descriptors on (SCM_RIGHTS, man 7 unix), any number of them: the other side gets descriptors of its own. */
  sendDescriptors(socket: number, descriptors: readonly number[]): void;
  /**
   * Takes descriptors that were passed by one call of {@link sendDescriptors}, and have arrived.
   * @param count how many those were
   */
  receiveDescriptors(socket: number, count: number): number[];
  /**
   * A Unix stream socket that listens. Its descriptor may be passed on: whoever has it last, closes it for good.
   * @param address path, which must not exist, or `@` and an abstract name (man 7 unix)
   */
  listenUnix(address: string): number;
  /**
   * A Unix stream socket that is connected with one that listens. Waits for nobody: EAGAIN if too many do.
   * @param address as for {@link listenUnix}
   */
  connectUnix(address: string): number;
}
