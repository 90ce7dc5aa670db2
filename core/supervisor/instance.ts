/** One daemon for each configuration file and network namespace: a lock, and where the journal is. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';

/** Where the journal of what is ours in the kernel is kept: gone after a reboot, as the kernel's state is. */
const RUN_FOLDER = '/run/rvrrpd';

/** The place of a daemon among others on this machine. */
export interface Instance {
  /** See `ActuatorInit.journal`. */
  readonly journal: string;
  /** Lets another daemon have the place; the kernel does it when this process ends. */
  release(): void;
}

/**
 * Takes the place of the daemon for this configuration file in this network namespace.
 * @throws Error if another one has it
 */
export async function takeInstance(configFile: string): Promise<Instance> {
  const namespace = statSync('/proc/self/ns/net').ino;
  const digest = createHash('sha256').update(realpathSync(configFile)).digest('hex').slice(0, 16);
  mkdirSync(RUN_FOLDER, { recursive: true, mode: 0o750 });
  const lock = await bindAbstract(`\0rvrrpd/${digest}`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(`another rvrrpd already runs ${configFile} in this network namespace`);
  });
  return {
    journal: path.join(RUN_FOLDER, `${namespace}-${digest}.journal`),
    release: () => lock.close(),
  };
}

/** An abstract socket (man 7 unix): each network namespace has its own, and none outlives its process. */
function bindAbstract(name: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', reject);
    server.listen(name, () => resolve(server));
    server.unref();
  });
}
