/** `[[vrouter.address]]` and `lease`: what addresses a Master has beside its virtual ones, and how long. Pure. */
import { virtualAddress } from './address.ts';
import type { RawTable } from './document.ts';
import type { FurtherFact } from './facts.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import type { FurtherAddress } from './model.ts';
import { interfaceNameFault, MAX_INTERFACE_NAME } from './names.ts';
import { MAX_ADDRESSES, type TableAddress } from './table-addresses.ts';

/** Told about what is wrong, at a directive of the entry. */
type Complain = (directive: string, message: string) => void;

/**
 * Understands the entries of a `[[vrouter]]`, those that are right.
 * @param table what violates the schema removed
 * @param addresses its virtual addresses
 */
export function checkFurther(
  table: RawTable,
  path: ConfigPath,
  addresses: readonly TableAddress[],
  list: IssueList,
): FurtherFact[] {
  const entries: unknown = table.address;
  if (!Array.isArray(entries)) return [];
  const home = typeof table.interface === 'string' ? table.interface : '';
  const found: FurtherFact[] = [];
  /** What is there already, by address and interface. */
  const taken = new Map(addresses.map((held) => [`${held.address} ${home}`, held.path]));
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== 'object' || entry === null) continue;
    const at = [...path, 'address', index];
    let isRight = true;
    const complain: Complain = (directive, message) => {
      isRight = false;
      list.error([...at, directive], message);
    };
    const further = read(entry as RawTable, complain);
    if (!further) continue;
    if (further.advertised && !addresses.some(({ family }) => family === further.family))
      complain('advertised', `must not be true: no vip is of IPv${further.family}, as this address is`);
    const key = `${further.address} ${further.interface ?? home}`;
    const other = taken.get(key);
    if (other) complain('address', `is already in ${list.whereIs(other)}: must be unique on an interface`);
    else taken.set(key, [...at, 'address']);
    if (isRight) found.push({ held: further, path: at });
  }
  const held = found.map((each) => each.held);
  checkCount(held, addresses, [...path, 'address'], list);
  return found;
}

function read(entry: RawTable, complain: Complain): FurtherAddress | undefined {
  const { address: text, interface: on, advertised, scope, label } = entry;
  if (typeof on === 'string') {
    const fault = interfaceNameFault(on);
    if (fault !== undefined) complain('interface', fault);
  }
  if (typeof text !== 'string') return undefined; // the schema has told
  const verdict = virtualAddress(text);
  if (verdict.fault !== undefined) {
    complain('address', verdict.fault);
    return undefined;
  }
  const { family, address, prefixLength = family === 4 ? 32 : 128 } = verdict;
  for (const [directive, value] of Object.entries({ scope, label })) {
    if (family === 6 && value !== undefined) complain(directive, 'is for IPv4 addresses alone');
  }
  if (typeof label === 'string') {
    const fault = labelFault(label, typeof on === 'string' ? on : undefined);
    if (fault !== undefined) complain('label', fault);
  }
  return {
    ...{ family, address, prefixLength },
    ...(typeof on === 'string' ? { interface: on } : {}),
    ...(scope === 'link' || scope === 'host' ? { scope } : {}),
    ...(typeof label === 'string' && label !== on ? { label } : {}),
    ...(advertised === true ? { advertised } : {}),
  };
}

/** @param on the interface, if it is written */
function labelFault(label: string, on: string | undefined): string | undefined {
  if (Buffer.byteLength(label) > MAX_INTERFACE_NAME || /[\s/]/.test(label))
    return `must have at most ${MAX_INTERFACE_NAME} characters, and no white space or "/"`;
  if (on === undefined || label === on || label.startsWith(`${on}:`)) return undefined;
  return `must be the name of the interface, or begin with it: "${on}:…"`;
}

function checkCount(
  further: readonly FurtherAddress[],
  addresses: readonly TableAddress[],
  path: ConfigPath,
  list: IssueList,
): void {
  for (const family of [4, 6] as const) {
    const own = addresses.filter((each) => each.family === family).length;
    const more = further.filter((each) => each.family === family && each.advertised).length;
    if (more === 0 || own + more <= MAX_ADDRESSES) continue;
    const message = `makes ${own + more} advertised addresses with vip: an advertisement holds ${MAX_ADDRESSES} at most`;
    list.add('error', path, message, { value: '[…]' });
  }
}

/**
 * A lease is renewed as long as the engine advertises: it needs an interval to show that it does, and another one that it
 * is not late.
 */
export function checkLease(table: RawTable, path: ConfigPath, list: IssueList): void {
  const { lease, timers } = table;
  if (typeof lease !== 'number') return;
  const { advert } = (timers ?? {}) as { advert?: unknown };
  if (typeof advert !== 'number') return;
  const least = Math.floor(2 * advert) + 1;
  if (lease < least)
    list.error([...path, 'lease'], `must be ${least} at least, more than twice timers.advert`);
}
