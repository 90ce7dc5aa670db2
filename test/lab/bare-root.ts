/**
 * A machine with next to nothing on it, in a folder: a shell, a few commands, Node.js, and the libraries that these load.
 * No compiler, no Python, no headers, no network drivers' libraries.
 */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Host } from './host.ts';
import type { Invocation } from './invocation.ts';

const execFileAsync = promisify(execFile);

/** What a shell script takes for granted. */
const ESSENTIAL =
  'sh bash env cat chmod chown cp cut dirname expr grep head id ln ls mkdir mv rm rmdir sed sleep tail touch tr uname';

/** Folders that a Debian system has. */
const FOLDERS =
  'dev etc proc root run sys tmp usr/bin usr/lib usr/lib64 usr/sbin var/lib var/log var/tmp usr/share/man/man1 usr/share/man/man5 usr/share/man/man7 usr/share/man/man8';

/** What is there while something runs, and npm's cache. */
const TRANSIENT = new Set(['dev', 'proc', 'sys', 'run', 'tmp', 'root/.npm']);

/** What the commands inside see of the environment. */
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** Where a command of this machine is. @throws Error if it is not installed */
async function where(command: string): Promise<string> {
  const { stdout } = await execFileAsync('sh', ['-c', 'command -v "$0"', command], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  return stdout.trim();
}

/** The shared libraries that a program or library loads. */
async function librariesOf(file: string): Promise<string[]> {
  const { stdout } = await execFileAsync('ldd', [file]).catch(() => ({ stdout: '' })); // a script has none
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library]) => library!);
}

/** A bare root. */
export class BareRoot {
  private constructor(readonly folder: string) {}

  /** Makes one with Node.js and these commands beside the essential ones. @param folder is made */
  static async make(folder: string, commands: readonly string[] = []): Promise<BareRoot> {
    const root = new BareRoot(folder);
    for (const name of FOLDERS.split(' ')) mkdirSync(path.join(folder, name), { recursive: true });
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, path.join(folder, name));
    symlinkSync('../run', path.join(folder, 'var/run'));
    root.write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
    root.write('etc/group', 'root:x:0:\n');
    root.write('etc/hosts', '127.0.0.1 localhost\n');
    root.write('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n');
    for (const command of [...ESSENTIAL.split(' '), ...commands]) await root.addProgram(await where(command));
    await root.addProgram(process.execPath, '/usr/bin/node');
    return root;
  }

  /** Adds npm, as this machine has it. */
  async addNpm(): Promise<void> {
    const cli = realpathSync(await where('npm'));
    const from = path.dirname(path.dirname(cli));
    cpSync(from, path.join(this.folder, 'usr/lib/node_modules/npm'), { recursive: true });
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(this.folder, 'usr/bin/npm'));
  }

  /** Adds a program of this machine, with its libraries. @param to where it is inside; default: the same place */
  async addProgram(from: string, to = from): Promise<void> {
    for (const [file, place] of [
      [from, to],
      ...(await librariesOf(from)).map((library) => [library, library]),
    ]) {
      const target = path.join(this.folder, place!);
      if (existsSync(target)) continue;
      mkdirSync(path.dirname(target), { recursive: true });
      copyFileSync(realpathSync(file!), target);
    }
  }

  /** Writes a file. */
  write(file: string, content: string, mode = 0o644): void {
    const target = path.join(this.folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
  }

  /** Every file, link and folder inside, from the root on; what runs and what npm keeps for itself left out. */
  contents(): string[] {
    const below = (folder: string): string[] =>
      readdirSync(path.join(this.folder, folder), { withFileTypes: true }).flatMap((entry) => {
        const name = path.join(folder, entry.name);
        if (TRANSIENT.has(name)) return [];
        return entry.isDirectory() ? [name, ...below(name)] : [name];
      });
    return below('').sort();
  }

  /** Arguments of `unshare` that run a command where the root has devices, /proc and the network namespace's own /sys. */
  private mounted(command: readonly string[]): string[] {
    const mounts = [
      `mount --bind /dev ${this.folder}/dev`,
      `mount -t proc proc ${this.folder}/proc`,
      `mount -t sysfs sys ${this.folder}/sys`,
    ];
    const script = `${mounts.join(' && ')} && exec "$@"`;
    return ['--mount', 'sh', '-c', script, 'sh', ...command];
  }

  /** Runs a command inside to its end. @param host in whose network; absent: the machine's own */
  async run(command: readonly string[], host?: Host, deadlineMs = 240_000): Promise<Invocation> {
    return this.beside(['chroot', this.folder, ...command], host, deadlineMs);
  }

  /** The same of a command of this machine, which is to work on the root from outside. */
  async beside(command: readonly string[], host?: Host, deadlineMs = 240_000): Promise<Invocation> {
    const words = [
      ...(host ? ['ip', 'netns', 'exec', host.namespace] : []),
      'unshare',
      ...this.mounted(command),
    ];
    const running = execFileAsync(words[0]!, words.slice(1), {
      env: ENVIRONMENT,
      timeout: deadlineMs,
      maxBuffer: 64 << 20,
    });
    try {
      return { code: 0, ...(await running) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
      if (typeof code !== 'number') throw error;
      return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
    }
  }

  /** The same. @returns its standard output @throws Error with all that it wrote if it fails */
  async succeed(command: readonly string[], host?: Host): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, host);
    if (code !== 0)
      throw new Error(`${command.join(' ')} in the bare root: exit code ${code}\n${stdout}${stderr}`);
    return stdout;
  }
}
