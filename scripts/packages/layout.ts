/** Where an installation's files go. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './workspace.ts';

/** For whom an installation is laid out. */
export interface Layout {
  /** `/usr/local`, `/usr`. */
  readonly prefix: string;
  /** What a distribution's packages have otherwise: manual pages compressed, completions among the vendors'. */
  readonly distribution: boolean;
}

/** A file beside the daemon's own folder. */
export interface SharedFile {
  /** Absolute path on the machine that it is installed on. */
  readonly to: string;
  readonly content: Buffer;
  /** Belongs to the operator once it is installed: never overwritten, and removed only as long as it is unchanged. */
  readonly configuration?: boolean;
}

/** The daemon's own folder: its package and, in `node_modules`, what it needs. */
export const libraryOf = ({ prefix }: Layout): string => path.join(prefix, 'lib/rvrrpd');

/** Commands, and the files in {@link libraryOf} that they are links to. */
export const COMMANDS = { rvrrpd: 'dist/rvrrpd.js', 'rvrrpd-pw': 'dist/rvrrpd-pw.js' } as const;

const folder = path.join(ROOT, 'packaging');

/** Files of a folder of `packaging/`; none if there is no such folder. */
function filesIn(name: string): string[] {
  const from = path.join(folder, name);
  return existsSync(from) ? readdirSync(from).map((file) => path.join(name, file)) : [];
}

/** All files that are not in the daemon's own folder. */
export function sharedFiles(layout: Layout): SharedFile[] {
  const { prefix, distribution } = layout;
  const read = (name: string): Buffer => readFileSync(path.join(folder, name));
  const zsh = distribution ? 'share/zsh/vendor-completions' : 'share/zsh/site-functions';
  const files: [string, string[]][] = [
    ...filesIn('man').map((name): [string, string[]] => [
      path.join(prefix, `share/man/man${path.extname(name).slice(1)}`, path.basename(name)),
      [name],
    ]),
    ...filesIn('completion/bash').map((name): [string, string[]] => [
      path.join(prefix, 'share/bash-completion/completions', path.basename(name)),
      [name],
    ]),
    ...filesIn('completion/zsh').map((name): [string, string[]] => [
      path.join(prefix, zsh, path.basename(name)),
      [name],
    ]),
    [path.join(prefix, 'lib/sysusers.d/rvrrpd.conf'), ['rvrrpd.sysusers']],
    [path.join(prefix, 'lib/tmpfiles.d/rvrrpd.conf'), ['rvrrpd.tmpfiles']],
    [path.join(prefix, 'share/doc/rvrrpd/examples/rvrrpd.conf'), ['rvrrpd.conf']],
  ];
  const unit = read('rvrrpd.service')
    .toString()
    .replaceAll('/usr/bin/', `${path.join(prefix, 'bin')}/`);
  return [
    ...files
      .filter(([, [name]]) => existsSync(path.join(folder, name!)))
      .map(([to, [name]]) => ({ to, content: read(name!) })),
    { to: path.join(prefix, 'lib/systemd/system/rvrrpd.service'), content: Buffer.from(unit) },
    { to: '/etc/rvrrpd/rvrrpd.conf', content: read('rvrrpd.conf'), configuration: true },
    { to: '/etc/logrotate.d/rvrrpd', content: read('rvrrpd.logrotate'), configuration: true },
  ];
}
