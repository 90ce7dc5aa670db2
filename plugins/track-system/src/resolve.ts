/**
 * Names of hosts. Not `dns.lookup`: that waits in one of the four threads which all threads of a process share, and a name
 * server that does not answer would keep others from theirs.
 */
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** Addresses of `/etc/hosts`. Missing or unreadable: none. */
export function fromHostsFile(name: string, text: string): string[] {
  const wanted = name.toLowerCase();
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return isIP(address) !== 0 && names.some((each) => each.toLowerCase() === wanted) ? [address] : [];
  });
}

function hostsFile(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8');
  } catch {
    return '';
  }
}

/**
 * The addresses of a host: of an address itself, of a name those in `/etc/hosts`, else those in the DNS.
 * @param family only those of this one; absent: both, IPv4 first
 * @throws Error that says why there is none
 */
export async function resolveHost(
  host: string,
  family: 4 | 6 | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const fits = (address: string) => family === undefined || isIP(address) === family;
  if (isIP(host) !== 0) {
    if (fits(host)) return [host];
    throw new Error(`${host} is no IPv${family} address`);
  }
  const local = fromHostsFile(host, hostsFile()).filter(fits);
  if (local.length > 0) return local;
  const resolver = new Resolver();
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const answers = await Promise.allSettled([
      family === 6 ? [] : resolver.resolve4(host),
      family === 4 ? [] : resolver.resolve6(host),
    ]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    const failed = answers.find((answer) => answer.status === 'rejected');
    const { code } = (failed?.reason ?? {}) as { code?: string };
    throw new Error(`the name ${host} has no address${code === undefined ? '' : ` (${code})`}`);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
