/** From a `[[notify]]` table to what the daemon uses. Pure. */
import type { RawTable } from './document.ts';
import type { HookConfig, Position } from './model.ts';
import { asNode, HookSchema, type SchemaNode } from './schema.ts';

/** The directives of `[[notify]]` that are the core's: all others are its plugin's. */
export const HOOK_DIRECTIVES: readonly string[] = Object.keys(HookSchema.properties);

/** The states that can be asked for, as `states` has them. */
export const HOOK_STATES = ['master', 'backup', 'fault', 'down', 'stop'] as const;

/** A state in `states`. */
export type HookState = (typeof HOOK_STATES)[number];

const DEFAULTS = { timeout: 30, retries: 0 } as const;

/** What a type of hook has in place of {@link DEFAULTS}, where its schema has defaults for them. */
export type HookDefaults = Partial<Record<keyof typeof DEFAULTS, number>>;

/** What `routers` and `groups` of a hook mean. */
export interface HookChoice {
  /** Keys of virtual routers, see `routerKey`. Absent: all, or none if there are `groups`. */
  readonly routers?: readonly string[];
  /** Names of groups. Absent: all, or none if there are `routers`. */
  readonly groups?: readonly string[];
}

/** The defaults in a plugin's schema for directives that are the core's; those out of their range do not count. */
export function hookDefaults(schema: SchemaNode | undefined): HookDefaults {
  const found: Record<string, number> = {};
  for (const key of ['timeout', 'retries'] as const) {
    const value = schema?.properties?.[key]?.default;
    if (typeof value !== 'number') continue;
    const range = asNode(HookSchema.properties[key]) as {
      readonly minimum?: number;
      readonly maximum?: number;
    };
    const fits = value >= (range.minimum ?? 0) && value <= (range.maximum ?? 0);
    if (fits && (key === 'timeout' || Number.isInteger(value))) found[key] = value;
  }
  return found;
}

/** @param table as it is written, what is wrong removed: even what is required may be missing */
export function toHook(
  table: RawTable,
  position: Position,
  choice: HookChoice,
  defaults: HookDefaults = {},
): HookConfig {
  const numberOf = (key: keyof typeof DEFAULTS): number => {
    const value = table[key];
    return typeof value === 'number' ? value : (defaults[key] ?? DEFAULTS[key]);
  };
  const { name, type, states, latest } = table;
  const settings = Object.entries(table).filter(([key]) => !HOOK_DIRECTIVES.includes(key));
  return {
    ...{ position, name: typeof name === 'string' ? name : '', type: typeof type === 'string' ? type : '' },
    ...choice,
    ...(Array.isArray(states) && { states: HOOK_STATES.filter((state) => states.includes(state)) }),
    latest: latest === true,
    timeout: numberOf('timeout') * 1000,
    retries: numberOf('retries'),
    settings: Object.fromEntries(settings),
  };
}
