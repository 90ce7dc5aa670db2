/**
 * Sends many frames at a steady rate: `flood-main.ts INTERFACE`. The first line of standard input has the frames
 * in hexadecimal; each further line `ROUNDS EVERY_MS` sends all of them so often. For {@link Flood}.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { native, Queue } from '../../core/native/index.ts';

const name = process.argv[2] ?? '';
const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first: string = (await lines.next()).value ?? '';
const frames = first.split(' ').map((frame) => Buffer.from(frame, 'hex'));

const socket = native.openPacketSocket(1 << 16, 8 << 20);
// EtherType 0xffff is nobody's: this socket only sends.
native.bindPacketSocket(socket, index, 0xffff);
const queue = new Int32Array(frames.length * Queue.Count);
const loop = new native.PacketLoop(
  ...([new Uint8Array(2048), 2048, new Int32Array(4), Buffer.concat(frames), queue, () => {}] as const),
);

/** Queues every frame: `flush` leaves errors in the queue. */
function fill(): void {
  let offset = 0;
  frames.forEach((frame, i) => {
    queue.set([socket, offset, frame.length], i * Queue.Count);
    offset += frame.length;
  });
}

console.log('ready');
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const [rounds, everyMs] = line.value.split(' ').map(Number) as [number, number];
  const start = native.monotonicMs();
  for (let round = 0; round < rounds; round++) {
    const wait = start + round * everyMs - native.monotonicMs();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    fill();
    if (loop.flush(frames.length) > 0) throw new Error(`round ${round}: not all frames could be sent`);
  }
  console.log(`sent ${rounds * frames.length}`);
}
loop.close();
native.closeDescriptor(socket);
