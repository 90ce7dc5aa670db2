// Bundles the daemon into dist/ and each plugin into its own dist/, with declarations for plugin authors.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { licencesOf } from './licences.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const common = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  silent: true,
  config: false,
};

/**
 * Dependencies that go into the bundle. Opening their hundreds of files, one after the other, is half of the time
 * that a start takes, and each thread keeps what it knows of each file. cosmiconfig is not among them: it looks for
 * what it needs beside itself.
 */
const BUNDLED = [
  '@iarna/toml',
  '@sinclair/typebox',
  'ajv',
  'jsonc-parser',
  'pino',
  'pino-pretty',
  'semver',
  'toml-eslint-parser',
];

process.chdir(root);
await build({
  ...common,
  entry: {
    rvrrpd: 'core/bin/rvrrpd.ts',
    'rvrrpd-pw': 'core/bin/rvrrpd-pw.ts',
    engine: 'core/engine/worker.ts',
    actuator: 'core/actuator/worker.ts',
    service: 'core/services/worker.ts',
    track: 'core/services/track-worker.ts',
    notify: 'core/services/notify-worker.ts',
    plugin: 'core/plugin/index.ts',
  },
  outDir: 'dist',
  noExternal: BUNDLED,
  // CommonJS among them asks `require` for modules of Node.js.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  esbuildOptions(options) {
    options.charset = 'ascii';
  },
  metafile: true,
  dts: { entry: { plugin: 'core/plugin/index.ts' }, compilerOptions: { paths: {}, rootDir: '.' } },
});
const metafile = path.join(root, 'dist/metafile-esm.json');
const { inputs } = JSON.parse(readFileSync(metafile, 'utf8'));
rmSync(metafile);
// V8 keeps a source text with one octet a character, unless one of them is beyond Latin-1: then with two. esbuild
// has written what is in code as an escape; what is left is in comments.
for (const name of readdirSync('dist').filter((each) => each.endsWith('.js'))) {
  const file = path.join('dist', name);
  const text = readFileSync(file, 'utf8');
  const escaped = text.replace(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  if (escaped !== text) writeFileSync(file, escaped);
}
writeFileSync(path.join(root, 'dist/LICENCES.txt'), licencesOf(inputs, root));
for (const name of readdirSync(path.join(root, 'plugins'))) {
  if (!existsSync(path.join(root, 'plugins', name, 'src/index.ts'))) continue;
  // tsup leaves out the dependencies of the package in the working directory, which is rvrrpd's.
  const { dependencies = {}, exports } = JSON.parse(
    readFileSync(path.join(root, 'plugins', name, 'package.json'), 'utf8'),
  );
  const entry = { index: `plugins/${name}/src/index.ts` };
  // What other packages import has types.
  const hasTypes = exports['.'].types !== undefined;
  await build({
    ...common,
    external: Object.keys(dependencies),
    entry,
    outDir: `plugins/${name}/dist`,
    ...(hasTypes ? { dts: { entry, compilerOptions: { paths: {}, rootDir: '.' } } } : {}),
  });
}
