/**
 * Runs the daemon as systemd would by the package's unit, where systemd does not run: another user, two capabilities,
 * no new privileges, a filter for system calls, limits, and a file system of its own that is read-only but for its folders.
 */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Host, StartOptions } from './host.ts';
import type { Lab } from './lab.ts';
import type { Running } from './running.ts';
import { rvrrpdConfiguration, type VrouterTable } from './rvrrpd.ts';
import { seccompFilter, UNDER_FILTER } from './seccomp.ts';
import { allowedCalls, settings, words } from './unit-file.ts';

/** The user and group that it runs as: nobody's. */
const USER = 61_234;

/** Where things are for the daemon. */
const HOME = '/mnt';
const CONFIGURATION = `${HOME}/conf/rvrrpd.toml`;
const EXECUTABLE = `${HOME}/app/dist/rvrrpd.js`;

/** What is different from the unit. */
export interface Slack {
  /** Default: those of the unit. */
  readonly capabilities?: readonly string[];
  /** All of /proc/sys is read-only. Default: as in the unit. */
  readonly readOnlySettings?: boolean;
  /** Nothing lets it have real-time priority. Default: the unit's limits do. */
  readonly ordinary?: boolean;
  /** Whose the folder for its sockets and journals is. Default: the daemon's user's. */
  readonly runFolderOf?: number;
}

/**
 * Makes the mounts of ProtectSystem=strict, ProtectHome, PrivateTmp, PrivateDevices and ProtectKernelTunables, then runs
 * the rest of its arguments. $1: folder with conf, log and run, which stay writable; $2: checkout; $3: Node.js; $4: what
 * of /proc/sys stays writable, or nothing.
 */
const MOUNTS = `
set -e
base=$1 app=$2 node=$3 writable=$4
shift 4
mkdir -p -m 0750 /run/rvrrpd
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/app /mnt/conf /mnt/log /mnt/dev
: >/mnt/node
mount --bind "$app" /mnt/app
mount --bind "$node" /mnt/node
mount --bind "$base/conf" /mnt/conf
mount --bind "$base/log" /mnt/log
mount --bind "$base/run" /run/rvrrpd
for device in null zero full random urandom tty; do
  : >/mnt/dev/$device
  mount --bind /dev/$device /mnt/dev/$device
done
mount --rbind /mnt/dev /dev
for folder in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
for folder in /home /root /run/user; do
  if [ -d $folder ]; then mount -t tmpfs -o ro,mode=000 tmpfs $folder; fi
done
cut -d' ' -f5 /proc/self/mountinfo | sort -u | while read -r place; do
  case $place in
    /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /tmp | /var/tmp | /mnt/conf | /mnt/log | /run/rvrrpd) ;;
    *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;;
  esac
done
if [ -n "$writable" ]; then mount --bind "$writable" "$writable"; fi
for place in /proc/sys /proc/sysrq-trigger /proc/irq /proc/bus /sys; do
  if [ -e $place ]; then
    mount --rbind $place $place
    mount -o remount,bind,ro $place
  fi
done
exec "$@"
`;

/** Whether this process has CAP_SYS_RESOURCE: in many containers root has not, and CAP_SYS_NICE stands in for the limits. */
function mayRaiseLimits(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n;
}

/** Bits of capabilities (linux/capability.h). */
const BITS: Readonly<Record<string, bigint>> = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_NICE: 23n };

/** A set of capabilities as the kernel shows it. */
export function capabilitySet(names: readonly string[]): string {
  const bits = names.reduce((set, name) => set | (1n << BITS[name]!), 0n);
  return bits.toString(16).padStart(16, '0');
}

/** A host with a daemon that is confined. */
export class Confined {
  private readonly base: string;

