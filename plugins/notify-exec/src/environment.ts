/** An event as variables of an environment. */
import type { NotifyEvent } from 'rvrrpd/plugin';

/** Those of one event: what is not known of it, or is not there, is an empty string. */
export function eventVariables(event: NotifyEvent): Record<string, string> {
  const { router } = event;
  const all: Record<string, string | number | undefined> = {
    HOOK: event.hook,
    SEQUENCE: event.sequence,
    HOST: event.host,
    TIME: event.time,
    TYPE: event.type,
    NAME: event.name,
    STATE: event.state,
    PREVIOUS: event.previous,
    LASTED: event.lasted ?? '',
    CAUSE: event.cause,
    PEER: event.peer,
    PRIORITY: event.priority,
    PRIORITY_PARTS: event.priorityParts?.text,
    INTERFACE: router?.interface,
    GROUP: router?.group,
    FAMILY: router?.family,
    VERSION: router?.version,
    ADDRESSES: router?.addresses.join(' '),
    SYNC: event.type === 'group' ? event.name : router?.sync,
    ROUTERS: event.routers?.join(' '),
    MISSED: event.missed,
    JOINED: event.joined,
    ATTEMPT: event.attempt,
  };
  const variables = Object.entries(all).map(([name, value]) => [
    `RVRRPD_${name}`,
    clean(String(value ?? '')),
  ]);
  return { ...Object.fromEntries(variables), RVRRPD_EVENT: JSON.stringify(event) };
}

/** A variable ends at the first NUL. */
function clean(text: string): string {
  return text.replaceAll('\0', ' ');
}
