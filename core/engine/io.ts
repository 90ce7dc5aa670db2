/** What the engine itself asks of the world: the time, and a packet loop. Handed in, so that both can be made up. */
import { type Native, native, type PacketLoop } from '../native/index.ts';

/** See the file's comment. */
export interface EngineIo {
  /** The clock of everything in the engine: CLOCK_MONOTONIC in ms, with fractions. */
  readonly now: () => number;
  /** A packet loop over these buffers; see {@link PacketLoop} and `Meta`, `Queue` beside it. @throws Error of a system call */
  readonly loop: (...memory: ConstructorParameters<Native['PacketLoop']>) => PacketLoop;
}

/** The kernel's. */
export const kernelIo: EngineIo = {
  now: native.monotonicMs,
  loop: (...memory) => new native.PacketLoop(...memory),
};
