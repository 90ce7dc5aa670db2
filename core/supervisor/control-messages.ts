/** What is said on the control socket: one JSON object a line, a request and then its answer. */
import type { ErrorCode } from '../shared/errors.ts';

/** What can be asked for. */
export const CONTROL_COMMANDS = ['status', 'reload', 'plugins'] as const;
export type ControlCommand = (typeof CONTROL_COMMANDS)[number];

/** From the client. */
export interface ControlRequest {
  readonly command: ControlCommand;
}

/** From the daemon. `result`: DaemonStatus, ReloadOutcome, or an array of PluginListing. */
export type ControlAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string; readonly code: ErrorCode };

/** Octets that a request may have. */
export const MAX_REQUEST = 4096;

/** Reads a request. @returns the command, or what is wrong with the request */
export function parseRequest(
  line: string,
): { readonly command: ControlCommand } | { readonly error: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { error: 'the request is not JSON' };
  }
  const command = (parsed as { readonly command?: unknown } | null)?.command;
  const known = CONTROL_COMMANDS.find((each) => each === command);
  if (known === undefined) return { error: `"command" must be one of ${CONTROL_COMMANDS.join(', ')}` };
  return { command: known };
}
