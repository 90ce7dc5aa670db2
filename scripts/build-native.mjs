// Builds the native parts, each as a prebuilt addon beside its JavaScript: `build-native.mjs [part …]`.
// A part whose sources are older than its addon is left alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTS } from './native-parts.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Headers that came with this Node.js (a distribution's package, a tarball), or none: node-gyp fetches. */
function headersBesideNode() {
  const prefix = path.dirname(path.dirname(process.execPath));
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? prefix : undefined;
}

function newest(folder) {
  const times = readdirSync(folder)
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => statSync(path.join(folder, name)).mtimeMs);
  return Math.max(statSync(path.join(root, 'binding.gyp')).mtimeMs, ...times);
}

function upToDate({ sources, out }) {
  const folder = path.join(root, out, 'prebuilds', `${process.platform}-${process.arch}`);
  if (!existsSync(folder)) return false;
  const addon = readdirSync(folder).find((name) => name.endsWith('.node'));
  return addon !== undefined && statSync(path.join(folder, addon)).mtimeMs > newest(path.join(root, sources));
}

const wanted = process.argv.slice(2);
for (const [part, places] of Object.entries(PARTS)) {
  if (wanted.length > 0 ? !wanted.includes(part) : upToDate(places)) continue;
  console.log(`building native part ${part}`);
  const env = { ...process.env, GYP_DEFINES: `part=${part}` };
  const headers = headersBesideNode();
  if (headers) env.npm_config_nodedir = headers;
  rmSync(path.join(root, places.out, 'prebuilds'), { recursive: true, force: true });
  mkdirSync(path.join(root, places.out), { recursive: true });
  const run = spawnSync(
    path.join(root, 'node_modules/.bin/prebuildify'),
    [
      '--napi',
      '--strip',
      '--name',
      part,
      '--target',
      process.versions.node,
      '--out',
      path.join(root, places.out),
    ],
    { cwd: root, env, stdio: 'inherit' },
  );
  if (run.status !== 0) process.exit(run.status ?? 1);
}
