/** From an instance to its virtual router. */
import type { Globals } from './globals.ts';
import type { Instance } from './instance.ts';
import { type Placed, placeAddresses } from './placing.ts';
import type { Report } from './report.ts';
import type { Statement } from './statements.ts';

/** The `[[vrouter]]` of an instance. */
export interface Router extends Placed {
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly instance: Instance;
}

/** What does not depend on its addresses. */
export interface Common {
  readonly priority: number;
  readonly preemption: boolean;
}

/** What an instance's priority and preemption come to; notes say what is not as it is written. */
export function commonOf(instance: Instance): Common {
  const { state, nopreempt, preemptDelay, prioritySaid, notes } = instance;
  const isMaster = state?.words[1] === 'MASTER';
  const wanted = prioritySaid ? instance.priority : isMaster ? 255 : 100;
  if (state) {
    const why = 'who becomes Master is decided by the priority';
    const isKnown = ['MASTER', 'BACKUP'].includes(state.words[1] ?? '');
    const more = !isKnown
      ? ', and keepalived takes any but MASTER for BACKUP'
      : wanted === 255 && !prioritySaid
        ? ': without one keepalived makes it 255, the highest here is 254'
        : '';
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

/** The router of an instance, undefined if there can be none; faults are told. */
export function routerOf(instance: Instance, globals: Globals, report: Report): Router | undefined {
  const { addresses, excluded, vrid, statement } = instance;
  if (vrid === undefined) {
    const isTold = instance.statement.block?.some(({ words }) => words[0] === 'virtual_router_id');
    if (!isTold) report.fault(statement, 'must have a virtual_router_id, 1 to 255');
    return undefined;
  }
  const family = addresses[0]?.family ?? excluded[0]?.family;
  if (family === undefined) return undefined;
  const own = interfaceOf(instance, globals);
  const placed = placeAddresses(instance, family, own, vifnameOf(instance, family, globals));
  const version = family === 6 ? 3 : (instance.version ?? globals.version);
  return { ...placed, vrid, family, version, instance };
}

/** Where the instance speaks. */
export function interfaceOf(instance: Instance, globals: Globals): string {
  const { interface: own, addresses } = instance;
  return (
    own ?? addresses.find(({ dev }) => dev !== undefined && dev !== 'lo')?.dev ?? globals.defaultInterface
  );
}

/** Name of its virtual interface; undefined: it has none. */
export function vifnameOf({ vmac, vrid }: Instance, family: 4 | 6, globals: Globals): string | undefined {
  return vmac && (vmac.name ?? `${globals.vmacPrefix}${family === 6 ? '6' : ''}.${vrid}`);
}

/** Where addresses and routes of a router are, without those that say that it does not count. */
export function interfacesOf({ instance, further }: Router): { name: string; statement: Statement }[] {
  const ofAddresses = further.flatMap(({ address: { isUntracked, statement }, interface: name }) =>
    name === undefined || isUntracked ? [] : [{ name, statement }],
  );
  const ofRoutes = instance.routes
    .filter(({ words }) => !words.includes('no_track'))
    .flatMap((statement) => {
      const names = statement.words.filter((_, at, words) => words[at - 1] === 'dev');
      return names.map((name) => ({ name, statement }));
    });
  return [...ofAddresses, ...ofRoutes];
}
