/** What a dissector written by others says about the advertisements in a capture. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

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

/** Runs tshark over the VRRP packets of a capture file. `filter` is a display filter that narrows them. */
export async function tsharkVerdict(file: string, filter = 'vrrp'): Promise<Verdict> {
  const { stdout } = await execFileAsync(
    'tshark',
    [
      '-r',
      file,
      '-n',
      '-o',
      'ip.check_checksum:TRUE',
      '-Y',
      filter,
      '-T',
      'fields',
      '-E',
      'separator=|',
    ].concat(FIELDS.flatMap((field) => ['-e', field])),
    { maxBuffer: 64 << 20 },
  );
  const lines = stdout.split('\n').filter((line) => line !== '');
  const complaints = lines.filter((line) => {
    const [, , , vrrpChecksum, ipChecksum, severity, , malformed] = line.split('|');
    const grave = (severity ?? '').split(',').some((word) => Number(word) > NOTE);
    return vrrpChecksum !== GOOD || ipChecksum !== GOOD || grave || malformed !== '';
  });
  return { decoded: lines.length, complaints };
}
