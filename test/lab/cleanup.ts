/**
 * Takes down whatever the labs of this process put up, however the process ends: the end of a test, an error,
 * SIGINT, SIGTERM, and, through a helper process that outlives this one, SIGKILL.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** Every namespace and temporary folder of this process starts with this, and nobody else's does. */
export const PREFIX = `rv${process.pid}-`;

/** Where iproute2 keeps its named network namespaces (man 8 ip-netns). */
const NETNS_FOLDER = '/run/netns';

/** Names of the namespaces that the labs of this process have put up and not taken down. */
export function leftoverNamespaces(prefix = PREFIX): string[] {
  if (!existsSync(NETNS_FOLDER)) return [];
  return readdirSync(NETNS_FOLDER).filter((name) => name.startsWith(prefix));
}

/** Process ids inside a namespace. */
export function processesIn(namespace: string): number[] {
  return execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/** Where rvrrpd keeps its journals, each named after the inode number of the namespace that it is about. */
const JOURNAL_FOLDER = '/run/rvrrpd';

/** The journals of daemons that were not let end: a later namespace may get the same inode number. */
function removeJournals(namespace: string): void {
  if (!existsSync(JOURNAL_FOLDER)) return;
  const inode = statSync(path.join(NETNS_FOLDER, namespace)).ino;
  for (const name of readdirSync(JOURNAL_FOLDER).filter((entry) => entry.startsWith(`${inode}-`))) {
    rmSync(path.join(JOURNAL_FOLDER, name), { force: true });
  }
}

/** Ends every process of a namespace, and forgets its journals. */
function empty(namespace: string, pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
  removeJournals(namespace);
}

/** Ends every process of a namespace and deletes it. Synchronous, so that it works while exiting. */
function removeNamespace(namespace: string): void {
  empty(namespace, processesIn(namespace));
  execFileSync('ip', ['netns', 'delete', namespace]);
}

/**
 * The same while other tests go on: they are not kept waiting.
 * @throws Error if it fails
 */
export async function takeDownNamespace(namespace: string): Promise<void> {
  const { stdout } = await execFileAsync('ip', ['netns', 'pids', namespace]);
  empty(
    namespace,
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map(Number),
  );
  await execFileAsync('ip', ['netns', 'delete', namespace]);
}

function removeEverything(): void {
  for (const namespace of leftoverNamespaces()) {
    try {
      removeNamespace(namespace);
    } catch (error) {
      console.error(`could not remove namespace ${namespace}: ${String(error)}`);
    }
  }
  for (const folder of readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))) {
    rmSync(path.join(tmpdir(), folder), { recursive: true, force: true });
  }
}

// $1: prefix, $2: folder of temporary files. Blocks until its standard input closes, that is, until we are gone.
const REAPER = `
read -r _
for file in ${NETNS_FOLDER}/"$1"*; do
  [ -e "$file" ] || continue
  for pid in $(ip netns pids "\${file##*/}"); do kill -9 "$pid"; done
  rm -f ${JOURNAL_FOLDER}/"$(stat -Lc %i "$file")"-*
  ip netns delete "\${file##*/}"
done
rm -rf "$2/$1"*
`;

let armed = false;

/** From now on nothing of ours outlives this process. Idempotent; called before anything is put up. */
export function armCleanup(): void {
  if (armed) return;
  armed = true;
  // In a session of its own: Ctrl-C goes to us, and the reaper sees us end.
  const reaper = spawn('sh', ['-c', REAPER, 'reaper', PREFIX, tmpdir()], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  reaper.unref();
  // Keeps neither this process alive nor complains when it ends first.
  (reaper.stdin as unknown as { unref(): void }).unref();
  process.once('exit', removeEverything);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeEverything();
      // Ends as if there were no handler. Not process.exit(): test runners replace it.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  }
}
