/** The programs that a lab runs, and where they come from. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Command, and the Debian package that it comes from. */
export const COMMANDS = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  tcpdump: 'tcpdump',
  tshark: 'tshark',
  keepalived: 'keepalived',
  vrrpd: 'frr',
  zebra: 'frr',
  sysctl: 'procps',
  script: 'bsdutils',
  setpriv: 'util-linux',
  perl: 'perl-base',
  python3: 'python3',
  curl: 'curl',
  openssl: 'openssl',
  'dpkg-deb': 'dpkg',
  lintian: 'lintian',
} as const;

/** Where Debian has FRR's daemons. */
export const FRR_FOLDER = '/usr/lib/frr';

function found(command: string): boolean {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', FRR_FOLDER].some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The Debian packages of those commands that are not installed. */
export function missingCommands(commands: readonly (keyof typeof COMMANDS)[]): string[] {
  return [...new Set(commands.filter((command) => !found(command)).map((command) => COMMANDS[command]))];
}
