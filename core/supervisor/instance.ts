/** One daemon for each configuration file and network namespace: a lock, and where its files are. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import path from 'node:path';
import { native } from '../native/index.ts';
import { CodedError } from '../shared/errors.ts';

/** Where the files of all instances are: gone after a reboot, as the kernel's state is. For root alone. */
const RUN_FOLDER = '/run/rvrrpd';
/** What outlives a reboot, of daemons in the host's own network namespace: no other one is known again after it. */
const LASTING_FOLDER = '/var/lib/rvrrpd';
/** The kernel has this setting in the host's own network namespace alone: it is about all processors. */
const HOST_SETTING = '/proc/sys/net/core/netdev_budget';
/** A daemon that is asked for its process id answers within this many ms, or stays nameless. */
const WHO_TIMEOUT = 500;
/** Octets of a Unix socket's address (man 7 unix). Node.js 20 fills abstract names up with zeros, others do not. */
const ADDRESS_LENGTH = 108;
/** Characters of its answer: a process id and a path. */
const LONGEST_ANSWER = 16_384;

/** What belongs to the daemon for one configuration file in this network namespace. */
export interface InstancePlaces {
  /** Name of the abstract socket (man 7 unix) that is its lock: each network namespace has its own. */
  readonly lock: string;
  /** See `ActuatorInit.journal`. */
  readonly journal: string;
  /** See `ActuatorInit.namespaceCookie`. */
  readonly namespaceCookie: string | null;
  /** See `ServiceContext.stateFile`. */
  readonly serviceState: string;
  /** What authentication must not forget, see auth-keeper.ts. */
  readonly authState: string;
  /** Which virtual routers stand by, see standby-keeper.ts: over reboots, if the namespace is known again after them. */
  readonly standbyState: string;
  /** Unix socket on which it is asked and told things, see control.ts. */
  readonly control: string;
}

/** The place of a daemon among others on this machine. */
export interface Instance extends InstancePlaces {
  /** Of the socket that is its lock: another process of the same instance may have it too. */
  readonly lockDescriptor: number;
  /** Lets another daemon have the place; the kernel does it when this process ends. */
  release(): void;
}

/** Where the files of the daemon for this configuration file are. @throws Error if its folder does not exist */
export function instancePlaces(configFile: string): InstancePlaces {
  const { ino } = statSync('/proc/self/ns/net');
  const namespaceCookie = cookie();
  const digest = createHash('sha256').update(realName(configFile)).digest('hex').slice(0, 16);
  // What no other namespace is called until the next boot, as far as the kernel can tell.
  const key = namespaceCookie === null ? `${ino}-${digest}` : `${ino}-${namespaceCookie}-${digest}`;
  return {
    lock: `\0rvrrpd/${digest}`,
    journal: path.join(RUN_FOLDER, `${key}.journal`),
    namespaceCookie,
    serviceState: path.join(RUN_FOLDER, `${key}.service`),
    authState: path.join(RUN_FOLDER, `${key}.auth`),
    standbyState: existsSync(HOST_SETTING)
      ? path.join(LASTING_FOLDER, `${digest}.standby`)
      : path.join(RUN_FOLDER, `${key}.standby`),
    control: path.join(RUN_FOLDER, `${key}.sock`),
  };
}

/**
 * Takes over a journal from before cookies were in the names of files, and removes the files of namespaces that are
 * gone: they had the inode number that is ours now. To be called by the holder of the lock.
 */
function tidy({ journal, namespaceCookie }: InstancePlaces): void {
  if (namespaceCookie === null) return;
  const [inode, , digest] = path.basename(journal, '.journal').split('-');
  const old = path.join(RUN_FOLDER, `${inode}-${digest}.journal`);
  if (existsSync(old) && !existsSync(journal)) renameSync(old, journal); // it tells itself how far it is to be believed
  const ofInode = new RegExp(`^${inode}-(\\d+-)?${digest}\\.(journal|service|auth|standby|sock)$`);
  const ours = `${inode}-${namespaceCookie}-`;
  for (const name of readdirSync(RUN_FOLDER)) {
    if (ofInode.test(name) && !name.startsWith(ours)) rmSync(path.join(RUN_FOLDER, name), { force: true });
  }
}

/**
 * Takes the place of the daemon for this configuration file in this network namespace.
 * @throws Error if another one has it; it names the other's process id
 */
