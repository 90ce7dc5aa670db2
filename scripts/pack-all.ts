/**
 * `npm run pack:all`: tarballs of rvrrpd and of every plugin, into out/packages, with addons for all platforms.
 * `--addons=this`: with those of this machine alone, which need no other compiler than the build.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { packAll } from './packages/pack.ts';
import { ROOT } from './packages/workspace.ts';

const addons = process.argv.includes('--addons=this') ? 'this' : 'all';
const into = path.join(ROOT, 'out/packages');
mkdirSync(into, { recursive: true });
for (const name of readdirSync(into)) rmSync(path.join(into, name), { recursive: true });
for (const { file, size } of await packAll(into, { addons })) {
  console.log(`${path.relative(ROOT, file)}  ${Math.ceil(size / 1024)} KiB`);
}
