/** Answer of `/run/global`, as rVRRPd 0.1.3 words it. */
import { type Static, Type } from '@sinclair/typebox';
import type { Table } from './tables.ts';

export const RunningGlobalSchema = Type.Object(
  {
    debug: Type.Integer({ description: 'How much is logged, 0 to 5.' }),
    timestamp: Type.Integer({ description: 'The time now, seconds since the epoch.' }),
    timezone: Type.Integer({ description: '0 local, 1 UTC.' }),
    timeformat: Type.Integer({ description: '0 disabled, 1 short, 2 RFC 2822.' }),
    pid: Type.String({ description: 'Path of the PID file.' }),
    working_dir: Type.String(),
    main_log: Type.String(),
    error_log: Type.Unsafe<string | null>({ type: ['string', 'null'], description: '`null`: none.' }),
  },
  { title: 'RunningGlobal' },
);
export type RunningGlobal = Static<typeof RunningGlobalSchema>;

const TIME_ZONES = ['local', 'utc'];
const TIME_FORMATS = ['disabled', 'short', 'rfc2822'];

/**
 * @param configuration with its defaults filled in
 * @param now ms since the epoch
 */
export function runningGlobal(configuration: Table, now: number): RunningGlobal {
  const { debug, time_zone, time_format, pid, working_dir, main_log, error_log } = configuration;
  return {
    debug: typeof debug === 'number' ? debug : 0,
    timestamp: Math.floor(now / 1000),
    timezone: Math.max(0, TIME_ZONES.indexOf(String(time_zone))),
    timeformat: Math.max(0, TIME_FORMATS.indexOf(String(time_format))),
    pid: String(pid),
    working_dir: String(working_dir),
    main_log: String(main_log),
    error_log: typeof error_log === 'string' && error_log !== 'disabled' ? error_log : null,
  };
}