export async function takeInstance(configFile: string): Promise<Instance> {
  const places = instancePlaces(configFile);
  expectRunFolder();
  const lock = await bindLock(places.lock).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    const pid = (await holderOf(places.lock))?.pid;
    const who = pid === undefined ? 'another rvrrpd' : `another rvrrpd, process ${pid},`;
    throw new CodedError('already-running', `${who} already runs ${configFile} in this network namespace`);
  });
  tidy(places);
  return holdInstance(configFile, places, lock);
}

/**
 * Goes on with the place of a daemon in another process, which has given us its lock.
 * @param lock descriptor of that
 */
export function adoptInstance(configFile: string, lock: number): Promise<Instance> {
  return holdInstance(configFile, instancePlaces(configFile), lock);
}

/** Makes the folder if it is missing. @throws CodedError if it is not for this user */
function expectRunFolder(): void {
  try {
    mkdirSync(RUN_FOLDER, { recursive: true, mode: 0o750 });
    readdirSync(RUN_FOLDER);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const advice = `install -d -o USER -m 0750 ${RUN_FOLDER} as root, or RuntimeDirectory=rvrrpd in a systemd unit`;
    const what = `${RUN_FOLDER} must belong to the user that rvrrpd runs as (${code})`;
    throw new CodedError('file-unusable', `${what}: ${advice}`);
  }
}

/** The cookie of this network namespace; null before Linux 5.14. */
function cookie(): string | null {
  try {
    return native.namespaceCookie();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOPROTOOPT') throw error;
    return null;
  }
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

/** An abstract socket does not outlive the processes that have it. @returns its descriptor */
async function bindLock(name: string): Promise<number> {
  const lock = native.listenUnix(`@${name.slice(1)}`);
  // Earlier releases have had Node.js make the name.
  const before = connectTo(filledUp(name));
  if (before === undefined) return lock;
  native.closeDescriptor(before);
  native.closeDescriptor(lock);
  throw Object.assign(new Error('the name is in use'), { code: 'EADDRINUSE' });
}

function filledUp(name: string): string {
  return name.padEnd(ADDRESS_LENGTH, '\0');
}

/** @returns a descriptor; undefined: nobody answers to this name */
function connectTo(name: string): number | undefined {
  try {
    return native.connectUnix(`@${name.slice(1)}`);
  } catch {
    return undefined;
  }
}

/** The lock tells whoever connects the process id and the file. */
function holdInstance(file: string, places: InstancePlaces, lock: number): Promise<Instance> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      connection.on('error', () => {});
      // Anybody may connect: nothing is read, and nobody is waited for.
      connection.end(`${process.pid}\n${JSON.stringify(file)}\n`, () => connection.destroy());
    });
    server.once('error', reject);
    server.listen({ fd: lock }, () =>
      resolve({ ...places, lockDescriptor: lock, release: () => server.close() }),
    );
    server.unref();
  });
}

/** A daemon, as far as it says. */
interface Holder {
  readonly pid: number;
  /** Its configuration file. */
  readonly file?: string;
}

/**
 * Configuration files of the daemons in this network namespace, by process id.
 * @param sockets the text of `/proc/net/unix`
 */
export async function instanceFiles(sockets: string): Promise<ReadonlyMap<number, string>> {
  // Some versions of Node.js fill the name up with zero octets, which the kernel shows as `@`.
  const names = new Set([...sockets.matchAll(/ @(rvrrpd\/[0-9a-f]{16})@*$/gm)].map(([, name]) => name));
  const holders = await Promise.all([...names].map((name) => holderOf(`\0${name}`)));
  return new Map(holders.flatMap((holder) => (holder?.file ? [[holder.pid, holder.file]] : [])));
}

/** The process that holds a lock, or undefined if it does not say. */
function holderOf(name: string): Promise<Holder | undefined> {
  const descriptor = connectTo(name) ?? connectTo(filledUp(name));
  if (descriptor === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const connection = new Socket({ fd: descriptor, readable: true, writable: true });
    let said = '';
    connection.setEncoding('utf8');
    connection.on('data', (text: string) => {
      said += text;
      if (said.length > LONGEST_ANSWER) connection.destroy();
    });
    connection.on('error', () => {});
    const timer = setTimeout(() => connection.destroy(), WHO_TIMEOUT);
    connection.on('close', () => {
      clearTimeout(timer);
      const [, pid, file] = /^([1-9][0-9]{0,9})\n(?:("[^\n]*")\n)?$/.exec(said) ?? [];
      if (pid === undefined) resolve(undefined);
      else resolve({ pid: Number(pid), ...(file === undefined ? {} : { file: unquoted(file) }) });
    });
  });
}

/** A string of JSON, or what it is if it is none: another program may answer. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
