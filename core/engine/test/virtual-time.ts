/** Time that stands still until it is told to go on: what is due on the way is done in its order. */

/** What is to happen. */
interface Due {
  readonly at: number;
  readonly act: () => void;
}

/** More acts than this at one and the same moment: something sets itself up again without end. */
const MOST_AT_ONCE = 100_000;

/** See the file's comment. Times in ms. */
export class VirtualTime {
  private due: Due[] = [];

  /** @param now where it begins */
  constructor(private time = 1000) {}

  readonly now = (): number => this.time;

  /** Does something once, at a time; at once, in its turn, if that has passed. @returns calls it off */
  at(time: number, act: () => void): () => void {
    const due = { at: Math.max(time, this.time), act };
    let behind = this.due.findIndex(({ at }) => at > due.at);
    if (behind < 0) behind = this.due.length;
    this.due.splice(behind, 0, due);
    return () => {
      this.due = this.due.filter((one) => one !== due);
    };
  }

  /** Does something once, after a while. @returns calls it off */
  readonly after = (ms: number, act: () => void): (() => void) => this.at(this.time + ms, act);

  /** It is that late, and nothing that was due has been done: nobody ran. */
  jump(to: number): void {
    this.time = to;
  }

  /** Lets so much time pass. */
  pass(ms: number): void {
    this.until(this.time + ms);
  }

  /** Lets the time come to `end`. */
  until(end: number): void {
    let acts = 0;
    for (let next = this.due[0]; next && next.at <= end; next = this.due[0]) {
      acts = next.at > this.time ? 0 : acts + 1;
      if (acts > MOST_AT_ONCE) throw new Error(`the time stands still at ${this.time} ms`);
      this.due.shift();
      this.time = Math.max(this.time, next.at);
      next.act();
    }
    this.time = end;
  }
}
