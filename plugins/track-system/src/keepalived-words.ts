/** Events in the words that keepalived has for its notify scripts and its notify pipe (its manual, keepalived.conf(5)). */

/** What of an event matters here. */
export interface ToldEvent {
  readonly type: 'router' | 'group';
  readonly name: string;
  readonly state: 'Master' | 'Backup' | 'Fault' | 'Down' | 'Stop';
  readonly priority: number;
}

/** An interface that cannot be used is a fault, too. */
const STATES = { Master: 'MASTER', Backup: 'BACKUP', Fault: 'FAULT', Down: 'FAULT', Stop: 'STOP' } as const;

/** `[ "INSTANCE", "VI_1", "MASTER", "100" ]`. @param names what virtual routers and groups are called there */
export function keepalivedWords(
  { type, name, state, priority }: ToldEvent,
  names: Readonly<Record<string, string>> = {},
): [string, string, string, string] {
  const called = Object.hasOwn(names, name) ? names[name]! : name;
  return [type === 'group' ? 'GROUP' : 'INSTANCE', called, STATES[state], String(priority)];
}
