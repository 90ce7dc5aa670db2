/** The command line of `rvrrpd standby`, `resume` and `failover`. Pure. */
import {
  type ControlCommand,
  type ControlDetails,
  LONGEST_STANDBY,
  RATES,
} from '../supervisor/control-messages.ts';

/** The commands that are about some virtual routers. */
export type StandbyCommand = Extract<ControlCommand, 'standby' | 'resume' | 'failover'>;

/** Options of these commands, as written. */
export interface StandbyValues {
  readonly for?: string | undefined;
  readonly force?: boolean | undefined;
  readonly rate?: string | undefined;
}

/** Which options each takes. */
const OPTIONS: Readonly<Record<StandbyCommand, readonly (keyof StandbyValues)[]>> = {
  standby: ['for', 'force', 'rate'],
  resume: [],
  failover: ['rate'],
};

/** Whether it is one of them. */
export function isStandbyCommand(command: string): command is StandbyCommand {
  return Object.hasOwn(OPTIONS, command);
}

/**
 * Reads what is said beside the command.
 * @param names what stands behind it
 * @returns what to ask the daemon for, or what is wrong
 */
export function standbyDetails(
  command: StandbyCommand,
  names: readonly string[],
  values: StandbyValues,
): ControlDetails | { readonly fault: string } {
  const foreign = (['for', 'force', 'rate'] as const).find(
    (name) => values[name] !== undefined && !OPTIONS[command].includes(name),
  );
  if (foreign !== undefined) return { fault: `--${foreign} is not for rvrrpd ${command}` };
  if (command === 'failover' && names.length === 0)
    return { fault: 'rvrrpd failover needs a NAME: an interface, a virtual router such as eth0/7, or all' };
  if (names.includes('')) return { fault: 'a NAME must not be empty' };
  const lasts = values.for === undefined ? undefined : seconds(values.for);
  if (values.for !== undefined && (lasts === undefined || lasts < 1 || lasts > LONGEST_STANDBY))
    return { fault: `--for ${values.for}: must be a time such as 90s, 30m, 2h or 1h30m, of a year at most` };
  const rate = values.rate === undefined ? undefined : Number(values.rate);
  if (
    rate !== undefined &&
    !(/^\d+(\.\d+)?$/.test(values.rate!) && rate >= RATES.least && rate <= RATES.most)
  )
    return { fault: `--rate ${values.rate}: must be a number a second, ${RATES.least} to ${RATES.most}` };
  return {
    names,
    ...(lasts !== undefined && { for: lasts }),
    ...(values.force === true && { force: true }),
    ...(rate !== undefined && { rate }),
  };
}

/** `1h30m` in seconds; a number alone is seconds. Undefined: it is no time. */
function seconds(text: string): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const parts = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (text === '' || parts === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, rest = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + rest;
}
