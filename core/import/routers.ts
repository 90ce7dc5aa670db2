/** From an instance to its virtual routers: one for each interface and address family that its addresses are on. */
import type { ImportedAddress } from './addresses.ts';
import type { Globals } from './globals.ts';
import type { Instance } from './instance.ts';
import type { Note, Report } from './report.ts';

/** A `[[vrouter]]` of an instance. */
export interface Router {
  readonly interface: string;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly instance: Instance;
  readonly addresses: readonly ImportedAddress[];
  /** Not where the instance itself is. */
  readonly isFurther: boolean;
  readonly notes: Note[];
}

/** What all routers of an instance have. */
export interface Common {
  readonly priority: number;
  readonly preemption: boolean;
}

/** An advertisement holds so many. */
const MOST_ADDRESSES = 255;
/** What an instance's priority and preemption come to; notes say what is not as it is written. */
export function commonOf(instance: Instance): Common {
  const { state, nopreempt, preemptDelay, prioritySaid, notes } = instance;
  const isMaster = state?.words[1]?.toUpperCase() === 'MASTER';
  const wanted = prioritySaid ? instance.priority : isMaster ? 255 : 100;
  if (state) {
    const why = 'who becomes Master is decided by the priority';
    const more =
      wanted === 255 && !prioritySaid ? ': without one keepalived makes it 255, the highest here is 254' : '';
    notes.push({ statement: state, why: `${why}${more}` });
  }
  if (wanted === 255 && prioritySaid)
    notes.push({
      statement: prioritySaid,
      why: '255 is for the owner of the address, who is known by the interface having it as its own: 254 otherwise',
    });
  if (nopreempt && (isMaster || wanted === 255))
    notes.push({ statement: nopreempt, why: 'with state MASTER or priority 255 keepalived ignores it' });
  const preemption = !nopreempt || isMaster || wanted === 255;
  if (preemptDelay && (isMaster || !preemption)) {
    const why = `with ${isMaster ? 'state MASTER' : 'nopreempt'} keepalived ignores it`;
    notes.push({ statement: preemptDelay.statement, why });
    delete instance.preemptDelay;
  }
  return { priority: Math.min(wanted, 254), preemption };
}

/** The routers of an instance; faults are told. */
export function routersOf(instance: Instance, globals: Globals, report: Report): Router[] {
  const { addresses, excluded, vrid, statement, notes, peers } = instance;
  if (vrid === undefined) {
    const isTold = instance.statement.block?.some(({ words }) => words[0] === 'virtual_router_id');
    if (!isTold) report.fault(statement, 'must have a virtual_router_id, 1 to 255');
    return [];
  }
  const family = addresses[0]?.family ?? excluded[0]?.family;
  if (family === undefined) return [];
  const own = interfaceOf(instance, globals);
  const vmac = vifnameOf(instance, family, globals);
  const groups = new Map<string, ImportedAddress[]>();
  for (const [index, address] of [...addresses, ...excluded].entries()) {
    const isExcluded = index >= addresses.length;
    const dev = address.dev === undefined || address.dev === vmac ? own : address.dev;
    if (!isExcluded && address.family !== family) {
      notes.push({
        statement: address.statement,
        why: `is not of IPv${family} as the first is, and keepalived ignores it`,
      });
      continue;
    }
    if (dev === 'lo') {
      notes.push({
        statement: address.statement,
        why: 'a virtual router is on an Ethernet interface, which lo is not',
      });
      continue;
    }
    for (const why of address.lost) notes.push({ statement: address.statement, why: `without ${why}` });
    if (isExcluded)
      notes.push({ statement: address.statement, why: excludedWhy(address, family, dev === own) });
    const key = `${dev} ${address.family}`;
    groups.set(key, [...(groups.get(key) ?? []), address]);
  }
  const keys = [...groups.keys()];
  // Where VRRP is spoken: at the instance's own place if addresses are there.
  const main =
    keys.find((key) => key === `${own} ${family}`) ??
    keys.find((key) => key.endsWith(` ${family}`)) ??
    keys[0];
  return keys.flatMap((key) => {
    const [dev = '', number] = key.split(' ');
    const isFurther = key !== main;
    const all = groups.get(key)!;
    const own6 = number === '6' ? 6 : 4;
    const version = versionOf(instance, own6, globals);
    if (isFurther && peers.length > 0) {
      const why = `needs a virtual router of its own, on ${dev} and of IPv${own6}, and unicast_peer has nobody for that`;
      for (const { statement: each } of all) notes.push({ statement: each, why });
      return [];
    }
    for (const { statement: each } of all.slice(MOST_ADDRESSES))
      notes.push({
        statement: each,
        why: `an advertisement holds ${MOST_ADDRESSES} addresses: give it another VRID`,
      });
    const kept = all.slice(0, MOST_ADDRESSES);
    return [{ interface: dev, vrid, family: own6, version, instance, addresses: kept, isFurther, notes: [] }];
  });
}

/** Why an address that keepalived does not advertise is in `vip` all the same. */
function excludedWhy(address: ImportedAddress, family: 4 | 6, isHere: boolean): string {
  if (address.family === family && isHere)
    return 'is advertised too: a keepalived beside it must have it in virtual_ipaddress';
  return 'is of a virtual router of its own, in one group with the others';
}

/** Where the instance speaks. */
export function interfaceOf(instance: Instance, globals: Globals): string {
  const { interface: own, addresses } = instance;
  return (
    own ?? addresses.find(({ dev }) => dev !== undefined && dev !== 'lo')?.dev ?? globals.defaultInterface
  );
}

function versionOf(instance: Instance, family: 4 | 6, globals: Globals): 2 | 3 {
  return family === 6 ? 3 : (instance.version ?? globals.version);
}

/** Name of its virtual interface; undefined: it has none. */
export function vifnameOf({ vmac, vrid }: Instance, family: 4 | 6, globals: Globals): string | undefined {
  return vmac && (vmac.name ?? `${globals.vmacPrefix}${family === 6 ? '6' : ''}.${vrid}`);
}
