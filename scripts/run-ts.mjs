// Runs a TypeScript program of this repository: `node scripts/run-ts.mjs FILE [argument …]`.
// It is bundled first, into node_modules/.cache, because Node.js 20 does not run TypeScript by itself.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [, , file] = process.argv;
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE [argument …]');
  process.exit(2);
}

const { build } = await import('esbuild').catch(() => {
  console.error(`${file}: the npm packages that it needs are missing: make setup`);
  process.exit(1);
});
const folder = path.join(root, 'node_modules/.cache/rvrrpd');
const outfile = path.join(folder, `${path.basename(file, '.ts')}-${process.pid}.mjs`);
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [path.resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  // It removes itself once it runs: a program that is killed leaves no file either.
  banner: { js: "import { rmSync as removeBundle } from 'node:fs'; removeBundle(new URL(import.meta.url));" },
  logLevel: 'warning',
});
process.argv.splice(1, 2, outfile);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
