/** `rvrrpd import`: reads keepalived's configuration, and writes ours. */
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { importKeepalived } from '../import/convert.ts';
import { FILES } from '../import/files.ts';
import { counted } from '../shared/words.ts';
import type { ImportCommand } from './import-arguments.ts';

/** Does it. @returns the exit code: 0 it is written, 1 it could not be */
export function runImport({ file, configId, output }: ImportCommand): 0 | 1 {
  // keepalived compares with the first part of the name of the node.
  const { text, faults, comments } = importKeepalived(file, configId ?? hostname().split('.')[0]!, FILES);
  for (const fault of faults) console.error(`error: ${fault}`);
  if (text === undefined) return 1;
  if (output === undefined) process.stdout.write(text);
  else {
    try {
      // There may be a secret in it.
      writeFileSync(output, text, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why =
        code === 'EEXIST' ? 'is already there, and is not overwritten' : `cannot be written: ${message}`;
      console.error(`rvrrpd: --output ${output} ${why}`);
      return 1;
    }
  }
  const what =
    comments === 0
      ? 'everything has a counterpart'
      : `${counted(comments, 'comment')} on what has no exact counterpart`;
  console.error(`${file}: ${what}; see rvrrpd --check`);
  return 0;
}
