/** From a `[[track]]` table to what the daemon uses. Pure. */
import type { RawTable } from './document.ts';
import type { Position, TrackerConfig } from './model.ts';
import { asNode, type SchemaNode, TrackerSchema } from './schema.ts';

/** The directives of `[[track]]` that are the core's: all others are its plugin's. */
export const TRACKER_DIRECTIVES: readonly string[] = Object.keys(TrackerSchema.properties);

/**
 * One that changes the priority or the state without being asked to is one too many: a single result counts, as most
 * checks are of things that are either so or not, and who probes over a network says how many probes may be lost.
 * Before the first result a virtual router does not start: it would be Master for a moment and not be it again.
 */
const DEFAULTS = { interval: 1, rise: 1, fall: 1, initial: 'wait', hold: 0 } as const;

/** What a type of tracker has in place of {@link DEFAULTS}, where its schema has defaults for them. */
export type TrackerDefaults = Partial<Record<'interval' | 'timeout' | 'rise' | 'fall' | 'hold', number>>;

/** The defaults in a plugin's schema for directives that are the core's; those out of their range do not count. */
export function trackerDefaults(schema: SchemaNode | undefined): TrackerDefaults {
  const found: Record<string, number> = {};
  for (const key of ['interval', 'timeout', 'rise', 'fall', 'hold'] as const) {
    const value = schema?.properties?.[key]?.default;
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    const range = asNode(TrackerSchema.properties[key]) as {
      readonly minimum?: number;
      readonly maximum?: number;
    };
    const isCount = key === 'rise' || key === 'fall';
    const fits = value >= (range.minimum ?? 0) && value <= (range.maximum ?? 0);
    if (fits && (!isCount || Number.isInteger(value))) found[key] = value;
  }
  return found;
}

/** @param table as it is written, what is wrong removed: even what is required may be missing */
export function toTracker(
  table: RawTable,
  position: Position,
  defaults: TrackerDefaults = {},
): TrackerConfig {
  const numberOf = (key: keyof TrackerDefaults, otherwise: number): number => {
    const value = table[key];
    return typeof value === 'number' ? value : (defaults[key] ?? otherwise);
  };
  const interval = numberOf('interval', DEFAULTS.interval);
  const { name, type, initial } = table;
  const settings = Object.entries(table).filter(([key]) => !TRACKER_DIRECTIVES.includes(key));
  return {
    position,
    name: typeof name === 'string' ? name : '',
    type: typeof type === 'string' ? type : '',
    interval: interval * 1000,
    timeout: numberOf('timeout', interval) * 1000,
    rise: numberOf('rise', DEFAULTS.rise),
    fall: numberOf('fall', DEFAULTS.fall),
    initial: initial === 'up' || initial === 'down' ? initial : DEFAULTS.initial,
    hold: numberOf('hold', DEFAULTS.hold) * 1000,
    settings: Object.fromEntries(settings),
  };
}
