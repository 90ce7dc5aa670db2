/**
 * What authentication must not forget, in memory that outlives the engine: a place for each virtual router, whose content
 * is its plugin's affair (`AuthMemory` of the plugin API). A new engine takes it over with the sockets, also from one that
 * has crashed; the main thread keeps copies in a file.
 */

/** Octets of each place. */
export const AUTH_MEMORY = 1024;

/** First word: `RVAM`. */
const MAGIC = 0x5256414d;
/** Version of this layout. */
const VERSION = 1;
/** Int32 words in front of the places. */
const Header = { Magic: 0, Version: 1, Slots: 2, Saves: 3, Count: 4 } as const;
const HEADER_BYTES = Header.Count * 4;
/** Octets in front of each place: its owner, and whether it is to be kept in the file. */
const HEAD_BYTES = 8;
const STRIDE = HEAD_BYTES + AUTH_MEMORY;

/** Nobody's. */
const FREE = 0;

/** A plugin's package as a number (FNV-1a, 32 bits), never 0. */
export function ownerNumber(plugin: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < plugin.length; i++) hash = Math.imul(hash ^ plugin.charCodeAt(i), 0x01000193);
  return hash | 0 || 1;
}

/** The places over their shared memory. */
export class AuthMemories {
  readonly slots: number;
  private readonly header: Int32Array;

  /** @throws Error if the memory is not of this layout */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.header = new Int32Array(buffer, 0, Header.Count);
    this.slots = this.header[Header.Slots]!;
    if (this.header[Header.Magic] !== MAGIC || this.header[Header.Version] !== VERSION)
      throw new Error('authentication memory: not of this layout');
  }

  /** Memory for so many virtual routers, all free. */
  static allocate(slots: number): AuthMemories {
    const buffer = new SharedArrayBuffer(HEADER_BYTES + slots * STRIDE);
    new Int32Array(buffer, 0, Header.Count).set([MAGIC, VERSION, slots, 0]);
    return new AuthMemories(buffer);
  }

  /** A slot's place itself. */
  place(slot: number): Uint8Array {
    return new Uint8Array(this.buffer, HEADER_BYTES + slot * STRIDE + HEAD_BYTES, AUTH_MEMORY);
  }

  /** Whose place it is, see {@link ownerNumber}; 0: nobody's. */
  owner(slot: number): number {
    return this.head(slot)[0]!;
  }

  /** Makes it this owner's. What another one has left there is wiped out. @returns whether there is something of its own */
  claim(slot: number, owner: number): boolean {
    const word = this.head(slot);
    if (word[0] === owner) return true;
    this.place(slot).fill(0);
    word[0] = owner;
    return false;
  }

  /**
   * Takes over a place of an earlier memory, if it was this owner's.
   * @returns whether it was
   */
  inherit(slot: number, owner: number, from: AuthMemories, fromSlot: number): boolean {
    if (fromSlot >= from.slots || from.owner(fromSlot) !== owner) return false;
    this.put(slot, owner, from.place(fromSlot));
    return true;
  }

  /** Fills a place. */
  put(slot: number, owner: number, content: Uint8Array): void {
    this.place(slot).set(content.subarray(0, AUTH_MEMORY));
    this.head(slot)[0] = owner;
  }

  /** Whether anybody has this place. */
  isUsed(slot: number): boolean {
    return this.owner(slot) !== FREE;
  }

  /** What is in a place is to be kept in the file. */
  save(slot: number): void {
    Atomics.store(this.head(slot), 1, 1);
    Atomics.add(this.header, Header.Saves, 1);
  }

  /** Whether a place is to be kept in the file since this was asked last. */
  takeSaved(slot: number): boolean {
    return Atomics.exchange(this.head(slot), 1, 0) === 1;
  }

  /** Another number after every {@link save}. */
  get saves(): number {
    return Atomics.load(this.header, Header.Saves);
  }

  private head(slot: number): Int32Array {
    return new Int32Array(this.buffer, HEADER_BYTES + slot * STRIDE, 2);
  }
}