  constructor(
    private readonly host: Host,
    lab: Lab,
    private readonly slack: Slack = {},
  ) {
    this.base = path.join(lab.folder, `confined-${host.name}`);
    for (const folder of ['', 'conf', 'log', 'run']) {
      mkdirSync(path.join(this.base, folder), { mode: 0o755 });
      const owner = folder === 'run' ? (slack.runFolderOf ?? USER) : folder === 'log' ? USER : 0;
      chownSync(path.join(this.base, folder), owner, folder === 'conf' || owner !== 0 ? USER : 0);
      chmodSync(path.join(this.base, folder), folder === 'conf' ? 0o770 : 0o750);
    }
    writeFileSync(
      path.join(this.base, 'conf/filter'),
      seccompFilter(allowedCalls(), words('RestrictAddressFamilies')),
    );
  }

  /** The configuration as the package installs it: root's, its group the daemon's, for nobody else's eyes. */
  configure(vrouters: readonly VrouterTable[], tables = ''): void {
    const directives = { pid: '/run/rvrrpd/rvrrpd.pid', working_dir: '/tmp' };
    const text = rvrrpdConfiguration(`${HOME}/log/rvrrpd`, vrouters, 0, directives);
    writeFileSync(this.file, `${text}\n${tables}`);
    chownSync(this.file, 0, USER);
    chmodSync(this.file, 0o640);
  }

  /** The capabilities that it has. */
  get capabilities(): string[] {
    const names = [...(this.slack.capabilities ?? words('CapabilityBoundingSet'))];
    if (!this.slack.ordinary && !mayRaiseLimits()) names.push('CAP_SYS_NICE');
    return names;
  }

  /** What gives it its limits, in front of its command line. */
  private get limits(): string[] {
    if (this.slack.ordinary) return ['prlimit', '--rtprio=0', '--nice=0'];
    if (!mayRaiseLimits()) return [];
    const nice = 20 - Number(settings('LimitNICE')[0]); // man 2 getrlimit
    return ['prlimit', `--rtprio=${settings('LimitRTPRIO')[0]}`, `--nice=${nice}`];
  }

  /** The configuration file, from outside. */
  get file(): string {
    return path.join(this.base, 'conf/rvrrpd.toml');
  }

  /** The file with what `main_log` says, from outside. */
  get log(): string {
    const file = path.join(this.base, 'log/rvrrpd.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Whether there is a file of this name in the run folder. */
  hasRunFile(name: string): boolean {
    return existsSync(path.join(this.base, 'run', name));
  }

  /** The text of such a file. */
  runFile(name: string): string {
    return readFileSync(path.join(this.base, 'run', name), 'utf8');
  }

  /** Runs `rvrrpd` with these arguments, and its configuration. */
  start(args: readonly string[], options: StartOptions = {}): Running {
    const { slack } = this;
    const sets = [
      '-all',
      ...this.capabilities.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`),
    ].join(',');
    const writable = slack.readOnlySettings
      ? ''
      : words('ReadWritePaths').find((each) => each.startsWith('/proc/sys'));
    return this.host.start(
      'unshare',
      [
        ...['--mount', 'sh', '-c', MOUNTS, 'sh', this.base, packageRoot(), process.execPath, writable ?? ''],
        ...this.limits,
        ...['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--no-new-privs'],
        ...[`--bounding-set=${sets}`, `--inh-caps=${sets}`, `--ambient-caps=${sets}`],
        ...['python3', '-c', UNDER_FILTER, `${HOME}/conf/filter`],
        ...[`${HOME}/node`, EXECUTABLE, ...args, '-c', CONFIGURATION],
      ],
      options,
    );
  }

  /** Runs `rvrrpd` as root where a confined daemon is: in its file system. */
  ask(daemon: number, args: readonly string[]): Promise<string> {
    return this.host.run(
      'nsenter',
      '-m',
      '-t',
      String(daemon),
      '--',
      `${HOME}/node`,
      EXECUTABLE,
      ...args,
      '-c',
      CONFIGURATION,
    );
  }
}
