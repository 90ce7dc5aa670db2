/** Links that have changed and wait for their turn, so that a thousand at once hold the engine up no longer than few. */
import type { Link } from '../plugin/contracts/index.ts';
import { KnownLinks, type LinkNews } from '../threads/link-news.ts';

/** See the file's comment. What is known here are the links as the routers have been placed on. */
export class LinkQueue {
  private readonly known = new KnownLinks();
  /** By name: the link as told last, undefined where there is none any more. In the order in which they came. */
  private readonly waiting = new Map<string, Link | undefined>();
  /** Names of waiting links by the index that they will have. */
  private readonly coming = new Map<number, string>();
  /** Taken from those that wait, and not placed yet. */
  private readonly taken = new Map<string, Link | undefined>();
  /** Present names by index. */
  private readonly names = new Map<number, string>();

  /** All links: nothing waits any more. */
  reset(links: readonly Link[]): void {
    this.waiting.clear();
    this.coming.clear();
    this.names.clear();
    this.known.hear({ links });
    for (const { index, name } of links) this.names.set(index, name);
  }

  /** A link that changes again while it waits costs nothing. */
  hear({ links, gone }: Omit<LinkNews, 'type'>): void {
    if (!gone) {
      this.reset(links);
      return;
    }
    for (const name of gone) this.wait(name, undefined);
    for (const link of links) this.wait(link.name, link);
  }

  /** Has these names looked at again, changed or not. */
  again(names: Iterable<string>): void {
    for (const name of names) if (!this.waiting.has(name)) this.wait(name, this.known.get(name));
  }

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /** All links as told last, those that wait included. */
  latest(): readonly Link[] {
    if (this.waiting.size === 0) return this.known.list();
    const links = new Map(this.known.list().map((link) => [link.name, link]));
    for (const [name, link] of this.waiting) {
      if (link) links.set(name, link);
      else links.delete(name);
    }
    return [...links.values()];
  }

  /**
   * The names that are to be looked at next. Those between which an index changes hands come together, however many:
   * a link has one name at any time.
   * @returns them, and the indices that links of these names had before
   * @param weight what a name costs; `budget`: how much may be spent, one name or one exchange is always taken
   */
  next(weight: (name: string) => number, budget: number): { names: string[]; indices: number[] } {
    const batch: string[] = [];
    const indices: number[] = [];
    let left = budget;
    for (const first of this.waiting.keys()) {
      if (batch.length > 0 && left < weight(first)) break;
      const together = [first];
      for (const name of together) {
        if (!this.waiting.has(name)) continue;
        const then = this.waiting.get(name);
        const before = this.known.get(name);
        this.take(name, then);
        if (before) indices.push(before.index);
        batch.push(name);
        left -= weight(name);
        // Who has the index that this name gets, and who gets the one that it had.
        const holder = then && this.names.get(then.index);
        const heir = before && this.coming.get(before.index);
        if (holder !== undefined) together.push(holder);
        if (heir !== undefined) together.push(heir);
      }
      for (const name of together) this.place(name);
    }
    return { names: batch, indices };
  }

  /** The links that have these names now. */
  of(names: readonly string[]): Link[] {
    return names.flatMap((name) => this.known.get(name) ?? []);
  }

  private wait(name: string, link: Link | undefined): void {
    const earlier = this.waiting.get(name);
    if (earlier && this.coming.get(earlier.index) === name) this.coming.delete(earlier.index);
    this.waiting.set(name, link);
    if (link) this.coming.set(link.index, name);
  }

  private take(name: string, then: Link | undefined): void {
    this.waiting.delete(name);
    if (then && this.coming.get(then.index) === name) this.coming.delete(then.index);
    this.taken.set(name, then);
  }

  private place(name: string): void {
    if (!this.taken.has(name)) return;
    const then = this.taken.get(name);
    this.taken.delete(name);
    const before = this.known.get(name);
    if (before && this.names.get(before.index) === name) this.names.delete(before.index);
    this.known.hear(then ? { links: [then], gone: [] } : { links: [], gone: [name] });
    if (then) this.names.set(then.index, name);
  }
}
