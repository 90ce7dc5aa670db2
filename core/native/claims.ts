/** The part of the addon about names that one process of a network namespace has at a time: `claims.cc`. */

/**
 * Claims of this thread. A name (an abstract socket, man 7 unix) is the process's for as long as any object in any
 * of its threads holds it; a thread that ends lets go of its own, and the kernel of all when the process is gone,
 * however it ended. Every call throws an Error whose `code` is the errno name.
 */
export interface NativeClaims {
  /**
   * @param highest no descriptor beyond this one is used: EMFILE instead
   * @returns false: another process of this network namespace has it
   */
  take(name: string, highest: number): boolean;
  /** Nothing happens if it is not held. */
  release(name: string): void;
  /** Who has asked for our names by {@link ClaimCalls.claimant} since the last call. */
  callers(): { readonly name: string; readonly pid: number }[];
}

/** What the addon exports of it. */
export interface ClaimCalls {
  Claims: new () => NativeClaims;
  /** The names that this process holds, and their sockets, which may be passed on to another process. */
  heldClaims(): { readonly name: string; readonly descriptor: number }[];
  /** A socket that another process has held a name by, and holds still: `take` of that name succeeds from now on. */
  adoptClaim(name: string, descriptor: number): void;
  /** Lets go of names that were adopted, and that nobody here has taken. */
  dropIdleClaims(): void;
  /** The process that holds a name, 0 if it cannot be told. It learns that we asked. */
  claimant(name: string): number;
  /** Index of an interface in this thread's network namespace, 0 if there is none of that name. */
  interfaceIndex(name: string): number;
}
