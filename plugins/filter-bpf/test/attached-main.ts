/**
 * Receives on an interface the way the engine does, and tells: `attached-main.ts INTERFACE FAMILY VRIDS|none`.
 * Each line of standard output is one frame in hexadecimal, `*` before it if it is marked as foreign; `woken`
 * ends each wake-up. A line of VRIDs on standard input swaps the filter and is answered by `swapped`.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Attachment, type Routing } from '../../../core/engine/attachment.ts';
import { Meta, native } from '../../../core/native/index.ts';
import type { Link } from '../../../core/plugin/contracts/index.ts';
import plugin from '../src/index.ts';

const [, , name = '', family = '', wanted = ''] = process.argv;
const familyNumber = family === '6' ? 6 : 4;
const filter =
  wanted === 'none' ? undefined : plugin.create({ name: 'bpf', options: {}, log: console.error });
const link: Link = {
  ...{ index: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), name, mac: '' },
  ...{ up: true, running: true, ethernet: true, mtu: 1500, type: 'veth', parent: 0, addresses: [] },
};
const routing = (vrids: string): Routing => {
  const program = filter?.program({ family: familyNumber, vrids: vrids.split(',').map(Number) });
  const words = program?.flatMap(({ code, jt, jf, k }) => [code, jt, jf, k]);
  return {
    slotOfVrid: new Int32Array(256).fill(-1),
    ...(words && { program: Uint32Array.from(words) }),
    onFilterFailure: (error) => {
      throw error;
    },
  };
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
const { descriptor } = Attachment.open(link, familyNumber, routing(wanted));
loop.add(descriptor, 0);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  Attachment.adopt(descriptor, link, familyNumber, routing(line));
  console.log('swapped');
}
