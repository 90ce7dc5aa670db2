/** What a check goes to, and what it comes from: whether what a table says of both fits together. */
import { isIP } from 'node:net';

/** The directives of a table that are about it. */
export interface Target {
  /** A name, or an address, which may have its interface behind a `%`. */
  readonly host: string;
  readonly family?: 4 | 6 | undefined;
  /** An address of this host. */
  readonly source?: string | undefined;
  /** Name of the interface that it goes through. */
  readonly interface?: string | undefined;
}

/** @throws Error that names the directive, if `host` can be neither, or the others contradict it */
export function checkTarget(target: Target): void {
  const { host } = target;
  if (familyOf(host) === 0 && /^[\d.]+$|:/.test(host))
    throw new Error(`host = "${host}": must be an IPv4 or IPv6 address, or the name of a host`);
  checkFamilies(target, `host "${host}"`, 'the host');
  if (/^fe[89ab][0-9a-f]:[^%]*$/i.test(host) && target.interface === undefined)
    throw new Error(
      `host = "${host}": is a link-local address: must have its interface, as ${host}%eth0 or in interface`,
    );
}

/**
 * @param named what the host is called, with its value
 * @param short and without
 * @throws Error that names the directive, if family, source and host are not of one family
 */
export function checkFamilies({ host, family, source }: Target, named: string, short: string): void {
  const hostFamily = familyOf(host);
  if (family !== undefined && hostFamily !== 0 && hostFamily !== family)
    throw new Error(`family = ${family}: ${named} is of IPv${hostFamily}`);
  if (source === undefined) return;
  const sourceFamily = isIP(source);
  if (sourceFamily === 0) throw new Error(`source = "${source}": must be an IPv4 or IPv6 address`);
  const other = hostFamily !== 0 ? hostFamily : family;
  if (other !== undefined && other !== sourceFamily)
    throw new Error(`source = "${source}": must be an IPv${other} address, as ${short} is`);
}

/** 0: it is a name. */
function familyOf(host: string): number {
  return isIP(host.split('%', 1)[0]!);
}
