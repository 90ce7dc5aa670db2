/** Whose work is in an installation, and under which terms: Debian's `copyright` file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './workspace.ts';

/** Packages in a `node_modules` folder and those that they contain. @returns absolute paths */
function packagesBelow(modules: string): string[] {
  if (!existsSync(modules)) return [];
  return readdirSync(modules)
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(path.join(modules, name)).map((inner) => `${name}/${inner}`)
        : [name],
    )
    .map((name) => path.join(modules, name))
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .flatMap((folder) => [folder, ...packagesBelow(path.join(folder, 'node_modules'))]);
}

const LINE = '-'.repeat(80);

/** Debian has the text of this licence, and wants it to be referred to. */
function withoutApache(text: string): string {
  const begin = text.search(/^ *Apache License\n/m);
  if (begin < 0) return text;
  return `${text.slice(0, begin).trim()}\n\nApache License, Version 2.0: see /usr/share/common-licenses/Apache-2.0`;
}

/** @param library the daemon's folder, with everything that it needs @throws Error if a package has no terms */
export function copyrightText(library: string): string {
  const own = readFileSync(path.join(ROOT, 'LICENSE'), 'utf8').trim();
  const others = packagesBelow(path.join(library, 'node_modules')).flatMap((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    ) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    if (name.startsWith('rvrrpd-')) return [];
    const text = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (text === undefined && license === undefined)
      throw new Error(`${folder} has no licence: it cannot be packaged`);
    const terms =
      text === undefined
        ? `${license} (its package has no text of it)`
        : readFileSync(path.join(folder, text), 'utf8').trim();
    return [`${name} ${version} (https://www.npmjs.com/package/${name})\n\n${terms}\n`];
  });
  const bundled = readFileSync(path.join(library, 'dist/LICENCES.txt'), 'utf8').trim().split(`\n${LINE}\n`);
  const parts = [
    `rvrrpd and its plugins (https://www.npmjs.com/package/rvrrpd)\n\n${own}`,
    ...bundled,
    ...others,
  ];
  return `${parts.map((part) => withoutApache(part.trim())).join(`\n\n${LINE}\n\n`)}\n`;
}
