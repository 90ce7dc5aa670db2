/** Users and groups, as /etc/passwd and /etc/group have them (man 5 passwd, man 5 group). */
import { readFileSync } from 'node:fs';

/** Who a program runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Absent: the user is a number that nothing is known of. */
  readonly name?: string;
  readonly home: string;
}

/** The two files' texts. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

/** Reads them; one that is not there is empty. */
export function readAccountFiles(): AccountFiles {
  return { passwd: textOf('/etc/passwd'), group: textOf('/etc/group') };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Who `user` and `group` stand for.
 * @param own who the daemon is: what is not given
 * @throws Error that names the directive, if there is no such user or group
 */
export function accountOf(
  files: AccountFiles,
  own: { readonly uid: number; readonly gid: number },
  user: string | number | undefined,
  group: string | number | undefined,
): Account {
  const wanted = user ?? own.uid;
  const entry = lines(files.passwd).find(([name, , uid]) =>
    typeof wanted === 'string' ? name === wanted : Number(uid) === wanted,
  );
  if (entry === undefined && typeof wanted === 'string')
    throw new Error(`user = "${wanted}": there is no such user in /etc/passwd`);
  const uid = entry === undefined ? Number(wanted) : Number(entry[2]);
  const primary = user === undefined ? own.gid : entry === undefined ? undefined : Number(entry[3]);
  const gid = group === undefined ? primary : groupOf(files, group);
  if (gid === undefined)
    throw new Error(`user = ${wanted}: there is no such user in /etc/passwd: say its group too`);
  const home = entry?.[5];
  return {
    uid,
    gid,
    ...(entry === undefined ? {} : { name: entry[0]! }),
    home: home === undefined || home === '' ? '/' : home,
  };
}

function groupOf({ group }: AccountFiles, wanted: string | number): number {
  if (typeof wanted === 'number') return wanted;
  const entry = lines(group).find(([name]) => name === wanted);
  if (entry === undefined) throw new Error(`group = "${wanted}": there is no such group in /etc/group`);
  return Number(entry[2]);
}

function lines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name = '', , id = '']) => name !== '' && /^\d+$/.test(id));
}
