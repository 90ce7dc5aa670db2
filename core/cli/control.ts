/** `rvrrpd status`, `reload`, `upgrade`, `plugins`, `standby`, `resume` and `failover`. */
import path from 'node:path';
import type { PluginListing, ReloadOutcome } from '../plugin/contracts/index.ts';
import type { ControlCommand, ControlRequest } from '../supervisor/control-messages.ts';
import { instancePlaces } from '../supervisor/instance.ts';
import { describeIssue } from '../supervisor/issues.ts';
import { installedPlugins, prepare } from '../supervisor/prepare.ts';
import type { StandbyOutcome } from '../supervisor/standby.ts';
import type { DaemonStatus } from '../supervisor/status.ts';
import type { UpgradeOutcome } from '../supervisor/upgrade/upgrader.ts';
import { type Command, ExitCode } from './arguments.ts';
import { ask, ControlError, exists, findConfiguration, NotRunning } from './control-client.ts';
import { isWhole, pluginsText, reloadText, standbyText, statusText, upgradeText } from './control-text.ts';

type ControlRequested = Extract<Command, { command: ControlCommand }>;

/** Does it, and prints what came of it. */
export async function runControl(command: ControlRequested): Promise<ExitCode> {
  try {
    return await perform(command);
  } catch (error) {
    if (!(error instanceof NotRunning || error instanceof ControlError)) throw error;
    console.error(`rvrrpd: ${error.message}`);
    if (command.json) await print(JSON.stringify({ ok: false, error: error.message, code: error.code }));
    return error instanceof NotRunning ? ExitCode.NotRunning : ExitCode.Failure;
  }
}

async function perform(command: ControlRequested): Promise<ExitCode> {
  const file = await findConfiguration(command.conf);
  const { json } = command;
  switch (command.command) {
    case 'status': {
      const status = (await query(file, 'status')) as DaemonStatus;
      await print(json ? JSON.stringify(status) : statusText(status));
      return ExitCode.Ok;
    }
    case 'reload': {
      const outcome = (await query(file, 'reload')) as ReloadOutcome;
      if (!json) for (const issue of outcome.issues) console.error(issue);
      if (json) await print(JSON.stringify(outcome));
      else if (isWhole(outcome)) await print(reloadText(outcome));
      else console.error(`rvrrpd: ${reloadText(outcome)}`);
      return isWhole(outcome) ? ExitCode.Ok : ExitCode.Failure;
    }
    case 'upgrade': {
      const outcome = await upgrade(file, command);
      await print(json ? JSON.stringify({ ok: true, ...outcome }) : upgradeText(outcome));
      return ExitCode.Ok;
    }
    case 'plugins':
      return plugins(file, command);
    case 'standby':
    case 'resume':
    case 'failover': {
      const outcome = (await query(file, command.command, command.details)) as StandbyOutcome;
      if (json) {
        await print(JSON.stringify(outcome));
        return outcome.ok ? ExitCode.Ok : ExitCode.Failure;
      }
      for (const warning of outcome.warnings) console.error(`rvrrpd: warning: ${warning}`);
      if (outcome.error !== undefined) console.error(`rvrrpd: ${outcome.error}`);
      await print(standbyText(command.command, outcome));
      return outcome.ok ? ExitCode.Ok : ExitCode.Failure;
    }
  }
}

/** An old daemon that dies at the end of an upgrade gives no answer: whoever runs by then does, within so many ms. */
const AFTERMATH = 10_000;

async function upgrade(
  file: string | undefined,
  { executable, node }: ControlRequested,
): Promise<UpgradeOutcome> {
  const before = (await query(file, 'status')) as DaemonStatus;
  try {
    const paths = {
      ...(executable !== undefined && { executable: path.resolve(executable) }),
      ...(node !== undefined && { node: path.resolve(node) }),
    };
    return (await query(file, 'upgrade', paths)) as UpgradeOutcome;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const rest = error.code === 'upgrade-under-way' ? '' : '; everything runs on as before';
    if (error.code !== 'no-answer')
      throw new ControlError(`not upgraded: ${error.message}${rest}`, error.code);
    const after = await otherThan(before.pid, file);
    if (!after) throw error;
    return { from: before.version, to: after.version, pid: after.pid };
  }
}

/** The daemon of another process id, if there is one before long. */
async function otherThan(pid: number, file: string | undefined): Promise<DaemonStatus | undefined> {
  for (const end = performance.now() + AFTERMATH; performance.now() < end; ) {
    try {
      const status = (await query(file, 'status')) as DaemonStatus;
      return status.pid === pid ? undefined : status;
    } catch (error) {
      if (!(error instanceof NotRunning || error instanceof ControlError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}

/** What the daemon has loaded; without one, what it would load. */
async function plugins(file: string | undefined, { json, format }: ControlRequested): Promise<ExitCode> {
  let running = true;
  let code: ExitCode = ExitCode.Ok;
  let listing: readonly PluginListing[];
  try {
    listing = (await query(file, 'plugins')) as readonly PluginListing[];
  } catch (error) {
    if (!(error instanceof NotRunning || (error instanceof ControlError && error.code === 'forbidden')))
      throw error;
    running = false;
    const found =
      file === undefined ? installedPlugins() : await prepare(file, format === undefined ? {} : { format });
    listing = found.listing;
    for (const issue of found.issues) console.error(describeIssue(issue));
    if (found.issues.some(({ severity }) => severity === 'error')) code = ExitCode.Failure;
    console.error(`rvrrpd: ${error.message}: these are the plugins that it would find`);
  }
  if (json) await print(JSON.stringify({ running, configuration: file ?? null, plugins: listing }));
  else await print(pluginsText(listing));
  return code;
}

/** Asks the daemon of a configuration file. */
async function query(
  file: string | undefined,
  command: ControlRequested['command'],
  more: Omit<ControlRequest, 'command'> = {},
): Promise<unknown> {
  if (file === undefined)
    throw new NotRunning('rvrrpd is not running, and there is no configuration: name one with -c FILE');
  try {
    return await ask(socketOf(file), { command, ...more });
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
    // Perhaps a slip of the pen: asked before the daemon itself is blamed.
    if (!(await exists(file))) throw new ControlError(`${file}: there is no such file`, 'no-configuration');
    throw new NotRunning(`rvrrpd is not running ${file} in this network namespace`);
  }
}

function socketOf(file: string): string {
  try {
    return instancePlaces(file).control;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw new ControlError(`${file}: permission denied`, 'forbidden');
    throw new ControlError(`${file}: there is no such file`, 'no-configuration');
  }
}

/** Writes a line, all of it: the process ends after this. A reader that has gone away is no error. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.once('error', () => resolve());
    process.stdout.write(`${text}\n`, () => resolve());
  });
}
