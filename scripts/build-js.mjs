// Bundles the daemon into dist/ and each plugin into its own dist/, with declarations for plugin authors.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('..', import.meta.url));
const common = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  silent: true,
  config: false,
};

process.chdir(root);
await build({
  ...common,
  entry: {
    rvrrpd: 'core/bin/rvrrpd.ts',
    'rvrrpd-pw': 'core/bin/rvrrpd-pw.ts',
    engine: 'core/engine/worker.ts',
    actuator: 'core/actuator/worker.ts',
    service: 'core/services/worker.ts',
    plugin: 'core/plugin/index.ts',
  },
  outDir: 'dist',
  dts: { entry: { plugin: 'core/plugin/index.ts' }, compilerOptions: { paths: {}, rootDir: '.' } },
});
for (const name of readdirSync(path.join(root, 'plugins'))) {
  if (!existsSync(path.join(root, 'plugins', name, 'src/index.ts'))) continue;
  // tsup leaves out the dependencies of the package in the working directory, which is rvrrpd's.
  const { dependencies = {} } = JSON.parse(
    readFileSync(path.join(root, 'plugins', name, 'package.json'), 'utf8'),
  );
  await build({
    ...common,
    external: Object.keys(dependencies),
    entry: { index: `plugins/${name}/src/index.ts` },
    outDir: `plugins/${name}/dist`,
  });
}
