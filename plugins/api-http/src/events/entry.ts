/** An event as `/events` shows it: name, what filters ask for, and its data in JSON. Pure. */
import type { ServiceEvent } from 'rvrrpd/plugin';

/** Events that clients did not get: they fell out of the history, or nobody knows how many there were. */
export interface LostEvents {
  readonly type: 'lost';
  /** ms since the epoch. */
  readonly time: number;
  /** Null: it is not known. */
  readonly count: number | null;
}

/** An event, ready to be told. */
export interface EventEntry {
  /** Name of the server-sent event. */
  readonly type: string;
  /** What it is about; absent: no virtual router. */
  readonly interface?: string;
  readonly group?: number;
  /** JSON, one line. */
  readonly data: string;
}

/** The entry of an event. */
export function entryOf(event: ServiceEvent | LostEvents): EventEntry {
  const data = JSON.stringify(dataOf(event));
  if (event.type === 'reload' || event.type === 'lost' || event.type === 'tracker')
    return { type: event.type, data };
  const { type, interface: name, group } = event;
  return {
    type,
    data,
    ...(name === undefined ? {} : { interface: name }),
    ...(group === undefined ? {} : { group }),
  };
}

/** Keys in snake_case, times in ISO 8601; what is absent is null, so that all events of a type have the same keys. */
function dataOf(event: ServiceEvent | LostEvents): Readonly<Record<string, unknown>> {
  const time = new Date(event.time).toISOString();
  switch (event.type) {
    case 'transition': {
      const { interface: name, group, family = 4, version = 2, cause, fault } = event;
      const from = fault === 'from' ? 'Fault' : event.from;
      const to = fault === 'to' ? 'Fault' : event.to;
      return { time, interface: name, group, family, version, from, to, cause };
    }
    case 'priority': {
      const { interface: name, group, family = 4, version = 2, from, to, cause } = event;
      return { time, interface: name, group, family, version, from, to, cause };
    }
    case 'tracker': {
      const { tracker, verdict, words } = event;
      return { time, tracker, verdict, words };
    }
    case 'rejected': {
      const { interface: name = null, group = null, family = null, version = null } = event;
      const { reason, count, peer = null, detail } = event;
      return {
        time,
        interface: name,
        group,
        family,
        version,
        reason,
        count,
        peer,
        ...(detail === undefined ? {} : { detail }),
      };
    }
    case 'clock-skew': {
      const { interface: name, group, family = 4, version = 2, skew, peer } = event;
      return { time, interface: name, group, family, version, skew, peer };
    }
    case 'hold': {
      const { interface: name, group, family = 4, version = 2, reason, left } = event;
      return { time, interface: name, group, family, version, reason, left };
    }
    case 'reload': {
      const { ok, error = null, issues, generation } = event;
      return { time, generation, ok, error, issues };
    }
    case 'lost':
      return { time, count: event.count };
  }
}
