/** The sniffer as a process (`rvrrpd -m0`): from the command line's wishes to the exit code. */
import { type ConfigFormat, formatIssue } from '../config/index.ts';
import type { DaemonConfig } from '../config/model.ts';
import { discoverPlugins } from '../plugin/discover.ts';
import { capabilityFault, missingCapabilities } from '../supervisor/permissions.ts';
import { prepare } from '../supervisor/prepare.ts';
import { formatTime } from '../supervisor/time.ts';
import { AuthTypes } from './authentication.ts';
import type { Keyring } from './keyring.ts';
import { sightingRecord } from './record.ts';
import { sight } from './sighting.ts';
import { Tally } from './tally.ts';
import { Tap, TapError } from './tap.ts';
import { sightingText } from './text.ts';

/** What the command line asked for. */
export interface SnifferOptions {
  readonly interface: string;
  /** One JSON object a line, instead of blocks of text. */
  readonly json: boolean;
  /** Ends after so many packets. Absent: goes on until it is told to stop. */
  readonly count?: number;
  /** A configuration whose virtual routers on the interface tell the secrets. */
  readonly config?: string;
  readonly format?: ConfigFormat;
  /** A secret for every virtual router, instead. */
  readonly secret?: { readonly authType: string; readonly secret: Uint8Array };
}

/** The sniffer cannot start; the message says why and what would be right. */
class SnifferError extends Error {
  override readonly name = 'SnifferError';
}

/**
 * Prints what passes until SIGINT or SIGTERM, `count` packets, or the end of whoever reads it.
 * @returns the exit code: 0, or 1 if it could not start or the interface is gone
 */
export async function runSniffer(options: SnifferOptions): Promise<0 | 1> {
  const complain = (message: string): void => console.error(`rvrrpd: ${message}`);
  try {
    const known = await knowledge(options, complain);
    const lack = capabilityFault(missingCapabilities().filter((name) => name === 'CAP_NET_RAW'));
    if (lack !== undefined) throw new SnifferError(lack);
    const tap = Tap.open(options.interface);
    try {
      await listen(tap, options, known);
    } finally {
      tap.close();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof SnifferError || error instanceof TapError || isSystemError(error))) throw error;
    complain(error.message);
    return 1;
  }
}

/** What the printing needs to know. */
interface Knowledge {
  readonly auths: AuthTypes;
  readonly keyring?: Keyring;
  readonly times: Pick<DaemonConfig, 'timeZone' | 'timeFormat'>;
}

async function knowledge(options: SnifferOptions, complain: (message: string) => void): Promise<Knowledge> {
  const { config, format, secret } = options;
  const times = { timeZone: 'local', timeFormat: 'disabled' } as const;
  if (config !== undefined) {
    const { start, issues } = await prepare(config, format === undefined ? {} : { format });
    for (const issue of issues) {
      if (!start || issue.severity === 'warning') console.error(`${issue.severity}: ${formatIssue(issue)}`);
    }
    if (!start) throw new SnifferError('the configuration has errors: its secrets cannot be used');
    const routers = start.config.virtualRouters.filter(
      (router) => router.interface === options.interface && router.version === 2,
    );
    if (routers.length === 0) {
      complain(
        `the configuration has no VRRPv2 router on ${options.interface}: no authentication is checked`,
      );
    }
    const auths = await AuthTypes.load(start.plugins, complain);
    return { auths, keyring: auths.keyringOf(routers), times: start.config };
  }
  const { plugins } = discoverPlugins();
  const auths = await AuthTypes.load(
    plugins.map(({ resolved }) => resolved),
    complain,
  );
  if (secret === undefined) return { auths, times };
  if (!auths.names.includes(secret.authType)) {
    const names = auths.names.join(', ');
    throw new SnifferError(
      `no plugin answers to --auth-type ${JSON.stringify(secret.authType)}: there is ${names}`,
    );
  }
  const keyring = auths.keyringFor(secret.authType, secret.secret);
  return { auths, times, ...(keyring === undefined ? {} : { keyring }) };
}

async function listen(
  tap: Tap,
  options: SnifferOptions,
  { auths, keyring, times }: Knowledge,
): Promise<void> {
  const { interface: name, json, count } = options;
  const tally = new Tally();
  const stop = (): void => tap.stop();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.stdout.on('error', stop); // whoever reads has had enough: `| head`
  const format = {
    interface: name,
    authNames: auths.namesByOctet,
    formatTime: (time: number): string => formatTime(time, times.timeZone, times.timeFormat),
  };
  console.error(`listening on ${name} for VRRP; Ctrl-C ends it`);
  try {
    for await (const capture of tap.captures()) {
      if (capture === 'down') {
        console.error(`${name} is down: nothing is to be seen until it is up`);
        continue;
      }
      const sighting = sight(capture, keyring);
      tally.add(sighting);
      const text = json ? sightingRecord(sighting, format) : sightingText(sighting, format);
      process.stdout.write(`${text}\n`);
      if (tally.packets === count) break;
    }
  } finally {
    console.error(tally.summary(name, tap.lost()));
  }
}

/** An errno of the kernel, whose message names the call and its arguments. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && /^E[A-Z0-9]+$/.test((error as NodeJS.ErrnoException).code ?? '');
}
