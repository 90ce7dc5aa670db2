/** What the author of a plugin does, outside this repository and with the published package alone. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../core/shared/package-root.ts';

const execFileAsync = promisify(execFile);

/** A package's manifest, as far as it is changed here. */
interface Manifest {
  version: string;
  rvrrpd: { api: string };
}

async function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await execFileAsync(command, args, { cwd: folder })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} in ${folder}:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Packs a package as for the registry. @returns path of the tarball */
async function pack(folder: string, into: string): Promise<string> {
  mkdirSync(into, { recursive: true });
  const listing = await run(folder, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', into);
  const [{ filename }] = JSON.parse(listing) as [{ filename: string }];
  return path.join(into, filename);
}

/** An author at work in a folder of their own. */
export class Author {
  private constructor(
    private readonly folder: string,
    /** Where their plugin is. */
    readonly plugin: string,
  ) {}

  /**
   * Copies the template out of the packed rvrrpd, with rvrrpd and the tools installed as `npm install` would,
   * but from here: tests have no registry.
   * @param folder is made
   * @param template of the folder `templates`
   */
  static async begin(folder: string, template = 'plugin-auth'): Promise<Author> {
    const author = new Author(folder, path.join(folder, 'plugin'));
    const tarball = await pack(packageRoot(), folder);
    const modules = path.join(author.plugin, 'node_modules');
    const rvrrpd = path.join(modules, 'rvrrpd');
    mkdirSync(rvrrpd, { recursive: true });
    await run(folder, 'tar', '-xzf', tarball, '-C', rvrrpd, '--strip-components=1');
    cpSync(path.join(rvrrpd, 'templates', template), author.plugin, { recursive: true });
    const { dependencies } = JSON.parse(readFileSync(path.join(rvrrpd, 'package.json'), 'utf8')) as {
      dependencies: Readonly<Record<string, string>>;
    };
    for (const name of ['typescript', '@types/node', ...Object.keys(dependencies)]) {
      mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
      symlinkSync(path.join(packageRoot(), 'node_modules', name), path.join(modules, name));
    }
    return author;
  }

  /** Checks its types. @throws Error with what is wrong */
  async check(): Promise<void> {
    await run(this.plugin, process.execPath, 'node_modules/typescript/bin/tsc');
  }

  /** Runs its tests. @returns the report @throws Error with the report if one fails */
  async test(): Promise<string> {
    return run(this.plugin, 'npm', 'test');
  }

  /** Sets its version, and the range of the plugin API that it is made for. */
  release(version: string, api = '^1.0.0'): void {
    const file = path.join(this.plugin, 'package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    manifest.version = version;
    manifest.rvrrpd.api = api;
    writeFileSync(file, JSON.stringify(manifest, undefined, 2));
  }

  /** Replaces a piece of its code. @throws Error if it is not there */
  edit(before: string, after: string): void {
    const file = path.join(this.plugin, 'index.js');
    const code = readFileSync(file, 'utf8');
    if (!code.includes(before)) throw new Error(`${file} does not have ${before}`);
    writeFileSync(file, code.replace(before, after));
  }

  /** Adds a file. */
  add(name: string, text: string): void {
    writeFileSync(path.join(this.plugin, name), text);
  }

  /** Packs it. @returns path of the tarball */
  async pack(): Promise<string> {
    return pack(this.plugin, this.folder);
  }
}

/** `npm install` of a tarball in a folder, as an operator does it. */
export async function npmInstall(folder: string, tarball: string): Promise<void> {
  await run(folder, 'npm', 'install', '--offline', '--no-audit', '--no-fund', '--prefix', folder, tarball);
}

/** Paths in a tarball. */
export async function filesIn(tarball: string): Promise<string[]> {
  return (await run(path.dirname(tarball), 'tar', '-tzf', tarball)).trim().split('\n').sort();
}
