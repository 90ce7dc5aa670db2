/** Makes the text of `/metrics`, seldom enough that no client can keep a processor busy with it. */

/** A text may be as old as so many times the time that making it took. */
const REST = 4;

/**
 * @param make makes the text
 * @returns the text, or one that was made a moment ago: with thousands of virtual routers it takes some tenths of
 * a second, and as often as anybody asks for it, at most a fifth of the time goes into it
 */
export function scraper(make: () => Promise<string>): () => Promise<string> {
  let current: Promise<string> | undefined;
  let fresh = 0;
  return () => {
    if (current === undefined || performance.now() > fresh) {
      const started = performance.now();
      fresh = Number.POSITIVE_INFINITY; // whoever asks meanwhile waits for the same
      current = make().finally(() => {
        const now = performance.now();
        fresh = now + REST * (now - started);
      });
      current.catch(() => {
        current = undefined;
      });
    }
    return current;
  };
}
