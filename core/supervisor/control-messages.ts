/** What is said on the control socket: one JSON object a line, a request and then its answer. */
import type { ErrorCode } from '../shared/errors.ts';

/** What can be asked for. */
export const CONTROL_COMMANDS = [
  ...(['status', 'reload', 'upgrade', 'plugins', 'standby', 'resume', 'failover'] as const),
] as const;
/** One of {@link CONTROL_COMMANDS}. */
export type ControlCommand = (typeof CONTROL_COMMANDS)[number];

/** What is said beside the command, to `standby`, `resume` and `failover`. */
export interface ControlDetails {
  /** Virtual routers, see `selectRouters`; empty: all. */
  readonly names?: readonly string[];
  /** `standby`: over after so many seconds. */
  readonly for?: number;
  /** `standby`: although nobody may be there to take over. */
  readonly force?: boolean;
  /** `standby`, `failover`: so many Masters a second. */
  readonly rate?: number;
}

/** From the client. */
export interface ControlRequest extends ControlDetails {
  readonly command: ControlCommand;
  /** Of `upgrade`, see `UpgradeRequest`. */
  readonly executable?: string;
  readonly node?: string;
}

/** From the daemon. `result`: DaemonStatus, ReloadOutcome, UpgradeOutcome, an array of PluginListing, or a StandbyOutcome. */
export type ControlAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string; readonly code: ErrorCode };

/** Octets that a request may have. */
export const MAX_REQUEST = 65_536;

/** A stand-by may last so many seconds: a year. */
export const LONGEST_STANDBY = 31_536_000;
/** Masters that may give up in a second, at least and at most. */
export const RATES = { least: 0.1, most: 1000 } as const;

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
  for (const [name, value] of Object.entries({ executable, node })) {
    if (value !== undefined && typeof value !== 'string') return { error: `"${name}" must be a path` };
  }
  const error = detailsFault(parsed as Readonly<Partial<Record<keyof ControlDetails, unknown>>>);
  return error === undefined ? { ...(parsed as Omit<ControlRequest, 'command'>), command: known } : { error };
}

/** What is wrong with what a request says beside its command; undefined: nothing. */
export function detailsFault(
  details: Readonly<Partial<Record<keyof ControlDetails, unknown>>>,
): string | undefined {
  const { names = [], for: lasts, force = false, rate } = details;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string'))
    return '"names" must be an array of strings';
  if (lasts !== undefined && !isWithin(lasts, 1, LONGEST_STANDBY))
    return `"for" must be a number of seconds from 1 to ${LONGEST_STANDBY}`;
  if (typeof force !== 'boolean') return '"force" must be true or false';
  if (rate !== undefined && !isWithin(rate, RATES.least, RATES.most))
    return `"rate" must be a number from ${RATES.least} to ${RATES.most}`;
  return undefined;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
