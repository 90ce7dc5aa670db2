/** What a dissector written by others says about the advertisements in a capture. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** What the checksum of VRRPv3 over IPv4 covers: the message alone (RFC 9568 §5.2.8), or a pseudo-header too. */
export type ChecksumSort = 'rfc9568' | 'pseudo-header';

/** tshark's verdict. */
export interface Verdict {
  /** How many packets it took for VRRP. */
  readonly decoded: number;
  /** A line for each packet with anything wrong: an expert message, or a checksum that is not good. */
  readonly complaints: readonly string[];
}

const FIELDS = [
  'frame.number',
  'ip.src',
  'ipv6.src',
  'vrrp.version',
  'vrrp.virt_rtr_id',
  'vrrp.checksum.status',
  'ip.checksum.status',
  '_ws.expert.severity',
  '_ws.expert.message',
  '_ws.malformed',
];

/** "Good" in tshark's checksum status fields. */
const GOOD = '1';

/** "Note" in tshark's expert severities; warnings and errors are above, chats below. */
const NOTE = 0x400000;

/**
 * Runs tshark over the VRRP packets of a capture file.
 * @param filter a display filter that narrows them
 * @param checksum what sort VRRPv3 over IPv4 must have. Default: each packet either one
 */
export async function tsharkVerdict(
  file: string,
  filter = 'vrrp',
  checksum?: ChecksumSort,
): Promise<Verdict> {
  const sorts: readonly ChecksumSort[] = checksum ? [checksum] : ['pseudo-header', 'rfc9568'];
  const readings = await Promise.all(sorts.map((sort) => reading(file, filter, sort)));
  const lines = readings[0]!;
  const complaints = lines.filter((_, index) => readings.every((each) => isBad(each[index]!)));
  return { decoded: lines.length, complaints };
}

/** A line for each packet. */
async function reading(file: string, filter: string, sort: ChecksumSort): Promise<string[]> {
  const { stdout } = await execFileAsync(
    'tshark',
    ['-r', file, '-n', '-o', 'ip.check_checksum:TRUE', '-Y', filter, '-T', 'fields', '-E', 'separator=|']
      .concat(['-o', `vrrp.v3_checksum_as_in_v2:${sort === 'rfc9568' ? 'TRUE' : 'FALSE'}`])
      .concat(FIELDS.flatMap((field) => ['-e', field])),
    { maxBuffer: 64 << 20 },
  );
  return stdout.split('\n').filter((line) => line !== '');
}

function isBad(line: string): boolean {
  const [, , ipv6Source, , , vrrpChecksum, ipChecksum, severity, , malformed] = line.split('|');
  const grave = (severity ?? '').split(',').some((word) => Number(word) > NOTE);
  const ipHeader = ipv6Source === '' ? GOOD : ''; // IPv6 has no checksum of its own
  return vrrpChecksum !== GOOD || ipChecksum !== ipHeader || grave || malformed !== '';
}
