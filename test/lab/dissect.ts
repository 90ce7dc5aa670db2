/** Each VRRP packet of a capture as tshark, a dissector written by others, has it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

const FIELDS = [
  ...(['frame.time_epoch', 'eth.src', 'eth.dst', 'vlan.id', 'ip.src', 'ipv6.src', 'ip.dst'] as const),
  ...(['ipv6.dst', 'ip.ttl', 'ipv6.hlim', 'ip.checksum.status', 'vrrp.version', 'vrrp.type'] as const),
  ...(['vrrp.virt_rtr_id', 'vrrp.prio', 'vrrp.addr_count', 'vrrp.auth_type', 'vrrp.adver_int'] as const),
  ...(['vrrp.short_adver_int', 'vrrp.checksum', 'vrrp.checksum.status', 'vrrp.ip_addr'] as const),
  ...(['vrrp.ipv6_addr', '_ws.malformed', '_ws.expert.message'] as const),
] as const;

/** Its fields as text, several values with commas between; empty where the packet has none. */
export type Dissection = Readonly<Record<(typeof FIELDS)[number], string>>;

/** Dissects every packet of IP protocol 112, in the capture's order. */
export async function dissect(file: string): Promise<Dissection[]> {
  const { stdout } = await execFileAsync(
    'tshark',
    ['-r', file, '-n', '-o', 'ip.check_checksum:TRUE', '-Y', 'ip.proto == 112 || ipv6.nxt == 112']
      .concat(['-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=,'])
      .concat(FIELDS.flatMap((field) => ['-e', field])),
    { maxBuffer: 64 << 20 },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('|');
      return Object.fromEntries(FIELDS.map((field, index) => [field, values[index] ?? ''])) as Dissection;
    });
}

/** "Bad" in tshark's checksum status fields. */
const BAD = '0';
const GROUPS = ['224.0.0.18', 'ff02::12'];

/** What tshark finds wrong first, in the words of the daemon's drop reasons; `valid` if nothing. */
export function verdictOf(dissection: Dissection): string {
  const malformed = dissection['_ws.malformed'] !== '';
  if (malformed || /exceeds packet length/.test(dissection['_ws.expert.message'])) return 'truncated';
  if (dissection['ip.checksum.status'] === BAD) return 'ip-header';
  if (!GROUPS.includes(dissection['ip.dst'] || dissection['ipv6.dst'])) return 'destination';
  if ((dissection['ip.ttl'] || dissection['ipv6.hlim']) !== '255') return 'ttl';
  if (!['2', '3'].includes(dissection['vrrp.version'])) return 'version';
  if (dissection['vrrp.type'] !== '1') return 'type';
  return dissection['vrrp.checksum.status'] === BAD ? 'checksum' : 'valid';
}
