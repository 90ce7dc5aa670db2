/** Tells when a path may have changed, whether or not it exists. */
import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';

/**
 * Watches the folder that a file is in: a file that is replaced is another one, but the folder stays. While that is not
 * there either, the nearest one above it that is.
 */
export class PathWatch {
  private watcher: FSWatcher | undefined;
  private folder = '';

  /** @param changed called when the file may have changed */
  constructor(
    private readonly file: string,
    private readonly changed: () => void,
  ) {
    this.renew();
  }

  /** Looks whether there is a nearer folder to watch, or the one that was watched is gone. Costs little. */
  renew(): void {
    for (let folder = path.dirname(this.file); ; folder = path.dirname(folder)) {
      if (this.watcher !== undefined && folder === this.folder) return;
      const opened = this.open(folder);
      if (opened !== undefined) {
        this.close();
        this.watcher = opened;
        this.folder = folder;
        return;
      }
      if (path.dirname(folder) === folder) return;
    }
  }

  private open(folder: string): FSWatcher | undefined {
    // The entry in this folder that leads to the file.
    const [entry] = path.relative(folder, this.file).split(path.sep);
    try {
      const watcher = watch(folder, { persistent: true }, (_, name) => {
        // Without a name, or with its own, the folder itself has gone.
        if (name === null || name === entry || name === path.basename(folder)) {
          if (watcher === this.watcher && name !== entry) this.close();
          this.changed();
        }
      });
      watcher.on('error', () => {
        if (watcher === this.watcher) this.close();
        this.changed();
      });
      return watcher;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.watcher?.close();
    this.watcher = undefined;
  }
}
