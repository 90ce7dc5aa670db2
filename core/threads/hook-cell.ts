/**
 * What services may know of a hook, in shared memory. The main thread writes it. A reader may see numbers of two moments:
 * each of them was right at one.
 */
import type { HookStatus } from '../plugin/contracts/index.ts';

/** A hook without what its plugin is told, which may be secret. */
export interface HookIdentity {
  readonly name: string;
  readonly type: string;
}

const FIELDS = ['queue', 'delivered', 'failed', 'dropped', 'joined'] as const;

/** See the file's comment. */
export class HookCell {
  private readonly words: Float64Array;

  /** @param buffer memory made by {@link HookCell.allocate} */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Float64Array(buffer);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(FIELDS.length * Float64Array.BYTES_PER_ELEMENT);
  }

  /** @param status whose numbers are to be known from now on */
  write(status: Omit<HookStatus, 'name' | 'type'>): void {
    for (const [index, field] of FIELDS.entries()) this.words[index] = status[field];
  }

  /** As it is now. */
  read({ name, type }: HookIdentity): HookStatus {
    const [queue = 0, delivered = 0, failed = 0, dropped = 0, joined = 0] = this.words;
    return { name, type, queue, delivered, failed, dropped, joined };
  }
}
