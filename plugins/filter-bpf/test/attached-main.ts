/**
 * Receives on an interface the way the engine does, and tells: `attached-main.ts INTERFACE FAMILY VRIDS|none`.
 * Each line of standard output is one frame in hexadecimal, `*` before it if it is marked as foreign; `woken`
 * ends each wake-up. A line of VRIDs on standard input swaps the filter and is answered by `swapped`.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Attachment } from '../../../core/engine/attachment.ts';
import { Meta, native } from '../../../core/native/index.ts';
import type { Link } from '../../../core/plugin/types.ts';
import plugin from '../src/index.ts';

const [, , name = '', family = '', wanted = ''] = process.argv;
const filter =
  wanted === 'none' ? undefined : plugin.create({ name: 'bpf', options: {}, log: console.error });
const link: Link = {
  ...{ index: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), name, mac: '' },
  ...{ up: true, running: true, ethernet: true, mtu: 1500, type: 'veth', parent: 0, addresses: [] },
};
/** The slot does not matter here. */
const routers = (vrids: string) => new Map(vrids.split(',').map((vrid) => [Number(vrid), 0]));
const refused = (error: unknown): never => {
  throw error;
};

const SLOT = 2048;
const buffer = new Uint8Array(512 * SLOT);
const meta = new Int32Array(512 * Meta.Count);
const loop = new native.PacketLoop(
  buffer,
  SLOT,
  meta,
  new Uint8Array(1),
  new Int32Array(3),
  (count, last) => {
    let said = '';
    for (let i = 0; i < count; i++) {
      const foreign = meta[i * Meta.Count + Meta.Foreign] === 1 ? '*' : '';
      const octets = buffer.subarray(i * SLOT, i * SLOT + meta[i * Meta.Count + Meta.Length]!);
      said += `${foreign}${Buffer.from(octets).toString('hex')}\n`;
    }
    if (last) said += 'woken\n';
    process.stdout.write(said);
  },
);
const attachment = Attachment.open(link, family === '6' ? 6 : 4, routers(wanted), filter, refused);
loop.add(attachment.descriptor, 0);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  attachment.route(routers(line), filter, refused);
  console.log('swapped');
}
