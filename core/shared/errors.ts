/**
 * Errors with codes: programs tell them apart by a code that stays, whatever happens to the words. One catalogue, which
 * docs/operating.md lists; the codes of HTTP problems beside these are the API's own.
 */

/** Every code, and what it stands for. A code is never given another meaning, nor taken away. */
export const ERROR_CODES = {
  'already-running': 'another process runs this configuration file, or the PID file is its own',
  'config-edited': 'the configuration file was edited since it was loaded',
  'config-invalid': 'the configuration, or what a change would make of it, has errors',
  'config-stale': 'the configuration has changed since the client read it',
  'entry-exists': 'there is a tracker or group of this name already',
  'entry-missing': 'there is no tracker or group of this name',
  failed: 'anything else: the message says what',
  'file-unusable': 'a log file, the PID file or the working directory cannot be used',
  forbidden: "only root and the daemon's own user may ask",
  'kernel-obstacle': 'something on this host keeps a virtual router from having its addresses',
  'no-answer': 'a daemon is there, or may be, and gives no answer',
  'no-backup': 'no other router has been heard of that could take over',
  'no-configuration': 'there is no such configuration file',
  'no-daemon': 'no daemon runs with this configuration file in this network namespace',
  'not-taken-over': 'nobody has taken over from a Master that gave up: it is Master again',
  'plugin-load-failed': 'the code of a plugin cannot be loaded, or does not keep the contract of its kind',
  'plugin-refused': 'a plugin does not work with its settings',
  'request-invalid': 'a request on the control socket, or of a service, is not understood',
  'router-exists': 'there is a virtual router with this interface and group already',
  'router-missing': 'there is no virtual router with this interface and group',
  'router-state': 'a virtual router cannot do in its state, or in this change, what it is asked',
  'router-taken': 'another process in this network namespace runs the virtual router',
  stopping: 'rvrrpd was told to stop meanwhile',
  'timed-out': 'something took longer than it may',
  'upgrade-failed': 'another version could not be started, or could not take over',
  'upgrade-under-way': 'another upgrade has begun and not ended yet',
  'worker-failed': 'a thread of the daemon could not start, or broke down',
} as const;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** An error as it goes between threads and processes. Plain data. */
export interface ErrorReport {
  readonly code: ErrorCode;
  /** For the operator. */
  readonly message: string;
}

/** An error with a code; the message is for the operator. */
export class CodedError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What is to be told of something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The directive that something thrown by a plugin says it is about, by its property `directive`; undefined: none. */
export function directiveOf(error: unknown): string | undefined {
  const { directive } = Object(error) as { readonly directive?: unknown };
  return typeof directive === 'string' ? directive : undefined;
}

/** The code of something that was thrown. @param otherwise if it has none of ours, as the system's errors */
export function codeOf(error: unknown, otherwise: ErrorCode = 'failed'): ErrorCode {
  return error instanceof CodedError ? error.code : otherwise;
}

/** Something that was thrown, for another thread. @param otherwise see {@link codeOf} */
export function reportOf(error: unknown, otherwise?: ErrorCode): ErrorReport {
  return { code: codeOf(error, otherwise), message: messageOf(error) };
}

/** Reverse of {@link reportOf}. */
export function errorOf({ code, message }: ErrorReport): CodedError {
  return new CodedError(code, message);
}

/** Something that was thrown with a code, unless it has one. */
export function coded(error: unknown, code: ErrorCode): CodedError {
  return error instanceof CodedError ? error : new CodedError(code, messageOf(error), { cause: error });
}
