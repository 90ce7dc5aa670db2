// The licences of the packages whose code a bundle contains: their authors ask that the text goes with every copy.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder of the package that a file belongs to; undefined: it is our own. */
function packageOf(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

/**
 * @param {Record<string, unknown>} inputs of esbuild's metafile
 * @param {string} root that their paths start from
 * @returns {string} the text of all licences
 * @throws Error if a package has none
 */
export function licencesOf(inputs, root) {
  const folders = new Set(Object.keys(inputs).map(packageOf));
  folders.delete(undefined);
  const texts = [...folders].sort().map((folder) => {
    const absolute = path.join(root, folder);
    const { name, version } = JSON.parse(readFileSync(path.join(absolute, 'package.json'), 'utf8'));
    const file = readdirSync(absolute).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${folder} has no licence text: it cannot be bundled`);
    return `${name} ${version}\n\n${readFileSync(path.join(absolute, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
