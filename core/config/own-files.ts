/** The files that the daemon writes: none of them may be another one of them, or one of the configuration. */
import path from 'node:path';
import type { IssueList } from './issue-list.ts';
import type { ConfigFile } from './schema.ts';

/** Directives that name one. */
const WRITTEN = ['pid', 'main_log', 'error_log'] as const;

/** Complains where what is written to one file would destroy another. */
export function checkOwnFiles(file: ConfigFile, list: IssueList): void {
  const at = (name: string): string => path.resolve(file.working_dir, name);
  const { document } = list;
  const taken = new Map<string, string>();
  for (const each of [document.file, ...(document.assembly?.parts ?? []).map(({ file: part }) => part)])
    taken.set(path.resolve(each), 'a file of the configuration itself');
  for (const directive of WRITTEN) {
    const name = file[directive];
    if (name === undefined || (directive === 'error_log' && name === 'disabled')) continue;
    const place = at(name);
    const other = taken.get(place);
    // Twice the same log is odd, and harms nothing; devices such as /dev/null take anything.
    const isLog = directive === 'error_log' && place === at(file.main_log);
    if (other !== undefined && !isLog) list.error([directive], `is ${other}: must be a file of its own`);
    else taken.set(place, `that of ${directive}`);
  }
}
