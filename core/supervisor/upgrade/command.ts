/** How the next version of the daemon is started: with which Node.js, from which file, with which arguments. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { CodedError } from '../../shared/errors.ts';
import type { PrepareOptions } from '../prepare.ts';

/** What whoever asks for an upgrade may say. */
export interface UpgradeRequest {
  /** Absolute path of the new version's executable. Absent: that of this daemon, looked up anew. */
  readonly executable?: string;
  /** Absolute path of the Node.js to run it with. */
  readonly node?: string;
}

/** How this daemon was started. */
export interface OwnStart {
  /** Node.js: `process.execPath`. */
  readonly node: string;
  /** Arguments of Node.js: `process.execArgv`. */
  readonly nodeArguments: readonly string[];
  /** The script as it was named, symbolic links not followed: `process.argv[1]`. */
  readonly script: string;
}

/** Only some versions of Node.js know it. Without it they do what it does a moment later, see bin/rvrrpd.ts. */
const NOT_FOR_ALL = '--disable-sigusr1';

/**
 * Program and arguments of the new process. A script that was named and can be executed is: its first line says which
 * Node.js it wants. Otherwise it is run with the Node.js of this daemon, if that is still there.
 * @param args arguments of the script
 * @throws CodedError if there is no such file
 */
export function commandOf(
  { executable, node }: UpgradeRequest,
  own: OwnStart,
  args: readonly string[],
): readonly [string, ...string[]] {
  const script = executable ?? own.script;
  expectFile(script, 'executable');
  if (node !== undefined) expectFile(node, 'Node.js');
  const nodeArguments = own.nodeArguments.filter((each) => each !== NOT_FOR_ALL);
  if (node !== undefined) return [node, ...nodeArguments, script, ...args];
  const runsItself = isExecutable(script);
  const itself = executable !== undefined || !isExecutable(own.node);
  if (runsItself && itself) return [script, ...args];
  return [own.node, ...nodeArguments, script, ...args];
}

/** Arguments that have the new process run the same configuration in the same way. */
export function argumentsOf(mode: 1 | 2, file: string, { format, debug }: PrepareOptions): string[] {
  return [
    ...[`-m${mode}`, '-c', file],
    ...(format === undefined ? [] : ['-g', format]),
    ...(debug === undefined ? [] : ['-d', String(debug)]),
  ];
}

function expectFile(file: string, what: string): void {
  const wrong = (why: string): CodedError => new CodedError('upgrade-failed', `${what} ${file}: ${why}`);
  if (!path.isAbsolute(file)) throw wrong('an absolute path is needed');
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw wrong('there is no such file');
  if (!found.isFile()) throw wrong('it is no file');
}

/** Whether the kernel can execute it: it may be, and says how, or is a program. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    const descriptor = openSync(file, 'r');
    try {
      const start = Buffer.alloc(4);
      readSync(descriptor, start, 0, 4, 0);
      return start.toString('latin1', 0, 2) === '#!' || start.toString('latin1') === '\x7fELF';
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}
