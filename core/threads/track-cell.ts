/**
 * What a tracker says, in shared memory: the main thread alone writes it, and everybody reads it without asking. A cell
 * is the tracker's for as long as there is one of its name: whatever becomes of generations, engines and plugins, the
 * verdict stays.
 */

/** What counts. */
export const Verdict = {
  /** There is none yet. */
  None: 0,
  Up: 1,
  Down: 2,
} as const;
/** One of {@link Verdict}. */
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** What verdicts are called, by {@link Verdict}. */
export const VERDICT_NAMES = ['waiting', 'up', 'down'] as const;

/** Octets of {@link CellContent.words} that are kept. */
const WORDS = 200;

/** Int32 words. */
const Int = {
  /** Odd while it is being written. */
  Version: 0,
  /** Verdict and weight in one word: the engine reads both at once. */
  Mark: 1,
  WordsLength: 2,
  Count: 4,
} as const;
/** Float64 words behind them. */
const Num = { Since: 0, HeldUntil: 1, Count: 2 } as const;
const NUMS_AT = Int.Count * 4;
const WORDS_AT = NUMS_AT + Num.Count * 8;

/** A mark has the verdict in its two lowest bits, and above them the weight plus this, or 0. */
const WEIGHT_BASE = 256;

/** All of a cell. */
export interface CellContent {
  readonly verdict: Verdict;
  /** What the last check that counts has found as weight; undefined: nothing. */
  readonly weight: number | undefined;
  /** When the verdict changed last, ms since the epoch. */
  readonly since: number;
  /** It has recovered, and counts as up from then on, ms since the epoch; 0: no. */
  readonly heldUntil: number;
  /** What the last check has said. */
  readonly words: string;
}

/** The verdict in a mark. */
export function verdictOf(mark: number): Verdict {
  return (mark & 3) as Verdict;
}

/** The weight in a mark. */
export function weightOf(mark: number): number | undefined {
  const weight = mark >> 2;
  return weight === 0 ? undefined : weight - WEIGHT_BASE;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A cell over its memory. */
export class TrackCell {
  private readonly ints: Int32Array;
  private readonly nums: Float64Array;
  private readonly octets: Uint8Array;

  /** @param buffer memory made by {@link TrackCell.allocate} */
  constructor(readonly buffer: SharedArrayBuffer) {
    this.ints = new Int32Array(buffer, 0, Int.Count);
    this.nums = new Float64Array(buffer, NUMS_AT, Num.Count);
    this.octets = new Uint8Array(buffer, WORDS_AT, WORDS);
  }

  /** One without a verdict. */
  static allocate(): TrackCell {
    return new TrackCell(new SharedArrayBuffer(WORDS_AT + WORDS));
  }

  /** Verdict and weight, as one word; see {@link verdictOf} and {@link weightOf}. */
  get mark(): number {
    return Atomics.load(this.ints, Int.Mark);
  }

  /** Changes whenever anything does. */
  get version(): number {
    return Atomics.load(this.ints, Int.Version);
  }

  /** All of it, at one moment. Never waits: of one that is written again and again the last look counts. */
  read(): CellContent {
    const { ints, nums, octets } = this;
    for (let attempt = 0; ; attempt++) {
      const version = this.version;
      const mark = this.mark;
      const content = {
        verdict: verdictOf(mark),
        weight: weightOf(mark),
        since: nums[Num.Since]!,
        heldUntil: nums[Num.HeldUntil]!,
        words: decoder.decode(octets.slice(0, Atomics.load(ints, Int.WordsLength))),
      };
      if ((version % 2 === 0 && version === this.version) || attempt === 100) return content;
    }
  }

  /** Writes all of it: for the main thread alone. */
  write({ verdict, weight, since, heldUntil, words }: CellContent): void {
    const { ints, nums, octets } = this;
    // One line, whatever the plugin has said.
    const encoded = new Uint8Array(WORDS);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    const { written } = encoder.encodeInto(words.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim(), encoded);
    Atomics.add(ints, Int.Version, 1);
    nums[Num.Since] = since;
    nums[Num.HeldUntil] = heldUntil;
    octets.set(encoded);
    Atomics.store(ints, Int.WordsLength, written);
    Atomics.store(ints, Int.Mark, verdict | ((weight === undefined ? 0 : weight + WEIGHT_BASE) << 2));
    Atomics.add(ints, Int.Version, 1);
  }
}
