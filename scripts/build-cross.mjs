// Builds the native parts for every platform that packages are made for: `build-cross.mjs [--for=PLATFORM …] [part …]`.
// One compiler for all of them, zig, which brings headers and start code of each: glibc as old as Node.js 20 itself
// asks for, or musl. The C++ library is linked statically. What comes out is below out/cross, in the places
// and under the names in which `node-gyp-build` looks for it. A part whose sources are older than its addon is left alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTS } from './native-parts.mjs';
import { PLATFORMS } from './platforms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const ZIG_VERSION = '0.14.1';
const tools = path.join(root, 'out/tools');

/** Where this compiler is; installed if it is not there. It comes as a Python package, from the configured index. */
function zig() {
  const folder = path.join(tools, `zig-${ZIG_VERSION}`);
  const command = path.join(folder, 'ziglang/zig');
  if (!existsSync(command)) {
    console.log(`installing the compiler zig ${ZIG_VERSION} into ${path.relative(root, folder)}`);
    const words = [
      '-m',
      'pip',
      'install',
      '-q',
      '--disable-pip-version-check',
      '--no-deps',
      '--target',
      folder,
    ];
    run('python3', [...words, `ziglang==${ZIG_VERSION}`]);
  }
  return command;
}

/** Headers of Node.js, which are the same for all of these platforms. */
function nodeHeaders() {
  const beside = path.join(path.dirname(path.dirname(process.execPath)), 'include/node');
  const fetched = path.join(homedir(), '.cache/node-gyp', process.versions.node, 'include/node');
  const found = [beside, fetched].find((folder) => existsSync(path.join(folder, 'node_api.h')));
  if (found === undefined) {
    throw new Error(
      `no headers of Node.js in ${beside} or ${fetched}: run \`node_modules/.bin/node-gyp install\``,
    );
  }
  return found;
}

function run(command, args) {
  // pip installs into a folder of ours: what Debian says about its own Python packages does not matter there.
  const env = { ...process.env, PIP_BREAK_SYSTEM_PACKAGES: '1' };
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) {
    console.error(`failed: ${command} ${args.join(' ')}`);
    process.exit(1);
  }
}

function newest(folder) {
  const files = readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name));
  return Math.max(...files.map((name) => statSync(path.join(folder, name)).mtimeMs));
}

/**
 * Empty libraries by the names of the real ones: the addon then says which it needs, and no library of the other
 * platform has to be installed here. What it takes from them is found when it is loaded.
 */
function standIns(compiler, target, libraries) {
  const folder = path.join(tools, 'stand-ins', target);
  const source = path.join(tools, 'stand-ins/empty.c');
  mkdirSync(folder, { recursive: true });
  writeFileSync(source, '');
  for (const name of libraries) {
    const file = path.join(folder, `lib${name}.so`);
    if (existsSync(file)) continue;
    const words = ['cc', '-target', target, '-shared', '-nostdlib', `-Wl,-soname,lib${name}.so.200`];
    run(compiler, [...words, '-o', file, source]);
  }
  return ['-Wl,--no-as-needed', `-L${folder}`, ...libraries.map((name) => `-l${name}`)];
}

const words = process.argv.slice(2);
const wantedPlatforms = words.flatMap((word) => word.match(/^--for=(.+)$/)?.[1] ?? []);
const wantedParts = words.filter((word) => !word.startsWith('--'));
const unknown = wantedPlatforms.find((name) => !PLATFORMS.some((platform) => platform.name === name));
if (unknown !== undefined) {
  console.error(`unknown platform ${unknown}: there is ${PLATFORMS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const addonApi = createRequire(import.meta.url)('node-addon-api').include_dir.replaceAll('"', '');
for (const { name: platform, arch, libc, target } of PLATFORMS) {
  if (wantedPlatforms.length > 0 && !wantedPlatforms.includes(platform)) continue;
  for (const [part, { sources, out, libraries }] of Object.entries(PARTS)) {
    if (wantedParts.length > 0 && !wantedParts.includes(part)) continue;
    const addon = path.join(root, 'out/cross', out, 'prebuilds', `linux-${arch}`, `${part}.${libc}.node`);
    if (existsSync(addon) && statSync(addon).mtimeMs > newest(path.join(root, sources))) continue;
    console.log(`building native part ${part} for ${platform}`);
    mkdirSync(path.dirname(addon), { recursive: true });
    const compiler = zig();
    const files = readdirSync(path.join(root, sources)).filter((file) => file.endsWith('.cc'));
    run(compiler, [
      ...[
        'c++',
        '-target',
        target,
        '-std=c++17',
        '-O2',
        '-g0',
        '-fPIC',
        '-fvisibility=hidden',
        '-shared',
        '-s',
      ],
      // As in binding.gyp.
      ...['NAPI_VERSION=8', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS', 'NAPI_CPP_EXCEPTIONS'].map(
        (each) => `-D${each}`,
      ),
      ...[
        '-DBUILDING_NODE_EXTENSION',
        `-DNODE_GYP_MODULE_NAME=${part}`,
        '-Wall',
        '-Wextra',
        '-Wno-unused-parameter',
      ],
      ...['-Wno-cast-function-type', '-Wno-cast-function-type-mismatch', '-Wno-unknown-warning-option'],
      ...['-isystem', nodeHeaders(), '-isystem', addonApi],
      ...(libraries.length > 0 ? ['-isystem', '/usr/include/libnl3'] : []),
      ...['-o', addon, ...files.map((file) => path.join(sources, file))],
      ...(libraries.length > 0 ? standIns(compiler, target, libraries) : []),
    ]);
    if (!readFileSync(addon).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1')))
      throw new Error(`${addon} is no addon`);
  }
}
