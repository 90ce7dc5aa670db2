/** One daemon for each configuration file and network namespace: a lock, and where its files are. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';

/** Where the files of all instances are: gone after a reboot, as the kernel's state is. For root alone. */
const RUN_FOLDER = '/run/rvrrpd';
/** A daemon that is asked for its process id answers within this many ms, or stays nameless. */
const WHO_TIMEOUT = 500;

/** What belongs to the daemon for one configuration file in this network namespace. */
export interface InstancePlaces {
  /** Name of the abstract socket (man 7 unix) that is its lock: each network namespace has its own. */
  readonly lock: string;
  /** See `ActuatorInit.journal`. */
  readonly journal: string;
  /** See `ServiceContext.stateFile`. */
  readonly serviceState: string;
  /** Unix socket on which it is asked and told things, see control.ts. */
  readonly control: string;
}

/** The place of a daemon among others on this machine. */
export interface Instance extends InstancePlaces {
  /** Lets another daemon have the place; the kernel does it when this process ends. */
  release(): void;
}

/** Where the files of the daemon for this configuration file are. @throws Error if its folder does not exist */
export function instancePlaces(configFile: string): InstancePlaces {
  const namespace = statSync('/proc/self/ns/net').ino;
  const digest = createHash('sha256').update(realName(configFile)).digest('hex').slice(0, 16);
  const key = `${namespace}-${digest}`;
  return {
    lock: `\0rvrrpd/${digest}`,
    journal: path.join(RUN_FOLDER, `${key}.journal`),
    serviceState: path.join(RUN_FOLDER, `${key}.service`),
    control: path.join(RUN_FOLDER, `${key}.sock`),
  };
}

/**
 * Takes the place of the daemon for this configuration file in this network namespace.
 * @throws Error if another one has it; it names the other's process id
 */
export async function takeInstance(configFile: string): Promise<Instance> {
  const places = instancePlaces(configFile);
  mkdirSync(RUN_FOLDER, { recursive: true, mode: 0o750 });
  const lock = await bindAbstract(places.lock).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    const pid = await holderOf(places.lock);
    const who = pid === undefined ? 'another rvrrpd' : `another rvrrpd, process ${pid},`;
    throw new Error(`${who} already runs ${configFile} in this network namespace`);
  });
  return { ...places, release: () => lock.close() };
}

/** The file's name without symbolic links, also while the file itself is missing. */
function realName(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return path.join(realpathSync(path.dirname(file)), path.basename(file));
  }
}

/** An abstract socket does not outlive its process. It tells whoever connects the process id. */
function bindAbstract(name: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      connection.on('error', () => {});
      // Anybody may connect: nothing is read, and nobody is waited for.
      connection.end(`${process.pid}\n`, () => connection.destroy());
    });
    server.once('error', reject);
    server.listen(name, () => resolve(server));
    server.unref();
  });
}

/** The process that holds a lock, or undefined if it does not say. */
function holderOf(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const connection = connect(name);
    let said = '';
    connection.setEncoding('utf8');
    connection.on('data', (text: string) => {
      said += text;
    });
    connection.on('error', () => {});
    const timer = setTimeout(() => connection.destroy(), WHO_TIMEOUT);
    connection.on('close', () => {
      clearTimeout(timer);
      resolve(/^[1-9][0-9]{0,9}\n$/.test(said) ? Number(said) : undefined);
    });
  });
}
