/** What is said on the control socket: one JSON object a line, a request and then its answer. */
import type { ErrorCode } from '../shared/errors.ts';

/** What can be asked for. */
export const CONTROL_COMMANDS = ['status', 'reload', 'upgrade', 'plugins'] as const;
export type ControlCommand = (typeof CONTROL_COMMANDS)[number];

/** From the client. */
export interface ControlRequest {
  readonly command: ControlCommand;
  /** Of `upgrade`, see `UpgradeRequest`. */
  readonly executable?: string;
  readonly node?: string;
}

/** From the daemon. `result`: DaemonStatus, ReloadOutcome, UpgradeOutcome, or an array of PluginListing. */
export type ControlAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string; readonly code: ErrorCode };

/** Octets that a request may have. */
export const MAX_REQUEST = 4096;

/** Reads a request. @returns it, or what is wrong with it */
export function parseRequest(line: string): ControlRequest | { readonly error: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { error: 'the request is not JSON' };
  }
  const { command, executable, node } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  const known = CONTROL_COMMANDS.find((each) => each === command);
  if (known === undefined) return { error: `"command" must be one of ${CONTROL_COMMANDS.join(', ')}` };
  if (known !== 'upgrade') return { command: known };
  for (const [name, value] of Object.entries({ executable, node })) {
    if (value !== undefined && typeof value !== 'string') return { error: `"${name}" must be a path` };
  }
  return {
    command: known,
    ...(typeof executable === 'string' && { executable }),
    ...(typeof node === 'string' && { node }),
  };
}
