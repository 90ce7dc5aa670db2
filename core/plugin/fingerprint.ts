/** Whether a plugin's code is still what it was. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Changes whenever a file of a package does: name, size or time of modification. What it depends on
 * (`node_modules`) and hidden files do not count.
 * @param folder of the package
 */
export function packageFingerprint(folder: string): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    const entries = readdirSync(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
      const file = join(path, entry.name);
      if (entry.isDirectory()) visit(file);
      else if (entry.isFile()) {
        const { size, mtimeMs, ino } = statSync(file);
        hash.update(`${file}\0${size} ${mtimeMs} ${ino}\0`);
      }
    }
  };
  visit(folder);
  return hash.digest('hex');
}
