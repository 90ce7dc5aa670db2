/** What the last reading of the routes gave: it holds until something changes. A table may have a million routes. */
import { codeOf } from 'rvrrpd-track-system';
import type { Route } from './routes.ts';

/** See the file's comment. */
export class LastReading {
  private known: readonly Route[] | undefined;
  /** Changes counted: what changes during a reading makes it old at once. */
  private changes = 0;

  /** Something has changed. */
  forget(): void {
    this.known = undefined;
    this.changes++;
  }

  /**
   * The routes.
   * @param read reads them anew
   * @param isTold whether changes are told: if not, nothing is kept
   * @throws Error if they cannot be read: the next time they are read again
   */
  async routes(read: () => Promise<readonly Route[]>, isTold: boolean): Promise<readonly Route[]> {
    if (this.known !== undefined) return this.known;
    const { changes } = this;
    const routes = await read().catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return []; // there is no such table (yet): the kernel makes it for its first route
      throw error;
    });
    if (isTold && changes === this.changes) this.known = routes;
    return routes;
  }
}
