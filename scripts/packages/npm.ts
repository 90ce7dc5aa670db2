/** Calls of npm. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from './workspace.ts';

const execFileAsync = promisify(execFile);

/** A package as `npm pack --json` tells of it. */
export interface Packed {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}

/** Runs npm in a folder. @returns its standard output @throws Error with all that it said */
export async function npm(args: readonly string[], folder = ROOT): Promise<string> {
  try {
    const { stdout } = await execFileAsync('npm', args, { cwd: folder, maxBuffer: 64 << 20 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ${args.join(' ')} in ${folder}:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

/**
 * `npm pack` of several folders.
 * @param into folder for the tarballs; undefined: only tells what would be in them
 * @returns in the order of the folders
 */
export async function npmPack(folders: readonly string[], into?: string): Promise<Packed[]> {
  const where = into === undefined ? ['--dry-run'] : ['--pack-destination', into];
  const specs = folders.map((folder) => `file:${folder}`);
  const report = JSON.parse(await npm(['pack', '--json', '--ignore-scripts', ...where, ...specs])) as unknown;
  // A list; newer versions of npm print an object by name when they pack workspaces.
  return (Array.isArray(report) ? report : Object.values(report as object)) as Packed[];
}
