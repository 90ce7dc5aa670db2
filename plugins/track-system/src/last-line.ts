/** The last line of what a program writes, however much that is. */

/** Octets that are kept. */
const KEPT = 4096;
/** Characters that are shown. */
const SHOWN = 200;

/** See the file's comment. */
export class LastLine {
  private kept = Buffer.alloc(0);

  /** Takes what was written. */
  add(part: Buffer): void {
    const both = Buffer.concat([this.kept, part.subarray(-KEPT)]);
    this.kept = both.subarray(-KEPT);
  }

  /** The last line with something in it, on one line and without control characters; empty: there is none. */
  text(): string {
    const lines = this.kept.toString('utf8').split(/[\r\n]+/);
    const readable = lines.map((line) => line.replace(/\p{C}+/gu, ' ').trim()).filter((line) => line !== '');
    return [...(readable.at(-1) ?? '')].slice(0, SHOWN).join('');
  }
}
