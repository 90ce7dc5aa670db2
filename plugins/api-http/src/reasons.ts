/** Why something failed, for a line of the log. */

/** What is to be told of something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same in few words: the system's code, if it has one, says more than what Node makes of it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'syscall' in error && 'code' in error
    ? String(error.code)
    : messageOf(error);
}
