/** Hook `exec`: a program that is run for each event, one after the other. */
import type { Notifier, NotifyContext, NotifyEvent, NotifyPlugin } from 'rvrrpd/plugin';
import {
  type Account,
  keepalivedWords,
  type Outcome,
  programAccount,
  programEnvironment,
  run,
  startFailure,
} from 'rvrrpd-track-system';
import { eventVariables } from './environment.ts';

/** What `schema.json` leaves of a `[[notify]]` table. */
export interface Settings {
  readonly command: readonly string[];
  readonly arguments: 'none' | 'keepalived';
  readonly names?: Readonly<Record<string, string>>;
  readonly user?: string | number;
  readonly group?: string | number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The argument vector for an event, the program first. */
export function commandFor(settings: Settings, event: NotifyEvent): string[] {
  const { command, names } = settings;
  return [...command, ...(settings.arguments === 'keepalived' ? keepalivedWords(event, names) : [])];
}

/** Why it counts as failed; undefined: it does not. */
export function failureOf({ code, signal, words }: Outcome): string | undefined {
  if (code === 0) return undefined;
  const how = code === undefined ? `ended by ${signal}` : `exit code ${code}`;
  return words === '' ? how : `${how}: ${words}`;
}

class ExecNotifier implements Notifier {
  constructor(
    private readonly settings: Settings,
    private readonly account: Account,
  ) {}

  async deliver(event: NotifyEvent, signal: AbortSignal): Promise<void> {
    const { settings, account } = this;
    const command = commandFor(settings, event);
    const environment = programEnvironment(account, { ...settings.environment, ...eventVariables(event) });
    let outcome: Outcome;
    try {
      // It may start a service: that is for as long as the state lasts, and not for the event.
      outcome = await run({ command, account, environment, leavesRest: true }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`cannot run ${command[0]}: ${startFailure(error)}`, { cause: error });
    }
    const failure = failureOf(outcome);
    if (failure !== undefined) throw new Error(failure);
  }
}

const plugin: NotifyPlugin = {
  kind: 'notify',
  create: (context: NotifyContext): Notifier => {
    const settings = context.settings as unknown as Settings;
    return new ExecNotifier(settings, programAccount(settings.command, settings.user, settings.group));
  },
};

export default plugin;
