/** The command line of `rvrrpd import`. Pure. */

/** What it asks for. */
export interface ImportCommand {
  readonly command: 'import';
  /** keepalived's configuration file. */
  readonly file: string;
  /** Absent: the name of this host. */
  readonly configId?: string;
  /** A new file; absent: standard output. */
  readonly output?: string;
}

/**
 * Reads what is said beside the command.
 * @param words what stands behind it
 * @param values all options, as written
 * @returns what is asked for, or what is wrong
 */
export function importCommand(
  words: readonly string[],
  values: Readonly<Record<string, string | boolean | undefined>>,
): ImportCommand | { readonly fault: string } {
  const { 'config-id': configId, output, ...others } = values;
  const foreign = Object.keys(others)[0];
  if (foreign !== undefined) return { fault: `--${foreign} is not for rvrrpd import` };
  const [file, more] = words;
  if (more !== undefined) return { fault: `unexpected argument '${more}'` };
  if (file === undefined || file === '')
    return {
      fault: 'rvrrpd import needs keepalived’s configuration file, such as /etc/keepalived/keepalived.conf',
    };
  if (configId === '') return { fault: '--config-id must not be empty' };
  if (output === '') return { fault: '--output must not be empty' };
  return {
    ...{ command: 'import', file },
    ...(typeof configId === 'string' ? { configId } : {}),
    ...(typeof output === 'string' ? { output } : {}),
  };
}
