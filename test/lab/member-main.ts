/**
 * Holds the engine's sockets on an interface, without an engine: `member-main.ts INTERFACE FAMILY`. Says `ready`, and
 * closes them when standard input says `close`, with `closed`. For the namespace that it is started in.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Attachment } from '../../core/engine/attachment.ts';
import { emptyRouting } from '../../core/engine/routing.ts';
import type { Link } from '../../core/plugin/contracts/index.ts';

const [, , name = '', family = ''] = process.argv;
const link: Link = {
  ...{ index: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), name, mac: '' },
  ...{ up: true, running: true, ethernet: true, mtu: 1500, type: 'veth', parent: 0, addresses: [] },
};
const attachment = Attachment.open(link, family === '6' ? 6 : 4, {
  slotOfVrid: emptyRouting(),
  watchProgram: Uint32Array.from([0x06, 0, 0, 0]),
  onFilterFailure: (error) => {
    throw error;
  },
  onUnreported: (error) => {
    throw error;
  },
});
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'close') continue;
  attachment.close();
  console.log('closed');
}
