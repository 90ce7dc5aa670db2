/**
 * Sends Ethernet frames as they are: `inject-main.ts INTERFACE`, one frame in hexadecimal a line on standard
 * input. For the namespace that {@link Injector} starts it in.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { native, Queue } from '../../core/native/index.ts';

const name = process.argv[2] ?? '';
const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'));
const socket = native.openPacketSocket(1 << 16, 1 << 20);
// EtherType 0xffff is nobody's: this socket only sends.
native.bindPacketSocket(socket, index, 0xffff);
const buffer = new Uint8Array(2048);
const queue = new Int32Array(Queue.Count);
const loop = new native.PacketLoop(new Uint8Array(2048), 2048, new Int32Array(4), buffer, queue, () => {});

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const frame = Buffer.from(line, 'hex');
  buffer.set(frame);
  queue.set([socket, 0, frame.length]);
  if (loop.flush(1) > 0)
    throw new Error(`could not send a frame of ${frame.length} octets: errno ${-queue[0]!}`);
  console.log('sent');
}
loop.close();
native.closeDescriptor(socket);
