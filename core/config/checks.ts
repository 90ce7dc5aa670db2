/**
 * What a schema cannot say about one table: addresses, interface names, what goes with which version. Works on whatever
 * is right so far, so that one mistake does not hide the next.
 */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import { isListenAddress } from './address.ts';
import type { RawTable } from './document.ts';
import type { RouterFacts } from './facts.ts';
import { INTERVALS, intervalCs } from './interval.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import { interfaceNameFault, MAX_INTERFACE_NAME, SIX_SUFFIX } from './names.ts';
import { checkSharing } from './sharing.ts';
import { checkAddresses, type TableAddress } from './table-addresses.ts';
import { checkFurther, checkLease } from './table-further.ts';
import { checkPeers } from './table-peers.ts';
import { checkExtras } from './table-routes.ts';
import { isUserLine, publicPart } from './users.ts';

/**
 * Checks all virtual routers, each alone and against the others.
 * @param tables `[[vrouter]]`, what violates the schema removed
 */
export function checkRouters(tables: readonly RawTable[], list: IssueList): RouterFacts[] {
  const routers = tables.map((table, index) => checkRouter(table, ['vrouter', index], list));
  tellMadeUp(routers, list);
  checkSharing(routers, list);
  return routers;
}

function checkRouter(table: RawTable, path: ConfigPath, list: IssueList): RouterFacts {
  const { group, interface: name, vifname } = table;
  if (typeof name === 'string') {
    const fault = interfaceNameFault(name);
    if (fault !== undefined) list.error([...path, 'interface'], fault);
    else if (name === 'lo') {
      list.error(
        [...path, 'interface'],
        'is the loopback interface, where nobody hears VRRP: an Ethernet interface',
      );
    }
  }
  if (group === 0) {
    list.warn([...path, 'group'], 'RFC 3768 has 1 to 255: routers of other makes refuse group 0');
  }
  const vrid = typeof group === 'number' ? group : undefined;
  const addresses = checkAddresses(table.vip, [...path, 'vip'], vrid, list);
  const found = ([4, 6] as const).filter((family) => addresses.some((each) => each.family === family));
  const families: readonly AddressFamily[] = found.length > 0 ? found : [4];
  if (typeof vifname === 'string') checkVifname(vifname, families, [...path, 'vifname'], list);
  const version = understoodVersion(table, path, list);
  if (version !== undefined) checkVersion(version, table, path, addresses, list);
  checkSecret(table, version, path, list);
  checkLease(table, path, list);
  return {
    path,
    addresses,
    families,
    extras: checkExtras(table, path, list),
    further: checkFurther(table, path, addresses, list),
    ...checkPeers(table, path, addresses, list),
    ...(vrid === undefined ? {} : { group: vrid }),
    ...(typeof name === 'string' ? { interface: name } : {}),
    ...(typeof vifname === 'string' ? { vifname } : {}),
    ...(version === undefined ? {} : { version }),
  };
}

/** The version, unless it is wrong: then the table has its default by now, which nobody has asked for. */
function understoodVersion({ version }: RawTable, path: ConfigPath, list: IssueList): 2 | 3 | undefined {
  const written = (list.data.vrouter as readonly RawTable[])[Number(path.at(-1))]?.version;
  return version === 3 ? 3 : written === undefined || written === 2 ? 2 : undefined;
}

/** What one version has, and the other has not or otherwise. */
function checkVersion(
  version: 2 | 3,
  table: RawTable,
  path: ConfigPath,
  addresses: readonly TableAddress[],
  list: IssueList,
): void {
  const six = addresses.find(({ family, made }) => family === 6 && made !== true);
  if (version === 2 && six !== undefined) {
    list.error(
      [...path, 'version'],
      `must be 3: VRRPv2 has no IPv6 (vip ${six.address}, ${list.lineOf(six.path)})`,
    );
  }
  const { advert } = (table.timers ?? {}) as RawTable;
  if (typeof advert === 'number' && intervalCs(version, advert) === undefined) {
    list.error([...path, 'timers', 'advert'], `must be ${INTERVALS[version]}`);
  }
  if (version === 3 && table.rfc3768 === false) {
    list.warn(
      [...path, 'rfc3768'],
      'does nothing: RFC 3768 is version 2; advertisements of version 3 list the virtual addresses alone (RFC 9568 §5.2.9)',
    );
  }
  if (table.checksum === undefined) return;
  if (version === 2) list.warn([...path, 'checksum'], 'does nothing: VRRPv2 has only one sort of checksum');
  else if (six !== undefined && addresses.every(({ family }) => family === 6)) {
    list.warn([...path, 'checksum'], 'does nothing: over IPv6 there is only one sort of checksum');
  }
}

function checkVifname(
  vifname: string,
  families: readonly AddressFamily[],
  path: ConfigPath,
  list: IssueList,
): void {
  const fault = interfaceNameFault(vifname);
  if (fault !== undefined) list.error(path, fault);
  if (
    fault !== undefined ||
    families.length < 2 ||
    interfaceNameFault(`${vifname}${SIX_SUFFIX}`) === undefined
  )
    return;
  const room = MAX_INTERFACE_NAME - SIX_SUFFIX.length;
  const six = `IPv6's virtual interface is called ${vifname}${SIX_SUFFIX}`;
  list.error(path, `must have at most ${room} characters where vip has both families: ${six}`);
}

/** Once, not for each of thousands of routers. */
function tellMadeUp(routers: readonly RouterFacts[], list: IssueList): void {
  const made = routers.flatMap(({ addresses }) => addresses.filter((each) => each.made === true));
  const [first] = made;
  if (first === undefined) return;
  const more = made.length > 1 ? `; ${made.length - 1} more likewise, each made up from its group` : '';
  const what = `has no link-local address: ${first.address}, made up from the group, is put in front`;
  list.add('notice', first.path, `${what}${more}`);
}

function checkSecret(table: RawTable, version: 2 | 3 | undefined, path: ConfigPath, list: IssueList): void {
  const type = table.auth_type;
  const secret = table.auth_secret;
  if (typeof secret === 'string' && type === undefined && !list.document.places.has([...path, 'auth_type'])) {
    const why =
      version === 3
        ? 'VRRPv3 has no authentication'
        : 'without auth_type, advertisements are not authenticated';
    list.add('warning', [...path, 'auth_secret'], `is not used: ${why}`, { secret: true });
  }
}

/**
 * Checks `[api]`.
 * @returns the users whose lines are well-formed; the others are ignored with a warning, as the client API
 * must not keep virtual routers from starting
 */
export function checkApi(api: RawTable, list: IssueList): string[] {
  const { host } = api;
  if (typeof host === 'string' && !isListenAddress(host)) {
    list.error(['api', 'host'], 'must be address:port such as 0.0.0.0:7080 or [::]:7080');
  }
  const users: unknown[] = Array.isArray(api.users) ? api.users : [];
  const good: string[] = [];
  for (const [index, line] of users.entries()) {
    if (typeof line !== 'string') continue;
    if (isUserLine(line)) good.push(line);
    else {
      const value = publicPart(line);
      const message =
        'this user is ignored: the line must be {{ALG}}name:level:salt:hash, with a hash of 16 to 256 ' +
        'characters, as rvrrpd-pw prints it';
      list.add('warning', ['api', 'users', index], message, {
        secret: true,
        ...(value === undefined ? {} : { value }),
      });
    }
  }
  return good;
}
